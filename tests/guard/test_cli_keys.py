"""Keys over time, from the command line: rotate, revoke, and every outcome of a verification that there is."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import auscult
from guard import certificate, dsse, keys, moments, protocol, revocation_list
from guard.dossier import SEAL_PREDICATE
from guard.keys import PrivateKey, key_id, public

NOW = moments.parse(moments.write(moments.now()))
DAY = timedelta(days=1)
DURING = "2026-12-01"
PASSWORD = "correct horse"  # noqa: S105
Make = Callable[..., Any]


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in this process, in an empty folder, with a password and no other variable of ours."""
    for name in list(os.environ):
        if name.startswith("AUSCULT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AUSCULT_KEY_PASSWORD", PASSWORD)
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")

    def command(*arguments: object) -> Done:
        code = auscult.main([str(argument) for argument in arguments])
        return Done(code, *capsys.readouterr())

    return command


def failed(done: Done, code: int, *words: str) -> None:
    """Require an exit code and one line on standard error that holds some words."""
    assert done.code == code, done
    assert done.err.startswith("auscult: ")
    assert done.err.count("\n") == 1, done.err
    for word in words:
        assert word in done.err


def trusting(*named: str) -> Path:
    """A folder `trust` with copies of some files."""
    Path("trust").mkdir(exist_ok=True)
    for name in named:
        shutil.copy(name, "trust")
    return Path("trust")


def opened(name: str) -> PrivateKey:
    """A key that a command made."""
    return keys.read_private(Path(name), PASSWORD.encode())


# rotate


def test_a_rotated_key_is_trusted_through_its_announcement(run: Run, make_dossier: Make) -> None:
    """Whoever trusted the old key verifies what the new one signs, and goes on verifying what the old one signed before."""
    assert run("key", "new", "old.pem").code == 0
    done = run("key", "rotate", "old.pem", "new.pem", "--json")
    assert (done.code, done.err) == (0, "")
    facts = json.loads(done.out)
    assert facts["new"] == key_id(public(opened("new.pem")))
    assert Path("new.pem").stat().st_mode & 0o777 == 0o600
    trust = trusting("old.pem.pub", "new.pem.rotation.json")
    starts = moments.parse(facts["starts"])
    for name, begins, code in [
        ("old", starts - 30 * DAY, 0), ("old", starts + DAY, 1), ("new", starts - DAY, 1), ("new", starts + DAY, 0),
    ]:  # fmt: skip
        dates = {"not_before": moments.write(begins), "not_after": moments.write(begins + 90 * DAY)}
        folder = make_dossier(Path(f"{name}{code}"), opened(f"{name}.pem"), plan=dates)
        done = run("verify", folder, "--trust", trust, "--at", moments.write(begins + DAY))
        assert done.code == code, done
        alone = "dated by the signer alone; the key ended on " + facts["ends"]
        assert (alone in done.err) == (name == "old" and code == 0)
        assert code == 0 or f"but signatures of key {key_id(public(opened(f'{name}.pem')))[:23]}… count" in done.err
    failed(run("verify", "new0", "--trust", "old.pem.pub"), 1, "not among the trusted keys")


