"""`auscult guard audit` as people use it: in words, sealed, exported, kept elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import auscult
from guard import chain, keys, sealing, settings
from guard.errors import InputError
from guard.proxy import outside
from guard.store import Store
from tests.guard.test_audit_told import EVENTS, JUDGED
from tests.guard.test_audit_told import event as _event

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUSCULT_KEY_PASSWORD", "word")

    def run_(*arguments: object) -> tuple[int, str, str]:
        code = auscult.main(["guard", "audit", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A store with the events of one request."""
    location = f"sqlite:///{tmp_path}/audit.sqlite"
    store = Store(location)
    store.submit(*EVENTS).result()
    store.close()
    yield location


def test_show_says_it_in_words_or_as_json(run: Run, url: str) -> None:
    """The same events, for people and for machines."""
    code, out, _ = run("show", "r1", "--store", url)
    assert code == 0
    assert "clinical_misuse@prompt found something: score 5.25" in out
    code, out, _ = run("show", "r1", "--store", url, "--json")
    assert [one["phase"] for one in json.loads(out)] == ["begun", "judged", "ended"]


@pytest.mark.parametrize("form", ["jsonl", "fhir-r4", "fhir-r5"])
def test_export_writes_one_object_a_line(run: Run, url: str, tmp_path: Path, form: str) -> None:
    """Chained lines that check as a file, or resources."""
    assert run("export", "--store", url, "--format", form, "--out", "out.jsonl")[0] == 0
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert len(lines) == 3
    if form == "jsonl":
        assert len(chain.read(tmp_path / "out.jsonl")) == 3
    else:
        assert {one["resourceType"] for one in lines} == {"AuditEvent"}


def test_a_sealed_text_is_opened_with_the_key_that_the_command_made(run: Run, url: str, tmp_path: Path) -> None:
    """The line for the policy names the public half; the private half opens, another does not."""
    code, line, _ = run("key", "--out", "auditor.key")
    assert code == 0
    written = line.split('"')[1]
    sealed = sealing.seal("the text", sealing.recipient(written), request="r2", sequence=1)
    store = Store(url)
    store.submit(_event(JUDGED.phase, 1, role="user", turn=0, content=sealed, **{"reason": ""})).result()
    store.close()
    # The fixture's helper names request r1: what is sealed for r2 must not open there.
    assert run("decrypt", "r1", "--key", "auditor.key", "--store", url)[0] == 1
    right = sealing.seal("the text", sealing.recipient(written), request="r1", sequence=1)
    other = f"sqlite:///{tmp_path}/other.sqlite"
    store = Store(other)
    store.submit(_event(JUDGED.phase, 1, role="user", turn=0, content=right)).result()
    store.close()
    assert run("decrypt", "r1", "--key", "auditor.key", "--store", other)[1] == "1 user: the text\n"
    assert "sealed" in run("show", "r1", "--store", other)[1]
    assert run("key", "--out", "second.key")[0] == 0
    code, _, err = run("decrypt", "r1", "--key", "second.key", "--store", other)
    assert (code, err.count("\n")) == (1, 1)
    assert run("key", "--out", "auditor.key")[0] == 2
    assert run("decrypt", "r1", "--key", "auditor.key", "--store", url)[0] == 1


def test_checkpoints_are_kept_and_checked(run: Run, url: str, tmp_path: Path) -> None:
    """One is added now and then; when the tail is gone, verify says so."""
    assert run("checkpoint", "--store", url, "--out", "heads.jsonl")[0] == 0
    code, out, _ = run("verify", "--store", url, "--checkpoints", "heads.jsonl", "--json")
    assert (code, json.loads(out)["checkpoints"]) == (0, 1)
    shorter = Store(f"sqlite:///{tmp_path}/shorter.sqlite")
    shorter.submit(*EVENTS[:2]).result()
    shorter.close()
    code, _, err = run("verify", "--store", f"sqlite:///{tmp_path}/shorter.sqlite", "--checkpoints", "heads.jsonl")
    assert code == 1
    assert "breaks at event 3" in err
    assert run("verify", "--store", url, "--checkpoints", "missing.jsonl")[0] == 2


def test_checkpoints_are_signed_and_the_signatures_checked(run: Run, url: str, tmp_path: Path) -> None:
    """With a key of the guard's own; a line that somebody else adds to the file is refused."""
    keys.write_private(tmp_path / "own.pem", key := keys.generate(), b"word")
    (tmp_path / "own.pub").write_bytes(keys.public_pem(keys.public(key)))
    verify = ("verify", "--store", url, "--checkpoints", "heads.jsonl", "--trust", "own.pub")
    assert run("checkpoint", "--store", url, "--out", "heads.jsonl", "--key", "own.pem")[0] == 0
    assert "as 1 checkpoints say, 1 of them signed by a trusted key" in run(*verify)[1]
    assert run("checkpoint", "--store", url, "--out", "heads.jsonl")[0] == 0
    code, _, err = run(*verify)
    assert (code, "signed by nobody" in err, err.count("\n")) == (1, True, 1)
    assert run("verify", "--store", url, "--trust", "own.pub")[0] == 2
    assert run("checkpoint", "--store", url, "--out", "heads.jsonl", "--key", "missing.pem")[0] == 2


def test_a_guard_s_key_for_checkpoints_certifies_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is opened at start-up; a certifier's key is refused, and so is a key without a file to sign."""
    monkeypatch.setenv("AUSCULT_KEY_PASSWORD", "word")
    keys.write_private(tmp_path / "own.pem", key := keys.generate(), b"word")
    (tmp_path / "own.pub").write_bytes(keys.public_pem(keys.public(key)))
    named = {"checkpoint_key": str(tmp_path / "own.pem"), "checkpoints": tmp_path / "heads.jsonl"}
    opened = outside.read(settings.read(named, {})).checkpoint_key
    assert opened is not None
    assert keys.key_id(keys.signer(opened).public) == keys.key_id(keys.public(key))
    with pytest.raises(InputError, match="certifies, too"):
        outside.read(settings.read({**named, "trust": tmp_path / "own.pub"}, {}))
    with pytest.raises(InputError, match="needs a file"):
        settings.read({"checkpoint_key": "own.pem"}, {})


def test_migrate_makes_the_tables_and_grants_only_where_there_are_roles(run: Run, tmp_path: Path) -> None:
    """SQLite has no roles, and a name that is none is refused before it gets near a statement."""
    url: Any = f"sqlite:///{tmp_path}/new.sqlite"
    assert run("migrate", "--store", url) == (0, "the tables are those of version 0002\n", "")
    assert run("verify", "--store", url)[0] == 0
    assert run("migrate", "--store", url, "--grant", "guard")[0] == 2
    assert run("migrate", "--store", url, "--grant", 'x"; DROP TABLE')[0] == 2
