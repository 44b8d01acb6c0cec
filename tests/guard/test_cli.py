"""The runtime's commands: what they print, what they exit with, and one line for every failure."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import auscult
from guard import files, keys, resources, rules
from guard.errors import OutputError
from guard.keys import PrivateKey
from guard.store import Store
from guard.trust import Trust

ROOT = Path(auscult.__file__).parent
DURING = "2026-12-01"
PASSWORD = {"AUSCULT_KEY_PASSWORD": "correct horse"}
CLINICAL = str(resources.path("policies/clinical.yaml"))
Sealed = tuple[Path, PrivateKey, Trust]
Make = Callable[..., Any]


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in this process, in an empty folder and without any variable of ours."""
    for name in list(os.environ):
        if name.startswith("AUSCULT_"):
            monkeypatch.delenv(name)
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")

    def command(*arguments: object, **environment: str) -> Done:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        code = auscult.main([str(argument) for argument in arguments])
        return Done(code, *capsys.readouterr())

    return command


@pytest.fixture
def certifier(sealed: Sealed, tmp_path: Path) -> Path:
    """The public key of the sealed dossier's signer, in a file."""
    (tmp_path / "certifier.pub").write_bytes(keys.public_pem(keys.public(sealed[1])))
    return tmp_path / "certifier.pub"


def failed(done: Done, code: int, *words: str) -> None:
    """Require an exit code and one line on standard error that holds some words."""
    assert done.code == code, done
    assert done.err.startswith("auscult: ")
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.out + done.err
    for word in words:
        assert word in done.err


# verify


def test_verify_prints_numbered_steps_and_exits_0(run: Run, sealed: Sealed, certifier: Path) -> None:
    """A trusted dossier in force: six steps, then the word valid."""
    done = run("verify", sealed[0], "--trust", certifier, "--at", DURING)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert [line[0] for line in lines[:6]] == list("123456")
    assert "in force as of 2026-12-01T00:00:00+00:00" in lines[5]
    assert "no revocation list was given" in lines[5]
    assert lines[6] == "valid as of 2026-12-01T00:00:00+00:00: Triage helper, attempt 1"


@pytest.mark.parametrize("how", ["variable", "folder"])
def test_verify_takes_trust_from_a_variable_or_a_folder(run: Run, sealed: Sealed, certifier: Path, how: str) -> None:
    """AUSCULT_TRUST serves as well as --trust, and a folder of keys as well as one."""
    if how == "variable":
        done = run("verify", sealed[0], "--at", DURING, AUSCULT_TRUST=str(certifier))
    else:
        certifier.rename(certifier.parent / "cwd" / "certifier.pub")
        done = run("verify", sealed[0], "--at", DURING, "--trust", certifier.parent / "cwd")
    assert done.code == 0


def test_verify_json_is_one_object(run: Run, sealed: Sealed, certifier: Path) -> None:
    """Machines get the steps, the product and the signer, and nothing else on standard output."""
    done = run("verify", sealed[0], "--trust", certifier, "--at", DURING, "--json")
    facts = json.loads(done.out)
    assert done.code == 0
    assert facts["valid"] is True
    assert len(facts["steps"]) == 6
    assert facts["product"] == "Triage helper"
    assert facts["signer"] == keys.key_id(keys.public(sealed[1]))


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_verify_without_trust_is_intact_and_exits_1(run: Run, sealed: Sealed, as_json: list[str]) -> None:
    """Nobody vouches for it: all steps pass, and still it is not valid."""
    done = run("verify", sealed[0], "--at", DURING, *as_json)
    failed(done, 1, "intact, but its signer", "is unknown", "--trust")
    assert "valid" not in done.out


def test_verify_compares_a_model_folder(run: Run, sealed: Sealed, certifier: Path, model: Path) -> None:
    """The certified model passes as step 7; a changed one exits 1."""
    command = ("verify", sealed[0], "--trust", certifier, "--at", DURING, "--subject", model)
    done = run(*command)
    assert done.code == 0
    assert "\n7. the model is the certified one" in done.out
    (model / "config.json").write_bytes(b"{ }")
    failed(run(*command), 1, "altered file: config.json")
    failed(run(*command[:-1], model / "missing"), 2, "no such folder")


@pytest.mark.parametrize(("at", "words"), [("2026-10-31", "begins on"), ("2027-02-01T00:00:00+02:00", "ended on")])
def test_verify_checks_the_time(run: Run, sealed: Sealed, certifier: Path, at: str, words: str) -> None:
    """Too early or too late exits 1."""
    failed(run("verify", sealed[0], "--trust", certifier, "--at", at), 1, words)


@pytest.mark.parametrize("at", ["soon", "", "2026-13-01", "25 November"])
def test_verify_refuses_a_time_that_is_none(run: Run, sealed: Sealed, certifier: Path, at: str) -> None:
    """Wrong usage exits 2 and shows how to write a time."""
    failed(run("verify", sealed[0], "--trust", certifier, "--at", at), 2, "not a time", "2026-11-25T12:00:00+00:00")


