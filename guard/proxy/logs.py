"""Logs for machines: one JSON object a line on standard error, with the id of the request, and never a text of anybody's.

What an exception says may quote what somebody wrote; so only its kind and the places in the code are written, whoever logs it.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

from guard.errors import AuscultError
from guard.proxy.outer import Seen, request_id

_ours = "auscult"
_access = logging.getLogger("auscult.access")


class JsonLines(logging.Formatter):
    """Formats records as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        said: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            # Of others' messages only the template: their arguments may be anything that came over the wire.
            "message": record.getMessage() if record.name.partition(".")[0] == _ours else str(record.msg),
        }
        if identifier := request_id.get():
            said["request_id"] = identifier
        said |= getattr(record, "auscult", {})
        if record.exc_info and record.exc_info[0] is not None:
            said["error"] = _told(record.exc_info[1], record.exc_info[0])
            said["where"] = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(record.exc_info[2])]
        return json.dumps(said, ensure_ascii=False)


def _told(error: BaseException | None, kind: type[BaseException]) -> str:
    return f"{kind.__name__}: {error}" if isinstance(error, AuscultError) else kind.__name__


def to(stream: TextIO | None = None, level: str = "warning") -> logging.Handler:
    """Send what is logged from now on to a stream, or standard error; returns what does so."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.addHandler(handler)
    # Theirs only from warnings on: what libraries tell in detail may quote requests.
    root.setLevel(logging.WARNING)
    logging.getLogger(_ours).setLevel(level.upper())
    return handler


def stop(handler: logging.Handler) -> None:
    """Send nothing there any more."""
    logging.getLogger().removeHandler(handler)


def seen(one: Seen) -> None:
    """Log a request that has ended."""
    facts = {
        "http_request": one.id, "request": one.request, "route": one.route, "status": one.status,
        "seconds": round(one.seconds, 6), "overhead": round(one.overhead, 6),
    }  # fmt: skip
    _access.info("request", extra={"auscult": facts})
