"""What the documents tell a stranger to run does run, and finds what was changed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from certify import issue, results
from certify.report import standing
from certify.results import UnitLoss
from guard import certificate as certificates
from guard import digest, dsse, keys, protocol
from guard.keys import PrivateKey

DOCS = Path(__file__).parents[3] / "docs"
TOOLS = all(shutil.which(tool) for tool in ("bash", "openssl", "jq", "base64", "sha256sum"))


def blocks(name: str, language: str) -> str:
    """Join the fenced blocks of one language in a document."""
    text = (DOCS / name).read_text(encoding="utf-8")
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL))


def _losses(cell: Any, payload: digest.Digest, generator: np.random.Generator) -> list[UnitLoss]:
    """Make losses of one cell, in the protocol's order; unseen families are few and bad."""
    made = []
    for estimand, units, rate, of in (
        ("miss", 150, 0.03, 1),
        ("miss_unseen", 30, 0.4, 20),
        ("false_alarm_traffic", 200, 0.01, 1),
        ("false_alarm_near", 150, 0.06, 2),
    ):
        names = [f"{cell.claim}/{cell.lang}/{cell.bucket}/{index}" for index in range(units)]
        if estimand != "miss_unseen":
            names.sort(key=lambda name: protocol.order_key(payload, name))
        for order, name in enumerate(names):
            lost = int(generator.binomial(of, rate))
            made.append(UnitLoss(estimand, cell.claim, cell.lang, cell.bucket, name, order, lost, of, ""))
    return made


@pytest.fixture
def key() -> PrivateKey:
    """A fresh issuer's key."""
    return keys.generate()


@pytest.fixture
def dossier(tmp_path: Path, key: PrivateKey, certificate: Any, protocol_for: Any, replaced: Any) -> Path:
    """A sealed dossier whose bounds follow from its results."""
    plan = protocol_for(certificate)
    signed = dsse.statement(protocol.PREDICATE, plan, {"model": certificate.subject.root})
    payload = digest.of_bytes(signed)
    generator = np.random.default_rng(7)
    losses = [loss for cell in certificate.cells for loss in _losses(cell, payload, generator)]

    def of(estimand: str, cell: Any) -> Any:
        return results.ordered(losses, estimand, cell.claim, cell.lang, cell.bucket)

    cells = tuple(
        replaced(
            cell,
            miss=issue.listed_bound(of("miss", cell), "miss", "0.004", "0.05"),
            miss_unseen=issue.unseen_bound(of("miss_unseen", cell), "0.0016", ""),
            false_alarm_traffic=issue.listed_bound(of("false_alarm_traffic", cell), "false_alarm_traffic", "0.0008", "0.02"),
            false_alarm_near=issue.listed_bound(of("false_alarm_near", cell), "false_alarm_near", "0.0008", "0.1"),
        )
        for cell in certificate.cells
    )
    table = results.write(losses)
    made = replaced(certificate, cells=cells, whole=(), protocol=payload, results=digest.of_bytes(table))
    files = {
        "protocol.json": dsse.sign(signed, key),
        "results.parquet": table,
        "certificate.json": issue.sign(made, key),
        "issuer.pem": keys.public_pem(keys.public(key)),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "seal.json").write_bytes(issue.seal(files, key))
    (tmp_path / "certifier.pub").write_bytes(keys.public_pem(keys.public(key)))
    return tmp_path


