"""A small sealed dossier for any test that needs one: made-up numbers, real signatures, no model."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import settings

from guard import agreement, certificate, digest, dsse, files, keys, protocol, rules
from guard.binding import Canaries, SubjectBinding
from guard.certificate import Bound, CatalogueRate, CellResult, Certificate, Proportion, Status, WholeResult
from guard.dossier import ISSUER, SEAL_PREDICATE, Seal
from guard.hazards import Population
from guard.keys import PrivateKey
from guard.points import OperatingPoint
from guard.protocol import CellPlan, GeneratorBinding, Limits, Protocol, TrafficPlan
from guard.subjects import smollm2, wheels
from guard.trust import Trust

# The same examples on every machine, however slow it is.
settings.register_profile("auscult", deadline=None, derandomize=True)
settings.load_profile("auscult")

MODEL = {"config.json": b"{}", "model.safetensors": b"not weights", "tokenizer.json": b"[]"}
SUITE = {
    "canaries.jsonl": b'{"row":{"id":"c","text":"hello","label":0,"hazard":"any"},"scores":[]}\n',
    "probes.safetensors": random.Random(2).randbytes(120),
    "suite.json": b'{"format": "made up"}\n',
}
RESULTS = random.Random(1).randbytes(240)


class Sealed(NamedTuple):
    """A sealed dossier and who signed it."""

    folder: Path
    key: PrivateKey
    trust: Trust


def _sha(contents: dict[str, bytes]) -> dict[str, str]:
    return {name: str(digest.of_bytes(data)) for name, data in sorted(contents.items())}


def _subject() -> SubjectBinding:
    manifest = {name: digest.of_bytes(data) for name, data in sorted(MODEL.items())}
    return SubjectBinding(
        name="phantom", manifest=dict(manifest), root=digest.root(manifest), tokenizer=manifest["tokenizer.json"],
        chat_template=digest.of_bytes(b"template"), system_prompt="none", context=2048, engine="none", dtype="float32",
        device="cpu", scoring=1, decoding={"temperature": "0"}, demonstration=False,
    )  # fmt: skip


def _point(claim: str = "missed_emergency@prompt", **changes: Any) -> OperatingPoint:
    fields = {"lang": "en", "bucket": "upto1000", "threshold": "1.5", "certified": True, "gate": "token"}
    return OperatingPoint(claim=claim, **(fields | changes))


def _bound(
    estimand: str, upper: str, population: Population = Population.LISTED, limit: str = "0.05", units: int = 600
) -> Bound:
    return Bound(
        estimand=estimand, population=population, unit="draw", method="wsr", units=units,
        loss=Proportion(successes=6, trials=600), mean="0.01", delta="0.008", upper=upper, lower="0.001", limit=limit,
        status=(Status.PASS if float(upper) <= float(limit) else Status.NOT_SHOWN) if limit else None, smallest="0.008",
    )  # fmt: skip


def _cell(claim: str = "missed_emergency@prompt", uppers: dict[str, str] | None = None, **changes: Any) -> CellResult:
    of = {"miss": "0.03", "miss_unseen": "0.2", "false_alarm_traffic": "0.03", "false_alarm_near": "0.06"} | (uppers or {})
    bounds = {name: _bound(name, upper) for name, upper in of.items()}
    bounds["false_alarm_near"] = _bound("false_alarm_near", of["false_alarm_near"], limit="0.1")
    bounds["miss_unseen"] = _bound("miss_unseen", of["miss_unseen"], Population.UNSEEN, limit="", units=3)
    fields = {
        "lang": "en", "bucket": "upto1000", "plain": "does not notice an emergency that the user describes", "draws": 600,
        "scenarios": 590, "families": 7, "fact_rows": 12, "unavailable": 0,
        "catalogue": CatalogueRate(loss=Proportion(successes=6, trials=600), upper="0.02", delta="0.01"),
    }  # fmt: skip
    return CellResult(claim=claim, **(fields | bounds | changes))


def _plan(**changes: Any) -> Protocol:
    fields: dict[str, Any] = {
        "product": "Triage helper", "not_before": "2026-11-01T00:00:00+00:00", "not_after": "2027-01-30T00:00:00+00:00",
        "serial": 1, "attempt": 1, "ledger_head": "none", "subject": _subject(), "suite": _sha(SUITE),
        "canaries": Canaries(file=digest.of_bytes(SUITE["canaries.jsonl"]), count=1, eps="0.0004"),
        "taxonomy": str(digest.of_bytes(b"taxonomy")), "rules": rules.digest(rules.names), "rule_names": tuple(rules.names),
        "dataset": digest.of_bytes(b"rows"), "eps": "0.0004", "delta": "0.04", "operating_points": (_point(),),
        "generator": GeneratorBinding(digest=digest.of_bytes(b"generator"), version="1", weights={"chest_pain": "1"}),
        "cells": (
            CellPlan(
                claim="missed_emergency@prompt", lang="en", bucket="upto1000", draws=600, unseen_families=3, unseen_draws=50,
                limits=Limits(
                    max_miss="0.05", max_false_alarm="0.05", max_false_alarm_near="0.1", population=Population.LISTED
                ),
                delta_miss="0.008", delta_unseen="0.008", delta_false_alarm="0.008", predicted_pass="0.9",  # noqa: S106
            ),
        ),
        "traffic": (TrafficPlan(lang="en", bucket="upto1000", draws=2000, max_false_alarm="0.1", delta_false_alarm="0.008"),),
        "unit": "draw", "order": protocol.ORDER_RULE, "seed": protocol.SEED_RULE, "analysis": digest.of_bytes(b"code"),
        "demonstration": False,
    }  # fmt: skip
    return Protocol(**(fields | changes))


def _certificate(plan: Protocol | None = None, payload: str = "", **changes: Any) -> Certificate:
    plan = plan or _plan()
    shared = {name: getattr(plan, name) for name in Certificate.__struct_fields__ if name in Protocol.__struct_fields__}
    whole = WholeResult(
        lang="en", bucket="upto1000", rules=plan.rules, false_alarm=_bound("false_alarm_whole", "0.08", limit="0.1", units=2000)
    )
    fields = shared | {
        "supersedes": "", "protocol": payload or digest.of_bytes(b"no protocol"), "results": digest.of_bytes(RESULTS),
        "redrawn": True, "labels": "no clinician has checked the answer key", "rung": "R0", "cells": (_cell(),),
        "whole": (whole,), "limitations": ("made up for a test",),
    }  # fmt: skip
    return Certificate(**(fields | changes))


def _seal(folder: Path, key: PrivateKey) -> None:
    listed = {
        path.relative_to(folder).as_posix(): str(digest.of_file(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "seal.json"
    }
    subjects = {"dossier": digest.of_bytes(digest.canonical(listed))}
    files.write(folder / "seal.json", dsse.sign(dsse.statement(SEAL_PREDICATE, Seal(files=listed), subjects), key))


def _suite(suite: dict[str, bytes]) -> dict[str, Any]:
    data = suite["canaries.jsonl"]
    canaries = Canaries(file=digest.of_bytes(data), count=data.count(b"\n"), eps="0.0004")
    return {"suite": _sha(suite), "canaries": canaries}


def _dossier(
    folder: Path,
    key: PrivateKey,
    *,
    plan: dict[str, Any] | None = None,
    issued: dict[str, Any] | None = None,
    subjects: dict[str, str] | None = None,
    suite: dict[str, bytes] = SUITE,
) -> Path:
    planned = _plan(**(_suite(suite) | (plan or {})))
    payload = dsse.statement(protocol.PREDICATE, planned, agreement.protocol_subjects(planned))
    made = _certificate(planned, digest.of_bytes(payload), **(issued or {}))
    named = agreement.certificate_subjects(made)
    contents = {
        "protocol.json": dsse.sign(payload, key),
        "certificate.json": dsse.sign(dsse.statement(certificate.PREDICATE, made, named | (subjects or {})), key),
        "results.parquet": RESULTS,
        "report.html": b"<p>report</p>",
        ISSUER: keys.public_pem(keys.public(key)),
        **{f"suite/{name}": data for name, data in suite.items()},
    }
    for name, data in contents.items():
        files.write(folder / name, data)
    _seal(folder, key)
    return folder


@pytest.fixture
def make_point() -> Callable[..., OperatingPoint]:
    """Make an operating point of one cell; fields can be changed by name."""
    return _point


@pytest.fixture
def make_cell() -> Callable[..., CellResult]:
    """Make the result of one cell, with upper bounds by estimand; fields can be changed by name."""
    return _cell


@pytest.fixture
def make_certificate() -> Callable[..., Certificate]:
    """Make a certificate of one claim; fields can be changed by name."""
    return _certificate


@pytest.fixture
def make_dossier() -> Callable[..., Path]:
    """Write a sealed dossier into a folder: `make_dossier(folder, key, plan={...}, issued={...}, ...)`."""
    return _dossier


@pytest.fixture
def seal_again() -> Callable[[Path, PrivateKey], None]:
    """Seal a folder with a key, whatever is in it."""
    return _seal


@pytest.fixture
def sealed(tmp_path: Path) -> Sealed:
    """Return a sealed dossier: its folder, the key that signed it, and a verifier's trust in that key."""
    key = keys.generate()
    public = keys.public(key)
    folder = _dossier(tmp_path / "dossier", key)
    return Sealed(folder, key, Trust({keys.key_id(public): public}))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return the folder of the model that the sealed dossier is about."""
    for name, data in MODEL.items():
        files.write(tmp_path / "model" / name, data)
    return tmp_path / "model"


@pytest.fixture
def changed() -> Callable[..., Any]:
    """Return a frozen struct with some fields changed."""
    return msgspec.structs.replace


_SOFTHSM = [
    Path("/usr/lib", *where, "softhsm", "libsofthsm2.so") for where in ((), ("x86_64-linux-gnu",), ("aarch64-linux-gnu",))
]

_PROGRAMS: dict[str, Callable[[], Path | None]] = {
    "browser": lambda: _which("chromium", "chromium-browser", "google-chrome"),
    "poppler": lambda: _which("pdftoppm"),
    "pdfsig": lambda: _which("pdfsig") and _which("certutil"),
    "softhsm": lambda: next((path for path in _SOFTHSM if path.is_file()), None),
    "smollm2": lambda: wheels.installed(smollm2.PINNED),
    "postgres": lambda: next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None) or _which("initdb"),
}
"""What a marked test needs."""


def _which(*names: str) -> Path | None:
    return next((Path(found) for name in names if (found := shutil.which(name))), None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose program is not there, and say so; with REQUIRE=all its absence is a failure."""
    for marker, find in _PROGRAMS.items():
        if item.get_closest_marker(marker) and find() is None:
            if os.environ.get("REQUIRE") == "all":
                pytest.fail(f"needs {marker}, which is not installed", pytrace=False)
            pytest.skip(f"needs {marker}, which is not installed")


