"""Attempts are counted per product and claim, nothing is edited unseen, and a new budget opens only when all have ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from certify import ledger
from certify.ledger import Entry, Next
from guard import chain, digest
from guard.agreement import attempt_factor
from guard.digest import of_bytes
from guard.errors import DigestMismatch, InputError, OutputError

from .made_up import plan

START = datetime(2026, 11, 25, 12, tzinfo=UTC)
A, B = "missed_emergency@prompt", "clinical_misuse@prompt"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger that does not exist yet."""
    return tmp_path / "deep" / "ledger.jsonl"


def attempt(
    path: Path, day: float = 0, *, product: str = "ward", claims: Sequence[str] = (A,), days: float = 90, name: str = ""
) -> Next:
    """Ask for the next attempt on a day and note it."""
    at = START + timedelta(days=day)
    upcoming = ledger.upcoming(path, product, claims, at)
    entry = Entry(
        at=at.isoformat(),
        until=(at + timedelta(days=days)).isoformat(),
        product=product,
        claims=tuple(claims),
        protocol=of_bytes((name or f"{product} {day}").encode()),
        attempt=upcoming.attempt,
        serial=upcoming.serial,
        previous=upcoming.head,
    )
    assert ledger.append(path, entry) == chain.head(path)
    return upcoming


class TestCounting:
    """Which attempt a new protocol is."""

    def test_the_first(self, path: Path) -> None:
        """Nothing was tried before: attempt 1, serial 1, and a chain that begins."""
        assert ledger.read(path) == ()
        assert attempt(path) == Next(1, 1, chain.START)
        assert len(ledger.read(path)) == 1

    def test_each_protocol_is_an_attempt(self, path: Path) -> None:
        """Signing again counts up and names the line before it."""
        found = [attempt(path, day) for day in range(3)]
        assert [(one.attempt, one.serial) for one in found] == [(1, 1), (2, 2), (3, 3)]
        lines = path.read_bytes().splitlines(keepends=True)
        assert [one.head for one in found] == ["none", digest.of_bytes(lines[0]), digest.of_bytes(lines[1])]
        assert [entry.previous for entry in ledger.read(path)] == [one.head for one in found]

    def test_another_product_has_its_own_count(self, path: Path) -> None:
        """Attempts and serial numbers are counted per product."""
        assert [attempt(path, 0).attempt, attempt(path, 1).attempt] == [1, 2]
        other = attempt(path, 2, product="clinic")
        assert (other.attempt, other.serial) == (1, 1)

    def test_claims_that_overlap_share_a_budget(self, path: Path) -> None:
        """One claim in common is enough; claims with nothing in common are counted apart, serial numbers are not."""
        assert attempt(path, 0, claims=[A]).attempt == 1
        assert (attempt(path, 1, claims=[B]).attempt, ledger.upcoming(path, "ward", [B], START).serial) == (1, 3)
        assert attempt(path, 2, claims=[A, B]).attempt == 2
        assert [ledger.upcoming(path, "ward", claims, START).attempt for claims in ([A], [B], ["other@prompt"])] == [3, 3, 1]


class TestExpiry:
    """When a new budget opens."""

    def test_it_opens_when_the_certificate_has_ended(self, path: Path) -> None:
        """One second before the end it is attempt 2, at the end attempt 1 of a new budget; the serial counts on."""
        attempt(path, 0, days=90)
        end = START + timedelta(days=90)
        assert ledger.upcoming(path, "ward", [A], end - timedelta(seconds=1)).attempt == 2
        reopened = ledger.upcoming(path, "ward", [A], end)
        assert (reopened.attempt, reopened.serial) == (1, 2)

    def test_no_share_is_spent_twice_in_one_budget(self, path: Path) -> None:
        """When the first of two has ended but the second has not, the next is the third: it spends no share again."""
        assert [attempt(path, day).attempt for day in (0, 60)] == [1, 2]
        assert attempt(path, 100).attempt == 3
        assert attempt(path, 120).attempt == 4

    @pytest.mark.parametrize("step", [1.0, 7.0, 40.0, 89.0, 91.0])
    def test_each_budget_spends_at_most_the_whole(self, path: Path, step: float) -> None:
        """At whatever pace one tries, the shares from one attempt 1 to the next never sum to more than 1."""
        numbers = [attempt(path, step * index).attempt for index in range(12)]
        spent = Fraction(0)
        for number in numbers:
            spent = attempt_factor(number) if number == 1 else spent + attempt_factor(number)
            assert spent <= 1
        assert numbers == ([1] * 12 if step > 90 else list(range(1, 13)))

    def test_times_of_other_zones_are_compared_as_moments(self, path: Path) -> None:
        """The end is a moment, however it is written."""
        attempt(path, 0, days=1)
        east = START.astimezone(tz=None) + timedelta(hours=23)
        assert ledger.upcoming(path, "ward", [A], east).attempt == 2


