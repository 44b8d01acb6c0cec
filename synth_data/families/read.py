"""Reading families: what a kind is, as data in YAML, one folder for each language.

The English entry says everything about a kind; an entry of the same id in another language's folder says the same facts in
that language: the same contrasts by name, and lists of the same length in the same order, so that a case means the same in
both. A kind that has no entry in a language is not drawn in it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from guard.errors import InputError
from synth_data import languages

T = TypeVar("T")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
OWN = "AUSCULT_FAMILIES"
"""Environment variable that names a folder with families of one's own, in the same form."""


def roots() -> tuple[Path, ...]:
    """Return the folders that hold families: the packaged one, and one's own if there is one.

    Raises:
        InputError: The folder that the environment names is not there.
    """
    own = os.environ.get(OWN)
    if not own:
        return (Path(__file__).parent,)
    if not Path(own).is_dir():
        raise InputError(
            f"no such folder of families: {own}", f"{OWN} and --families name a folder like families/, with en/*.yaml"
        )
    return (Path(__file__).parent, Path(own))


def files() -> dict[str, Path]:
    """Return every file of families by name, one's own under `own/`."""
    packaged, *own = roots()
    found = {f"families/{path.relative_to(packaged).as_posix()}": path for path in packaged.rglob("*.yaml")}
    return found | {f"own/{path.relative_to(folder).as_posix()}": path for folder in own for path in folder.rglob("*.yaml")}


@cache
def entries(name: str, lang: str) -> tuple[dict[str, Any], ...]:
    """Return the entries of `<lang>/<name>.yaml` and `<lang>/<name>_*.yaml`, in the order of their files.

    Raises:
        InputError: A file is no YAML list, or the folder of one's own families is not there.
    """
    found: list[dict[str, Any]] = []
    for root in roots():
        for path in sorted((root / lang).glob(f"{name}*.yaml")):
            if path.stem == name or path.stem[len(name)] == "_":
                found += _read(path)
    return tuple(found)


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        read = yaml.load(path.read_bytes(), _LOADER)  # noqa: S506
    except (yaml.YAMLError, OSError) as error:
        raise InputError(f"cannot read families from {path}: {error}", "see docs/data.md for the form") from error
    if not isinstance(read, list):
        raise InputError(f"{path} is no list of families", "see docs/data.md for the form")
    return read


def kinds(name: str, type_: type[T], key: Callable[[T], str]) -> dict[str, dict[str, T]]:
    """Read every kind of a hazard.

    Returns:
        By id, what each language says of it; English first.

    Raises:
        InputError: An entry is malformed, or stands twice.
    """
    found: dict[str, dict[str, T]] = {}
    for lang in languages.CODES:
        for kind in _converted(name, lang, type_):
            told = found.setdefault(key(kind), {})
            if lang in told:
                raise InputError(f"the kind {key(kind)!r} of {name} stands twice in {lang}")
            told[lang] = kind
    for id_, told in found.items():
        if languages.CODES[0] not in told:
            raise InputError(f"the kind {id_!r} of {name} has no {languages.CODES[0]} entry")
    return found


def _converted(name: str, lang: str, type_: type[T]) -> tuple[T, ...]:
    try:
        return msgspec.convert(entries(name, lang), tuple[type_, ...])  # type: ignore[valid-type]
    except msgspec.ValidationError as error:
        raise InputError(f"families/{lang}/{name}*.yaml: {error}", "see docs/data.md for the form") from error


def parallel(id_: str, first: Mapping[str, object], other: Mapping[str, object]) -> None:
    """Check that two languages say the same of a kind: the same names, and as many values each.

    Raises:
        InputError: They do not.
    """
    for name, values in first.items():
        if _size(values) != _size(other.get(name)):
            raise InputError(
                f"{id_}: {name} differs between the languages", "give each language the same names and as many values"
            )


def _size(values: object) -> object:
    if isinstance(values, Mapping):
        return sorted(values)
    return len(values) if isinstance(values, tuple) else type(values)


def numbers(values: tuple[object, ...]) -> tuple[str, ...]:
    """Return the positions of some values, as a slot takes them: they mean the same in every language."""
    return tuple(str(index) for index in range(len(values)))
