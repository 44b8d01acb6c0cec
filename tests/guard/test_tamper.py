"""The tamper suite: each byte that is flipped, each file that is added, removed, renamed or swapped is found out."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from guard import keys
from guard.contents import read_folder
from guard.dossier import open_contents
from guard.errors import InputError, VerificationError
from guard.keys import PrivateKey
from guard.trust import Trust

EXAMPLE = Path(__file__).parent.parent.parent / "docs" / "examples" / "smollm2"
MORE = {"report.pdf": 5000, "MODEL_CARD.md": 900, "baselines/weights.npz": 2500, "more/deep/down.bin": 1}
"""Files that a dossier may also have, by their number of random bytes."""
Contents = Mapping[str, bytes]


@pytest.fixture
def whole(tmp_path: Path, make_dossier: Callable[..., Path], seal_again: Callable[..., None]) -> Callable[..., Contents]:
    """Return what makes a dossier of every kind of file, and reads it."""

    def make(name: str, key: PrivateKey, seed: int = 1, **changes: Any) -> Contents:
        folder = make_dossier(tmp_path / name, key, **changes)
        for number, (more, size) in enumerate(MORE.items()):
            (folder / more).parent.mkdir(parents=True, exist_ok=True)
            (folder / more).write_bytes(random.Random(seed + number).randbytes(size))
        seal_again(folder, key)
        return read_folder(folder)

    return make


def trusting(key: PrivateKey) -> Trust:
    """Trust in one key."""
    return Trust({keys.key_id(keys.public(key)): keys.public(key)})


def found_out(contents: Contents, trust: Trust | None) -> bool:
    """Say whether a dossier is refused, by an error of ours."""
    try:
        open_contents(contents, trust)
    except (VerificationError, InputError):
        return True
    return False


def unnoticed(contents: Contents, name: str, places: list[int], trust: Trust | None) -> list[int]:
    """Flip one byte of a file at a time; return the places where nobody noticed."""
    data = contents[name]
    missed = []
    for place in places:
        # A low bit makes a near letter, the other one changes upper and lower case.
        flipped = bytes([data[place] ^ (0x20 if place % 2 else 0x01)])
        if not found_out({**contents, name: data[:place] + flipped + data[place + 1 :]}, trust):
            missed.append(place)
    return missed


def test_every_byte_of_json_and_two_thousand_of_each_other_file(whole: Callable[..., Contents]) -> None:
    """The control opens; then every byte of text that we sign or read, and up to 2,000 of each binary file."""
    key = keys.generate()
    contents, trust = whole("dossier", key), trusting(key)
    assert open_contents(contents, trust).trusted
    assert {"report.pdf", "seal.json", "suite/probes.safetensors"} < contents.keys()
    for name, data in contents.items():
        every = name.endswith((".json", ".jsonl", ".pem")) or len(data) <= 2000
        places = list(range(len(data))) if every else random.Random(3).sample(range(len(data)), 2000)
        assert unnoticed(contents, name, places, trust) == [], name


def test_who_trusts_nobody_learns_it_too(whole: Callable[..., Contents]) -> None:
    """A hundred bytes of each file, with no key but the one in the dossier."""
    contents = whole("dossier", keys.generate())
    for name, data in contents.items():
        places = random.Random(4).sample(range(len(data)), min(100, len(data)))
        assert unnoticed(contents, name, places, None) == [], name


def test_the_example_of_a_real_model(tmp_path: Path) -> None:
    """Its own files, a sample of bytes of each; and each taken away or renamed."""
    contents, trust = read_folder(EXAMPLE / "dossier"), Trust.read(EXAMPLE / "trust")
    assert open_contents(contents, trust).trusted
    for name, data in contents.items():
        assert unnoticed(contents, name, random.Random(5).sample(range(len(data)), 25), trust) == [], name
        rest = {other: kept for other, kept in contents.items() if other != name}
        assert found_out(rest, trust), name
        assert found_out({**rest, f"{name}.old": data}, trust), name


@pytest.mark.parametrize("same_key", [True, False])
def test_every_file_swapped_between_two_dossiers(whole: Callable[..., Contents], same_key: bool) -> None:
    """Each by itself, by the same issuer or another one; without trust and with trust in both."""
    key = keys.generate()
    other_key = key if same_key else keys.generate()
    one = whole("one", key)
    two = whole("two", other_key, 50, plan={"product": "Other helper"}, issued={"limitations": ("another",)})
    both = Trust({**trusting(key).keys, **trusting(other_key).keys})
    swapped = [name for name in one if one[name] != two[name]]
    assert {"seal.json", "protocol.json", "certificate.json", "report.pdf"} <= set(swapped)
    for name in swapped:
        for trust in (both, None):
            assert found_out({**one, name: two[name]}, trust), name
            assert found_out({**two, name: one[name]}, trust), name


def test_every_two_files_that_changed_places(whole: Callable[..., Contents]) -> None:
    """Inside one dossier each digest belongs to one name."""
    key = keys.generate()
    contents = whole("dossier", key)
    names = sorted(contents)
    for first in names:
        for second in names[names.index(first) + 1 :]:
            assert found_out({**contents, first: contents[second], second: contents[first]}, trusting(key)), (first, second)


def test_every_file_removed_cut_or_grown_and_every_added_one(whole: Callable[..., Contents]) -> None:
    """A file that is missing, empty, one byte shorter or longer, copied beside itself; a new one with nothing in it."""
    key = keys.generate()
    contents, trust = whole("dossier", key), trusting(key)
    for name, data in contents.items():
        assert found_out({other: kept for other, kept in contents.items() if other != name}, trust), name
        for changed in (b"", data[:-1], data + b"\n"):
            assert changed == data or found_out({**contents, name: changed}, trust), name
        assert found_out({**contents, f"{name}~": data}, trust), name
    assert found_out({**contents, "empty": b""}, trust)
