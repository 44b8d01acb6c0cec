"""Where models that were fetched or converted are kept: in the user's data directory."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from guard import files
from guard.errors import OutputError


def subjects(environment: Mapping[str, str] | None = None) -> Path:
    """Return the folder of converted models: below `AUSCULT_HOME`, else below the user's data directory (XDG)."""
    values = os.environ if environment is None else environment
    if values.get("AUSCULT_HOME"):
        return Path(values["AUSCULT_HOME"]).expanduser() / "subjects"
    base = values.get("XDG_DATA_HOME") or str(Path(values.get("HOME", "~")).expanduser() / ".local" / "share")
    return Path(base) / "auscult" / "subjects"


@contextlib.contextmanager
def new_version(place: Path) -> Iterator[Path]:
    """Yield a temporary folder that takes the place of `place` when the block ends well.

    What stands there is set aside then, and removed only after the new folder is in its place: whatever goes wrong, one of the
    two is whole.

    Raises:
        OutputError: A link or a file stands there, or the folder can't be written.
    """
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        kind = "a link" if place.is_symlink() else "no folder"
        raise OutputError(f"{place} is {kind}", "move it away, or set AUSCULT_HOME")
    ready, aside = (place.with_name(f".{place.name}.{secrets.token_hex(8)}") for _ in range(2))
    try:
        with files.new_folder(ready) as temporary:
            yield temporary
        _swap(ready, place, aside)
    except OSError as error:
        raise OutputError(f"cannot write {place}: {error.strerror}", "free some space, or set AUSCULT_HOME") from error
    finally:
        shutil.rmtree(ready, ignore_errors=True)
    shutil.rmtree(aside, ignore_errors=True)


def _swap(ready: Path, place: Path, aside: Path) -> None:
    if place.exists():
        place.rename(aside)
    try:
        ready.rename(place)
    except BaseException:
        if aside.exists():
            aside.rename(place)
        raise