def test_rotation_takes_dates_and_a_key_that_exists(run: Run) -> None:
    """A start and an end to come, and the public half of a key that somebody else keeps."""
    for name in ("old.pem", "token.pem"):
        run("key", "new", name)
    done = run(
        "key", "rotate", "old.pem", "token.pem.pub", "--public", "--starts", "2999-01-01", "--ends", "2999-02-01",
        "--out", "handover.json",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert "takes over on 2999-01-01T00:00:00+00:00" in done.out
    assert PASSWORD not in done.out
    window = auscult_trust("old.pem.pub", "handover.json").windows[key_id(public(opened("token.pem")))]
    assert window.begins == datetime(2999, 1, 1, tzinfo=UTC)


def auscult_trust(*named: str) -> Any:
    """The trust that a folder of copies gives."""
    from guard.trust import Trust

    return Trust.read(trusting(*named))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--starts", "2020-01-01"], "starts now or later"), (["--starts", "soon"], "not a time"),
        (["--starts", "2999-01-02", "--ends", "2999-01-01"], "ends then or later"), (["--public"], "cannot read new.pem"),
        (["--out", "old.pem"], "old.pem exists already"),
    ],
)  # fmt: skip
def test_a_wrong_rotation_exits_2_and_makes_no_key(run: Run, more: list[str], words: str) -> None:
    """What is wrong is said before anything is written."""
    run("key", "new", "old.pem")
    failed(run("key", "rotate", "old.pem", "new.pem", *more), 2, words)
    assert sorted(path.name for path in Path().iterdir()) == ["old.pem", "old.pem.pub"]
    failed(run("key", "rotate", "missing.pem", "new.pem"), 2, "missing.pem")


# revoke


def test_revoke_writes_extends_and_renews_a_list(run: Run, make_dossier: Make) -> None:
    """Number, dates and entries grow; the list holds for a week unless said otherwise."""
    run("key", "new", "key.pem")
    folder = make_dossier(Path("dossier"), opened("key.pem"))
    base = ("revoke", "list.json", "--key", "key.pem", "--json")
    first = json.loads(run(*base, "--certificate", folder, "--reason", "wrong labels").out)
    assert first["number"] == 1
    assert moments.parse(first["expires"]) - moments.parse(first["issued"]) == 7 * DAY
    digest = dsse.open_bundle((folder / "certificate.json").read_bytes(), certificate.PREDICATE).digest
    assert first["revoked"] == [{"certificate": digest, "at": first["issued"], "reason": "wrong labels"}]
    more = ("--product", "Helper", "--serial", "4", "--signer", "key.pem.pub", "--reason", "stolen", "--since", "2026-01-01")
    second = json.loads(run(*base, *more, "--days", "2").out)
    assert (second["number"], len(second["revoked"])) == (2, 3)
    assert second["revoked"][1] == {
        "key": key_id(public(opened("key.pem"))), "at": "2026-01-01T00:00:00+00:00", "reason": "stolen",
    }  # fmt: skip
    third = run("revoke", "list.json", "--key", "key.pem", "--renew")
    assert (third.code, third.err) == (0, "")
    assert "list 3, 3 revoked" in third.out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([], "nothing to revoke was named"), (["--renew", "--signer", "sha256:" + "0" * 64], "--renew revokes nothing"),
        (["--serial", "1", "--reason", "x"], "together"), (["--signer", "sha256:00", "--reason", "x"], "not a sha256 digest"),
        (["--signer", "sha256:" + "0" * 64], "needs a reason"), (["--certificate", "missing", "--reason", "x"], "cannot read"),
        (["--renew", "--days", "32"], "'--days': 32"),
        (["--signer", "sha256:" + "0" * 64, "--reason", "x", "--since", "y"], "not a time"),
        (["--renew", "--trust", "missing"], "cannot read"),
    ],
)  # fmt: skip
def test_a_wrong_revocation_exits_2_and_writes_nothing(run: Run, more: list[str], words: str) -> None:
    """One line that says what to do."""
    run("key", "new", "key.pem")
    failed(run("revoke", "list.json", "--key", "key.pem", *more), 2, words)
    assert not Path("list.json").exists()


def test_a_list_is_extended_by_its_own_line_of_keys_alone(run: Run) -> None:
    """The heir of the old key may, with the folder that says so; a stranger may not."""
    for name in ("old.pem", "stranger.pem"):
        run("key", "new", name)
    run("revoke", "list.json", "--key", "old.pem", "--renew")
    soon = moments.write(moments.now() + 2 * DAY)
    assert run("key", "rotate", "old.pem", "new.pem", "--ends", soon).code == 0
    before = Path("list.json").read_bytes()
    renew = ("revoke", "list.json", "--renew", "--key")
    failed(run(*renew, "stranger.pem"), 1, "not among the trusted keys")
    failed(run(*renew, "stranger.pem", "--trust", trusting("old.pem.pub")), 2, "another line of keys")
    assert Path("list.json").read_bytes() == before
    done = run(*renew, "new.pem", "--trust", trusting("new.pem.rotation.json"))
    assert done.code == 0, done
    assert "list 2" in done.out