@pytest.mark.parametrize("name", ["seal.json", "protocol.json", "certificate.json", "report.html", "suite/suite.json"])
def test_verify_of_a_tampered_dossier_exits_1(run: Run, sealed: Sealed, certifier: Path, name: str) -> None:
    """One changed letter in any file."""
    data = bytearray((sealed[0] / name).read_bytes())
    data[len(data) // 2] ^= 1
    (sealed[0] / name).write_bytes(data)
    failed(run("verify", sealed[0], "--trust", certifier, "--at", DURING), 1)


def test_verify_of_what_is_not_there_exits_2(run: Run, sealed: Sealed, certifier: Path, tmp_path: Path) -> None:
    """A missing dossier, a file in its place, a missing key, an empty folder of keys."""
    failed(run("verify", tmp_path / "missing", "--trust", certifier), 2, "no dossier at")
    failed(run("verify", certifier, "--trust", certifier), 2, "no dossier at")
    failed(run("verify", sealed[0], "--trust", tmp_path / "missing"), 2, "cannot read")
    failed(run("verify", sealed[0], "--trust", tmp_path / "cwd"), 2, "no .pem or .pub file")
    failed(run("verify", sealed[0], "--trust", sealed[0] / "report.html"), 1, "not a PEM public key")


def test_verify_by_another_key_exits_1(run: Run, sealed: Sealed, tmp_path: Path) -> None:
    """A dossier by somebody else than the verifier trusts."""
    (tmp_path / "other.pub").write_bytes(keys.public_pem(keys.public(keys.generate())))
    failed(run("verify", sealed[0], "--trust", tmp_path / "other.pub"), 1, "not among the trusted keys")


# key


def test_key_new_makes_a_pair(run: Run, tmp_path: Path) -> None:
    """A private key for its owner alone, its public half beside it, and the id to compare."""
    done = run("key", "new", tmp_path / "issuer.pem", **PASSWORD)
    assert (done.code, done.err) == (0, "")
    key = keys.read_private(tmp_path / "issuer.pem", b"correct horse")
    assert (tmp_path / "issuer.pem").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "issuer.pem.pub").read_bytes() == keys.public_pem(keys.public(key))
    assert keys.key_id(keys.public(key)) in done.out
    assert "correct horse" not in done.out


@pytest.mark.parametrize("name", ["issuer.pem", "issuer.pem.pub"])
def test_key_new_overwrites_nothing(run: Run, tmp_path: Path, name: str) -> None:
    """Neither half of an older pair."""
    (tmp_path / name).write_bytes(b"old")
    failed(run("key", "new", tmp_path / "issuer.pem", **PASSWORD), 2, f"{name} exists already")
    assert (tmp_path / name).read_bytes() == b"old"


def test_key_new_needs_a_password_and_a_place(run: Run, tmp_path: Path) -> None:
    """Without a password nothing is written; a place that can't be written is said."""
    failed(run("key", "new", tmp_path / "issuer.pem"), 2, "AUSCULT_KEY_PASSWORD")
    assert not list(tmp_path.glob("issuer*"))
    failed(run("key", "new", ".", **PASSWORD), 2, "exists already")
    (tmp_path / "file").write_bytes(b"")
    failed(run("key", "new", tmp_path / "file" / "key.pem", **PASSWORD), 2)


