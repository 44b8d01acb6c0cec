"""Run the typesetter on a source of ours and on data: nothing of the machine can be read, and nothing is fetched."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from guard.errors import InputError

FONTS = ("Libertinus Serif", "New Computer Modern", "DejaVu Sans Mono", "New Computer Modern Math")
"""In the order in which they are tried; all are part of the typesetter."""
ARCHIVE, READERS = "a-3a", "ua-1"
"""Standards of the PDF: for archives, with attachments; for readers of every kind."""


def load() -> Any:
    """Return the typesetter.

    Raises:
        InputError: It is not installed.
    """
    try:
        import typst
    except ModuleNotFoundError as error:
        raise InputError("a PDF needs the typesetter, which is not installed", "pip install 'auscult[certify]'") from error
    return typst


@cache
def _fonts() -> Any:
    """Return the fonts that the typesetter carries; those of the machine would make other bytes elsewhere."""
    return load().Fonts(include_system_fonts=False, include_embedded_fonts=True)


def compiled(source: str, inputs: Mapping[str, str], standards: Sequence[str], seconds: int = 0) -> bytes:
    """Typeset a source; `seconds` since 1970 is the date that stands in the file.

    The root is an empty folder, so the source can open no file; text of others is in `inputs`, never in the source.
    """
    with tempfile.TemporaryDirectory() as folder:
        made: bytes = load().compile(
            source.encode(),
            root=folder,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"fonts": json.dumps(FONTS), **inputs},
            pdf_standards=list(standards),
            package_path=str(Path(folder) / "packages"),
            package_cache_path=str(Path(folder) / "cache"),
            timestamp=seconds,
        )
    return made