# verify: every outcome


@pytest.fixture
def issued(run: Run, make_dossier: Make) -> Run:
    """A trust folder with one key, a dossier that it signed; return what verifies it as of a day inside its dates."""
    run("key", "new", "key.pem")
    make_dossier(Path("dossier"), opened("key.pem"))
    trusting("key.pem.pub")
    return lambda *more, at=DURING: run("verify", "dossier", "--trust", "trust", "--at", at, *more)


def write_list(*, number: int = 1, issued: str = "2026-11-28T00:00:00+00:00", name: str = "list.json") -> None:
    """A list of the issuer's key, which withdraws nothing."""
    begins = moments.parse(issued)
    says = {"number": number, "issued": issued, "expires": moments.write(begins + 7 * DAY), "revoked": []}
    Path(name).write_bytes(dsse.sign(dsse.statement(revocation_list.PREDICATE, says, {}), opened("key.pem")))


def test_valid_says_what_was_looked_at(issued: Run) -> None:
    """Without a list, with one in the trust folder, with one that was named."""
    assert "; no revocation list was given" in issued().out
    write_list(name="trust/list.json")
    assert "not revoked: revocation list 1 holds until 2026-12-05" in issued().out
    write_list(number=2)
    done = issued("--revocations", "list.json", "--json")
    facts = json.loads(done.out)
    assert (done.code, done.err, facts["state"], facts["warnings"]) == (0, "", "VALID", [])
    assert "revocation list 2" in facts["steps"][5]


@pytest.mark.parametrize("what", ["certificate", "serial", "key"])
def test_a_revoked_certificate_or_key_exits_1(issued: Run, run: Run, what: str) -> None:
    """Revoked by the real command, however it is named; as of a day before, it was good, and that is said, too."""
    named = {
        "certificate": ("--certificate", "dossier"), "serial": ("--product", "Triage helper", "--serial", "1"),
        "key": ("--signer", "key.pem.pub"),
    }[what]  # fmt: skip
    made = run("revoke", "trust/list.json", "--key", "key.pem", *named, "--reason", "wrong labels", "--since", "2026-12-01")
    assert made.code == 0
    failed(issued(), 1, "was revoked on 2026-12-01T00:00:00+00:00: wrong labels")
    failed(issued("--json"), 1, "was revoked")
    done = issued(at="2026-11-30")
    assert done.code == 0
    assert done.err == "warning: this is how it stood then; it is revoked from 2026-12-01T00:00:00+00:00 on: wrong labels\n"
    assert "valid as of 2026-11-30T00:00:00+00:00" in done.out


def test_a_stale_list_warns_and_the_state_is_suspended(issued: Run) -> None:
    """The dossier stands, and what may have been revoked since is not known."""
    write_list(issued="2026-11-20T00:00:00+00:00", name="trust/list.json")
    done = issued()
    assert done.code == 0
    assert "as far as known: revocation list 1 ended on 2026-11-27" in done.out
    assert done.err.startswith("warning: list.json ended on 2026-11-27T00:00:00+00:00")
    facts = json.loads(issued("--json").out)
    assert facts["state"] == "SUSPENDED"
    assert len(facts["warnings"]) == 1


def test_a_certificate_near_its_end_warns(issued: Run) -> None:
    """Fourteen days before."""
    assert "warning: the certificate ends on 2027-01-30" in issued(at="2027-01-20").err


