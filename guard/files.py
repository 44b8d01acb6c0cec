"""Reading and writing whole files: errors in our words, and never a half-written one."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from guard.errors import InputError, OutputError


def read(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        InputError: It is missing or can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", "check the path and its permissions") from error
    except ValueError as error:  # a name that no file can have
        raise InputError("cannot read a file whose name holds a null character") from error


def write(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file beside its place, make it durable, and rename it into place.

    Raises:
        OutputError: The disk is full or the folder can't be written, and nothing is left behind; or something else than a
            file stands there, such as a folder or a device, which a rename would put an end to.
    """
    with contextlib.suppress(OSError, ValueError):  # whatever is wrong with the path shows below
        if not path.name or (path.exists() and not path.is_file()):
            raise OutputError(f"cannot write {path}: it is {'a folder' if path.is_dir() else 'no file'}", "name a file")
    # A name that nobody can guess, made by us or not at all: whoever shares the folder can neither read nor redirect it.
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def require_new(path: Path) -> None:
    """Check that `path` can become a new folder, before the work that is to fill it.

    Raises:
        OutputError: It exists and is not an empty folder.
    """
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise OutputError(f"{path} exists already", "name a new folder")


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes `path` when the block ends well, and vanishes when it does not.

    Raises:
        OutputError: `path` exists and is not an empty folder, or can't be written.
    """
    require_new(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        temporary.chmod(0o755)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        yield temporary
        if path.exists():
            path.rmdir()
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write {path}: {error.strerror}", "free some space or name another place")
