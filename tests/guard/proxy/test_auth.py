"""API keys, and the address that is listened on."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
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


def test_a_key_is_for_its_routes_and_its_time(tmp_path: Path) -> None:
    """Elsewhere 403; before and after its window it is not known."""
    now = [datetime(2026, 3, 1, tzinfo=UTC)]
    path = tmp_path / "keys.json"
    window = {"not_before": "2026-02-01T00:00:00Z", "not_after": "2026-04-01T00:00:00Z"}
    path.write_text(json.dumps([{"id": "a", "sha256": digest("ka"), "routes": ["/v1/models"], "rate": 5} | window]))
    keys = Keys.read(path, clock=lambda: now[0])
    assert keys.caller("Bearer ka", "/v1/models").rate == 5
    with pytest.raises(RequestRefused) as caught:
        keys.caller("Bearer ka", "/v1/chat/completions")
    assert (caught.value.status, caught.value.code) == (403, "route_not_allowed")
    for moment in (datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC)):
        now[0] = moment
        with pytest.raises(RequestRefused) as caught:
            keys.caller("Bearer ka", "/v1/models")
        assert caught.value.status == 401


OLD = {"id": "a", "sha256": digest("old"), "tenant": "t", "not_after": "2026-03-01T00:00:00Z"}
NEW = {"id": "a", "sha256": digest("new"), "tenant": "t", "not_before": "2026-02-01T00:00:00Z"}


def test_a_key_is_replaced_without_a_gap(tmp_path: Path) -> None:
    """Both count for a while, under one id; then only the new one."""
    now = [datetime(2026, 2, 15, tzinfo=UTC)]
    path = tmp_path / "keys.json"
    path.write_text(json.dumps([OLD, NEW]))
    keys = Keys.read(path, clock=lambda: now[0])
    assert keys.caller("Bearer old") == keys.caller("Bearer new") == Caller("a", "t")
    now[0] = datetime(2026, 3, 2, tzinfo=UTC)
    assert keys.caller("Bearer new").agent == "a"
    with pytest.raises(RequestRefused):
        keys.caller("Bearer old")


@pytest.mark.parametrize(
    "change", [{"not_after": None}, {"tenant": "other"}, {"routes": ["/x"]}, {"not_after": "2026-03-01T00:00:00"}, {"rate": -1}]
)
def test_two_keys_of_one_id_are_a_rotation_or_refused(tmp_path: Path, change: dict[str, object]) -> None:
    """The older one ends, both may do the same, and times have a zone."""
    path = tmp_path / "keys.json"
    path.write_text(json.dumps([OLD | change, NEW]))
    with pytest.raises(InputError):
        Keys.read(path)


def test_beyond_loopback_something_has_to_encrypt(keys: Keys) -> None:
    """Keys alone are not enough: whoever reads along has them, too."""
    with pytest.raises(InputError, match="nothing is encrypted"):
        check_bind("10.0.0.1", keys, encrypted=False)
    check_bind("127.0.0.1", NO_KEYS, encrypted=False)