def recompute(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script of docs/certificate.md in a folder."""
    code = blocks("certificate.md", "python")
    command = [sys.executable, "-I", "-c", code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def verify(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the commands of docs/verify.md in a folder."""
    command = ["bash", "-c", blocks("verify.md", "sh")]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_the_script_computes_every_bound_again(dossier: Path, certificate: Any) -> None:
    """With numpy alone, and the same to nine decimals."""
    done = recompute(dossier)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("equal") == 4 * len(certificate.cells)


def test_the_script_finds_a_changed_loss_and_a_changed_order(dossier: Path) -> None:
    """One loss more, or two draws exchanged."""
    losses = list(results.read((dossier / "results.parquet").read_bytes()))
    more = losses.copy()
    more[0] = changed_loss(losses[0], numerator=1 - losses[0].numerator)
    swapped = losses.copy()
    swapped[0] = changed_loss(losses[0], unit=losses[1].unit)
    swapped[1] = changed_loss(losses[1], unit=losses[0].unit)
    for changed in (more, swapped):
        (dossier / "results.parquet").write_bytes(results.write(changed))
        assert recompute(dossier).returncode != 0


def changed_loss(loss: UnitLoss, **changes: Any) -> UnitLoss:
    """Change fields of a unit's loss."""
    fields = {name: getattr(loss, name) for name in UnitLoss.__slots__}
    return UnitLoss(**{**fields, **changes})


@pytest.mark.skipif(not TOOLS, reason="needs bash, openssl, jq and coreutils")
def test_the_commands_verify_an_intact_dossier(dossier: Path, key: PrivateKey) -> None:
    """Three good signatures, all files, and the issuer's key id."""
    done = verify(dossier)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Verified OK") == 3
    assert keys.key_id(keys.public(key)).removeprefix("sha256:") in done.stdout
    assert "attempt 2, demonstration true" in done.stdout


@pytest.mark.skipif(not TOOLS, reason="needs bash, openssl, jq and coreutils")
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("results", "results.parquet: FAILED"),
        ("added", "more.txt"),
        ("missing", "issuer.pem"),
        ("key", "erification failure"),
        ("kind", "wrong statement"),
        ("protocol", "another protocol"),
    ],
)
def test_the_commands_find_what_was_changed(
    dossier: Path, key: PrivateKey, certificate: Any, replaced: Any, change: str, says: str
) -> None:
    """A changed, added or missing file, another key, a good signature on the wrong thing."""
    if change == "results":
        (dossier / "results.parquet").write_bytes((dossier / "results.parquet").read_bytes() + b"x")
    elif change == "added":
        (dossier / "more.txt").write_text("more", encoding="utf-8")
    elif change == "missing":
        (dossier / "issuer.pem").unlink()
    elif change == "key":
        (dossier / "certifier.pub").write_bytes(keys.public_pem(keys.public(keys.generate())))
    elif change == "kind":
        _reseal(dossier, key, (dossier / "protocol.json").read_bytes())
    else:
        other = replaced(certificate, results=digest.of_file(dossier / "results.parquet"))
        _reseal(dossier, key, issue.sign(other, key))
    done = verify(dossier)
    assert done.returncode != 0 and says in done.stdout + done.stderr


def _reseal(folder: Path, key: PrivateKey, bundle: bytes) -> None:
    """Put another certificate into a dossier and seal it properly: only its content is wrong."""
    (folder / "certificate.json").write_bytes(bundle)
    kept = ("protocol.json", "results.parquet", "certificate.json", "issuer.pem")
    (folder / "seal.json").write_bytes(issue.seal({name: (folder / name).read_bytes() for name in kept}, key))


def test_every_field_of_a_certificate_is_documented(certificate: Any) -> None:
    """docs/certificate.md names each field of the predicate and each estimand."""
    text = (DOCS / "certificate.md").read_text(encoding="utf-8")
    fields = msgspec.to_builtins(certificate)
    assert [name for name in fields if f"`{name}`" not in text] == []
    assert certificates.PREDICATE in text
    bound = msgspec.to_builtins(certificate.cells[0].miss)
    assert [
        name for name in bound if f"`{name}`" not in text and name not in ("estimand", "population", "unit", "method")
    ] == []


def test_the_glossary_has_every_word_of_the_report() -> None:
    """With the same meaning, in alphabetical order."""
    rows = re.findall(r"^\| (?!word|---)([^|]+) \| ([^|]+) \|$", (DOCS / "glossary.md").read_text(encoding="utf-8"), re.M)
    meanings = dict(rows)
    assert all(meanings[term] == text for term, text in standing.GLOSSARY)
    assert [term for term, _ in rows] == sorted(meanings, key=str.lower)
