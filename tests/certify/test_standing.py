"""Every command that opens a sealed dossier asks what `auscult verify` asks: whom it trusts, what was withdrawn, as of when."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import auscult
from guard import dossier, dsse, files, keys, moments, revocation_list
from guard.keys import public, public_pem

from .made_up import KEY, cell, losses_of, plan, sealed

COMMANDS = {
    "verify": "verify dossier",
    "recompute": "certify recompute dossier",
    "compare": "certify compare dossier dossier",
    "export": "certify export dossier --format csv --out out",
    "pdf": "certify pdf dossier --out out.pdf",
    "evaluate": "certify evaluate dossier --data rows",
    "sign-pdf": "certify sign-pdf dossier --certificate hospital.p12 --key issuer.pem",
}
REFUSE = {"verify", "sign-pdf"}
"""What does not go on with a dossier that was revoked; the others say so."""
SAID = "the certificate was revoked on 2026-11-27T00:00:00+00:00: wrong labels"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dossier, its issuer's key, and a list beside the trust folder that withdraws it from the second day on."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUSCULT_KEY_PASSWORD", "a password")
    for name in ("AUSCULT_TRUST", "AUSCULT_REVOCATIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(moments, "now", lambda: datetime(2026, 11, 28, tzinfo=UTC))
    made = plan(cell(draws=60), traffic=80)
    given = dossier.open_sealed(sealed(tmp_path / "dossier", made, losses_of(made)), None)
    keys.write_private(tmp_path / "issuer.pem", KEY, b"a password")
    files.write(tmp_path / "trust" / "issuer.pem", public_pem(public(KEY)))
    files.write(tmp_path / "hospital.p12", b"none")
    revoked = {"certificate": given.certificate_digest, "at": "2026-11-27T00:00:00+00:00", "reason": "wrong labels"}
    said = {"number": 1, "issued": "2026-11-26T12:00:00+00:00", "expires": "2026-12-02T12:00:00+00:00", "revoked": [revoked]}
    files.write(tmp_path / "list.json", dsse.sign(dsse.statement(revocation_list.PREDICATE, said, {}), KEY))
    return tmp_path


def run(line: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run a command; return its exit code, and what it says to people on standard error."""
    capsys.readouterr()
    code = auscult.main(line.split())
    return code, capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_a_list_counts_wherever_a_dossier_is_opened(
    place: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by an option or a variable; as of the day before, nothing was withdrawn."""
    if name == "sign-pdf":  # its certificate is read first
        monkeypatch.setattr("certify.report.pdf.pades.identity", lambda *given: given)
    line = f"{COMMANDS[name]} --trust trust"
    assert SAID not in run(line, capsys)[1]
    code, said = run(f"{line} --revocations list.json", capsys)
    assert SAID in said
    assert (said.startswith("auscult: ") and code == 1) == (name in REFUSE)
    assert SAID not in run(f"{line} --revocations list.json --at 2026-11-26", capsys)[1]
    monkeypatch.setenv("AUSCULT_REVOCATIONS", "list.json")
    assert SAID in run(line, capsys)[1]


@pytest.mark.parametrize("name", [one for one in COMMANDS if one != "verify"])
def test_a_stale_list_and_one_without_a_key_are_said(
    place: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its end a list says nothing of what was revoked since; without a trusted key it says nothing at all."""
    if name == "sign-pdf":
        monkeypatch.setattr("certify.report.pdf.pades.identity", lambda *given: given)
    assert "no trusted key" in run(f"{COMMANDS[name]} --revocations list.json", capsys)[1]
    moment = "--at 2026-12-03T00:00:00Z"
    (place / "list.json").rename(place / "trust" / "list.json")
    said = run(f"{COMMANDS[name]} --trust trust {moment}", capsys)[1]
    assert "list.json ended on 2026-12-02T12:00:00+00:00" in said or (name == "sign-pdf" and SAID in said)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_time_that_is_none_is_wrong_use(place: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, exit 2."""
    code, said = run(f"{COMMANDS[name]} --at soon", capsys)
    assert code == 2
    assert said.count("\n") == 1
    assert "not a time" in said or name == "sign-pdf"