def test_key_new_leaves_no_half_of_a_pair(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full after the private key takes that back, too."""
    write = files.write

    def full(path: Path, data: bytes, **options: Any) -> None:
        if path.suffix == ".pub":
            raise OutputError("cannot write: no space")
        write(path, data, **options)

    monkeypatch.setattr(files, "write", full)
    failed(run("key", "new", tmp_path / "issuer.pem", **PASSWORD), 2, "no space")
    assert not list(tmp_path.glob("issuer*"))


# guard policy


def test_policy_check_names_the_digest(run: Run) -> None:
    """A valid policy exits 0 with the digest that audit events will carry."""
    done = run("guard", "policy", "check", CLINICAL)
    assert (done.code, done.err) == (0, "")
    assert "is a valid policy: sha256:" in done.out


POLICY = """
name: narrow
requires:
  - {claim: missed_emergency@prompt, action: NOTICE, max_miss: %s, max_false_alarm: 0.05, max_false_alarm_near: 0.1}
rules: {%s}
"""


@pytest.fixture
def narrow(tmp_path: Path) -> Path:
    """A policy that the sealed dossier's certificate meets."""
    (tmp_path / "narrow.yaml").write_text(POLICY % ("0.05", ", ".join(f"{name}: NOTICE" for name in rules.names)))
    return tmp_path / "narrow.yaml"


def test_policy_check_holds_a_dossier_against_it(run: Run, sealed: Sealed, certifier: Path, narrow: Path) -> None:
    """A certificate that meets the policy exits 0; one that does not exits 1 with the reason; unknown signers do, too."""
    command = ("guard", "policy", "check", narrow, "--dossier", sealed[0])
    done = run(*command, "--trust", certifier)
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("the certificate meets it\n")
    failed(run(*command), 1, "intact, but its signer")
    failed(run("guard", "policy", "check", CLINICAL, "--dossier", sealed[0], "--trust", certifier), 1, "does not meet")
    narrow.write_text(POLICY % ("0.01", ""))
    failed(run(*command, "--trust", certifier), 1, "miss is shown to be at most 0.030, 0.01 is demanded")


def test_policy_explain_says_every_demand_in_words(run: Run) -> None:
    """Each claim with its actions and limits, each rule, the gate."""
    done = run("guard", "policy", "explain", CLINICAL)
    assert (done.code, done.err) == (0, "")
    for words in (
        "missed_emergency@prompt",
        "prompt_injection@context",
        "measured only",
        "<= 0.05",
        "rule identifiers",
        "gate: token",
    ):
        assert words in done.out


@pytest.mark.parametrize("command", ["check", "explain"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Expected `object`"), ("name: a\nname: b", "duplicate key"), ("name: x\nrequires: []", "demands nothing"),
        ("name: x\nrequires: [{claim: nothing@prompt, action: BLOCK}]", "unknown hazard"), ("[" * 1000, "not strict YAML"),
    ],
)  # fmt: skip
def test_a_bad_policy_exits_2(run: Run, tmp_path: Path, command: str, text: str, words: str) -> None:
    """Each mistake is one line that names the file."""
    (tmp_path / "bad.yaml").write_text(text)
    failed(run("guard", "policy", command, tmp_path / "bad.yaml"), 2, "bad.yaml", words)


def test_a_missing_policy_exits_2(run: Run, tmp_path: Path) -> None:
    """So does a folder in its place."""
    for path in (tmp_path / "missing.yaml", tmp_path):
        failed(run("guard", "policy", "check", path), 2, "cannot read")


# guard audit, guard serve


@pytest.mark.parametrize("command", [["verify"], ["show", "id"], ["export", "--out", "chain.jsonl"]])
def test_audit_without_a_store_exits_2(run: Run, command: list[str]) -> None:
    """Reading never makes an empty store, which would look intact."""
    failed(run("guard", "audit", *command), 2, "no audit store at sqlite:///auscult-audit.sqlite")
    assert list(Path.cwd().iterdir()) == []


def test_audit_of_an_empty_store(run: Run, tmp_path: Path) -> None:
    """No event is intact, and an unknown request exits 1."""
    url = f"sqlite:///{tmp_path}/audit.sqlite"
    Store(url).close()
    done = run("guard", "audit", "verify", "--store", url)
    assert (done.code, done.err) == (0, "")
    assert "intact: 0 events" in done.out
    assert json.loads(run("guard", "audit", "verify", "--store", url, "--json").out)["events"] == 0
    failed(run("guard", "audit", "show", "nobody", "--store", url), 1, "no request 'nobody'")
    failed(run("guard", "audit", "export", "--store", url, "--out", "."), 2, "cannot write")


def test_audit_leaves_another_database_as_it_is(run: Run, tmp_path: Path) -> None:
    """A database without an audit trail is refused rather than called intact, and reading never changes a file."""
    other = tmp_path / "other.sqlite"
    with contextlib.closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    before = other.read_bytes()
    failed(run("guard", "audit", "verify", "--store", f"sqlite:///{other}"), 1, "no audit trail")
    assert other.read_bytes() == before
    (tmp_path / "notes.txt").write_text("no database at all")
    failed(run("guard", "audit", "verify", "--store", f"sqlite:///{tmp_path}/notes.txt"), 1, "can't be opened")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--port", "70000"], 2, "not a port number"),
        (["--host", "0.0.0.0"], 2, "no API keys"),  # noqa: S104
        (["--policy", "missing.yaml"], 2, "cannot read missing.yaml"),
        (["--keys", "missing.txt"], 2, "cannot read missing.txt"),
        (["missing", "--port", "0"], 1, "no trusted key was named"),
    ],
)  # fmt: skip
def test_serve_refuses_with_the_reason(run: Run, arguments: list[str], code: int, words: str) -> None:
    """Nothing starts on a wrong port, an open address without keys, a missing file, or a dossier that nobody vouches for."""
    failed(run("guard", "serve", *arguments), code, words)


# by the installed way


def test_commands_exit_and_print_the_same_as_a_program(sealed: Sealed, certifier: Path) -> None:
    """Started as a program: valid is 0, unknown is 1, wrong usage is 2, each error one line on standard error."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AUSCULT_")}

    def program(*arguments: object) -> Done:
        command = [sys.executable, "-m", "auscult", *map(str, arguments)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        return Done(done.returncode, done.stdout, done.stderr)

    done = program("verify", sealed[0], "--trust", certifier, "--at", DURING)
    assert (done.code, done.err) == (0, "")
    failed(program("verify", sealed[0], "--at", DURING), 1, "intact, but its signer")
    failed(program("verify"), 2, "Missing argument", "auscult verify --help")
