"""JSON of which there is only one reading. Pure."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from guard.errors import RequestRefused


def strict_json(body: bytes) -> Any:
    """Decode JSON of which there is only one reading.

    Raises:
        RequestRefused: Not UTF-8, not JSON, a key that stands twice at any depth, NaN or Infinity, a number that is too
            large, half a surrogate pair, or nesting beyond what the decoder bears.
    """
    try:
        value = json.loads(
            body.decode(), object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole
        )
        json.dumps(value, ensure_ascii=False).encode()
    except RequestRefused:
        raise
    except UnicodeError:
        _refuse("the body is not whole UTF-8 text", "invalid_json")
    except (ValueError, RecursionError):
        _refuse("the body is not JSON", "invalid_json")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        _refuse("a key stands twice in an object", "duplicate_key")
    return value


def _no_constant(_: str) -> NoReturn:
    _refuse("NaN and Infinity are not JSON", "invalid_json")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse("a number is too large", "invalid_json")


def _whole(text: str) -> int:
    return int(text) if len(text) <= 20 else _refuse("a number is too large", "invalid_json")


def _refuse(problem: str, code: str) -> NoReturn:
    # The decoder's own error holds the text that it could not read.
    raise RequestRefused(problem, code=code) from None