def test_a_list_slipped_back_forged_or_unvouched_exits_1(issued: Run, run: Run) -> None:
    """Older than the one beside it; signed by a stranger; no key to check it with."""
    write_list(number=2, name="trust/list.json")
    write_list(number=1)
    failed(issued("--revocations", "list.json"), 1, "is revocation list 1, but list 2 was seen before")
    run("key", "new", "stranger.pem")
    assert run("revoke", "strange.json", "--key", "stranger.pem", "--renew").code == 0
    failed(issued("--revocations", "strange.json"), 1, "strange.json: signed by key")
    failed(run("verify", "dossier", "--revocations", "strange.json"), 1, "no trusted key", "--trust")
    failed(issued("--revocations", "missing.json"), 2, "cannot read missing.json")


def test_a_wrong_clock_is_told_from_a_list_that_is_yet_to_come(run: Run, make_dossier: Make) -> None:
    """Without --at it is the clock that is asked; a certificate that begins tomorrow says the same."""
    run("key", "new", "key.pem")
    dates = {"not_before": moments.write(NOW - DAY), "not_after": moments.write(NOW + 80 * DAY)}
    make_dossier(Path("dossier"), opened("key.pem"), plan=dates)
    verify = ("verify", "--trust", trusting("key.pem.pub"))
    assert run(*verify, "dossier").code == 0
    write_list(issued=moments.write(NOW + DAY), name="trust/list.json")
    failed(run(*verify, "dossier"), 1, "list.json was signed on", "yet to come; check the clock")
    Path("trust/list.json").unlink()
    make_dossier(Path("tomorrow"), opened("key.pem"), plan=dates | {"not_before": moments.write(NOW + DAY)})
    failed(run(*verify, "tomorrow"), 1, "the certificate begins on", "check the clock")


@pytest.mark.parametrize(
    ("at", "words"),
    [("2027-02-01", "the certificate ended on 2027-01-30"), ("2026-10-01", "the certificate begins on 2026-11-01")],
    ids=["expired", "not yet"],
)
def test_a_certificate_out_of_its_time_exits_1(issued: Run, at: str, words: str) -> None:
    """Expired, and not yet in force; an old record is checked as of its own time."""
    failed(issued(at=at), 1, words)
    assert issued(at="2026-11-01").code == 0


def test_an_unknown_and_a_wrong_key_exit_1(issued: Run, run: Run) -> None:
    """Nobody named: intact, signer unknown. Another one named: not among the trusted keys."""
    failed(run("verify", "dossier", "--at", DURING), 1, "the dossier is intact, but its signer", "is unknown")
    run("key", "new", "stranger.pem")
    failed(run("verify", "dossier", "--at", DURING, "--trust", "stranger.pem.pub"), 1, "not among the trusted keys")


def test_a_file_too_many_or_too_few_exits_1(issued: Run) -> None:
    """Each is named."""
    Path("dossier/notes.txt").write_text("added")
    failed(issued(), 1, "does not belong to it: notes.txt")
    Path("dossier/notes.txt").unlink()
    Path("dossier/report.html").unlink()
    failed(issued(), 1, "lacks report.html")


@pytest.mark.parametrize("version", ["v0", "v2"])
@pytest.mark.parametrize(
    ("name", "kind"),
    [("seal.json", SEAL_PREDICATE), ("protocol.json", protocol.PREDICATE), ("certificate.json", certificate.PREDICATE)],
)
def test_another_format_version_says_which_one_is_read(
    issued: Run, seal_again: Make, name: str, kind: str, version: str
) -> None:
    """An older or a newer statement, under a good signature."""
    path = Path("dossier", name)
    payload = base64.b64decode(json.loads(path.read_bytes())["dsseEnvelope"]["payload"])
    other = kind.replace(":v1", f":{version}")
    path.write_bytes(dsse.sign(payload.replace(kind.encode(), other.encode()), opened("key.pem")))
    if name != "seal.json":
        seal_again(Path("dossier"), opened("key.pem"))
    failed(issued(), 1, f"the signed statement is a {other}, not a {kind}, which this version reads")