def test_concurrent_growth_is_refused(path: Path) -> None:
    """An entry that was written since one asked makes the answer stale; nothing is added then."""
    stale = ledger.upcoming(path, "ward", [A], START)
    attempt(path)
    before = path.read_bytes()
    entry = ledger.read(path)[0]
    for previous in (stale.head, of_bytes(b"something else")):
        with pytest.raises(DigestMismatch, match="has grown meanwhile"):
            ledger.append(path, msgspec.structs.replace(entry, attempt=stale.attempt, previous=previous))
    assert path.read_bytes() == before


def edit(lines: list[bytes]) -> list[bytes]:
    """Count an attempt down."""
    return [lines[0], lines[1].replace(b'"attempt":2', b'"attempt":1'), lines[2]]


@pytest.mark.parametrize(
    "change",
    [
        edit,
        lambda lines: [lines[1], lines[0], lines[2]],
        lambda lines: [lines[0], lines[2]],
        lambda lines: lines[1:],
        lambda lines: [*lines, lines[2]],
        lambda lines: [*lines[:2], lines[2][:-1]],
        lambda lines: [b"\xff" + lines[0][1:]],
        lambda lines: [lines[0].replace(b'"attempt":1', b'"attempt":"1"')],
        lambda lines: [lines[0].replace(b'"product"', b'"producer"')],
        lambda lines: [lines[0].replace(b'"until":"2027', b'"until":"some')],
    ],
    ids=[
        "edited",
        "swapped",
        "taken out",
        "beheaded",
        "doubled",
        "cut",
        "no text",
        "a text for a number",
        "another field",
        "no time",
    ],
)
def test_a_tampered_ledger_is_refused(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Nobody counts on from a ledger with an edited, moved, missing or meaningless line, and nothing foreign leaks."""
    for day in range(3):
        attempt(path, day)
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    with pytest.raises(DigestMismatch):
        ledger.upcoming(path, "ward", [A], START)


def test_a_ledger_that_can_not_be_written(tmp_path: Path) -> None:
    """Where the ledger can't grow, one line says so."""
    (tmp_path / "file").write_text("no folder")
    path = tmp_path / "file" / "ledger.jsonl"
    with pytest.raises(InputError, match="cannot read"):
        attempt(path)
    entry = Entry(at="", until="", product="", claims=(), protocol="", attempt=1, serial=1, previous="none")
    with pytest.raises(OutputError, match="cannot write"):
        ledger.append(path, entry)


def test_default_place() -> None:
    """The user's data directory, wherever the environment puts it."""
    assert ledger.default_path({"XDG_DATA_HOME": "/data"}) == Path("/data/auscult/ledger.jsonl")
    assert ledger.default_path({"HOME": "/home/x"}) == Path("/home/x/.local/share/auscult/ledger.jsonl")


class TestSection:
    """What the report says."""

    def test_earlier_attempts_and_budgets(self, path: Path) -> None:
        """Attempts before this one on the same product, the budgets that were opened, and the head with this one."""
        attempt(path, 0)
        attempt(path, 1, product="clinic")
        attempt(path, 2)
        attempt(path, 200, name="this")
        head = chain.head(path)
        made = plan(product="ward", attempt=1)
        found = ledger.section(path, made, of_bytes(b"this"))
        assert [one.attempt for one in found.earlier] == [1, 2]
        assert found.budgets == 2
        assert found.head == head

    def test_later_entries_change_nothing(self, path: Path) -> None:
        """Testing again after others have tried gives the same report."""
        attempt(path, 0)
        attempt(path, 1, name="this")
        made = plan(product="ward", attempt=2)
        before = ledger.section(path, made, of_bytes(b"this"))
        attempt(path, 2)
        attempt(path, 3)
        assert ledger.section(path, made, of_bytes(b"this")) == before
        assert before.budgets == 1

    def test_a_protocol_that_the_ledger_does_not_know(self, path: Path) -> None:
        """Another machine's ledger knows nothing of it: what the protocol itself says is printed."""
        attempt(path, 0)
        found = ledger.section(path, plan(ledger_head="none"), of_bytes(b"unknown"))
        assert (found.head, found.earlier, found.known) == ("none", (), False)
        attempt(path, 1, name="this")
        assert ledger.section(path, plan(product="ward"), of_bytes(b"this")).known


def test_a_line_reads_as_documented(path: Path) -> None:
    """A stranger finds at, product, claims, protocol, attempt and previous in each line of JSON."""
    attempt(path)
    line = json.loads(path.read_text())
    assert {"at", "until", "product", "claims", "protocol", "attempt", "serial", "previous"} == set(line)
