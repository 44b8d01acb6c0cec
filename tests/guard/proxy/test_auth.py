"""API keys, and the address that is listened on."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from guard.errors import InputError, RequestRefused
from guard.proxy.auth import LOCAL, NO_KEYS, Caller, Keys, check_bind


def digest(key: str) -> str:
    """Digest of a key as it stands in the file."""
    return hashlib.sha256(key.encode()).hexdigest()


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """Two keys of two tenants."""
    path = tmp_path / "keys.json"
    path.write_text(json.dumps([{"id": "a", "sha256": digest("ka"), "tenant": "ward"}, {"id": "b", "sha256": digest("kb")}]))
    return Keys.read(path)


def test_a_key_names_who_asks(keys: Keys) -> None:
    """Each key has an id and a tenant."""
    assert keys.caller("Bearer ka") == Caller("a", "ward")
    assert keys.caller("bearer kb") == Caller("b", "default")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer kc", "Basic ka", "ka", "Bearer ka kb"])
def test_anything_else_is_refused(keys: Keys, header: str) -> None:
    """With keys, nobody asks without one."""
    with pytest.raises(RequestRefused) as caught:
        keys.caller(header)
    assert caught.value.status == 401


def test_without_keys_everybody_here_is_local() -> None:
    """A key that a client sends all the same is not looked at."""
    assert NO_KEYS.caller("Bearer whatever") == LOCAL


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_needs_no_keys(host: str) -> None:
    """Loopback may be listened on as it is."""
    check_bind(host, NO_KEYS)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org", ""])  # noqa: S104
def test_others_are_not_served_without_keys(host: str, keys: Keys) -> None:
    """Any other address is refused, unless there are keys."""
    with pytest.raises(InputError):
        check_bind(host, NO_KEYS)
    check_bind(host, keys)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '[{"id":"a","sha256":"zz"}]',
        '[{"id":"a","sha256":"ab"}]',
        json.dumps([{"id": "a", "key": "plain"}]),
        json.dumps([{"id": "a", "sha256": digest("x")}, {"id": "a", "sha256": digest("y")}]),
        json.dumps([{"id": "a", "sha256": digest("x")}, {"id": "b", "sha256": digest("x")}]),
    ],
)
def test_a_file_of_keys_is_strict(tmp_path: Path, text: str) -> None:
    """Not a list, empty, plain keys, short digests, an id or a key twice: refused, not read over."""
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(InputError):
        Keys.read(path)