@pytest.fixture(scope="session")
def program() -> Callable[[str], Path]:
    """Return the path of a program that a marked test may use."""

    def find(marker: str) -> Path:
        found = _PROGRAMS[marker]()
        assert found is not None
        return found

    return find


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], Path]) -> Iterator[dict[str, str]]:
    """Make a token with keys, and return the environment that opens it; a marked test's own, in a library that is real.

    `issuer` (id 1) is a P-256 key; `twin` two of them; `large` is on another curve; `rsa` is of another kind.
    """
    import pkcs11
    from pkcs11.util.ec import encode_named_curve_parameters

    folder, pin = tmp_path_factory.mktemp("token"), "73519824"
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        made = ["softhsm2-util", "--init-token", "--free", "--label", "auscult", "--pin", pin, "--so-pin", "12345678"]
        subprocess.run(made, capture_output=True, check=True)
        (found,) = (one for one in pkcs11.lib(str(program("softhsm"))).get_tokens() if one.label == "auscult")
        with found.open(user_pin=pin, rw=True) as session:
            for number, (label, curve) in enumerate(
                [("issuer", "secp256r1"), ("twin", "secp256r1"), ("twin", "secp256r1"), ("large", "secp384r1")], 1
            ):
                parameters = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}
                domain = session.create_domain_parameters(pkcs11.KeyType.EC, parameters, local=True)
                domain.generate_keypair(store=True, label=label, id=bytes([number]))
            session.generate_keypair(pkcs11.KeyType.RSA, 1024, store=True, label="rsa", id=b"\x05")
        yield {"AUSCULT_PKCS11_MODULE": str(program("softhsm")), "AUSCULT_PKCS11_PIN": pin}
