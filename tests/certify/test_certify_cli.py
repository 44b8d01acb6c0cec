"""`auscult certify`: what it prints, how it exits, and that a failure is one line that says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

import auscult
from certify import results
from certify.dataset import load
from guard import digest, files, keys
from guard.dossier import open_prepared
from guard.keys import public, public_pem

from . import tiny
from .conftest import World
from .made_up import EMERGENCY, INJECTION, KEY, cell, certificate_of, losses_of, plan, sealed

ROOT = Path(__file__).parents[2]
BUCKETS = ("upto1000", "upto8000")
DEMONSTRATION = str(ROOT / "policies" / "demonstration.yaml")


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    """Exit code."""
    out: str
    """Standard output."""
    err: str
    """Standard error."""

    @property
    def line(self) -> str:
        """The one line of a failure."""
        assert self.out == ""
        assert self.err.startswith("auscult: ")
        assert self.err.count("\n") == 1
        return self.err.removeprefix("auscult: ").rstrip("\n")


Run = Callable[..., Ran]


@pytest.fixture
def certify(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `auscult certify` with some words, in a home of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AUSCULT_KEY_PASSWORD", "a password")
    monkeypatch.delenv("AUSCULT_TRUST", raising=False)

    def run(*words: object) -> Ran:
        code = auscult.main(["certify", *map(str, words)])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """The issuer's key, encrypted, with its public half beside it."""
    keys.write_private(tmp_path / "issuer.pem", KEY, b"a password")
    files.write(tmp_path / "issuer.pem.pub", public_pem(public(KEY)))
    return tmp_path / "issuer.pem"


@pytest.fixture
def dossier(tmp_path: Path) -> Path:
    """A sealed dossier of made-up losses."""
    made = plan(cell(draws=12), cell(INJECTION, draws=9), traffic=8)
    return sealed(tmp_path / "dossier", made, losses_of(made, {"miss": 1}))


class TestPlan:
    """`certify plan`."""

    def test_prints_a_table(self, certify: Run) -> None:
        """Every certified claim and the whole, with bounds, sizes, deltas and chances; exit 0."""
        done = certify("plan", "--policy", DEMONSTRATION, "--draws", 400, "--traffic", 800)
        assert (done.code, done.err) == (0, "")
        head, rule, *rows = done.out.splitlines()
        assert head.split()[:3] == ["cell", "bound", "method"]
        assert set(rule) == {"-", " "}
        cells = {row.split()[0] for row in rows}
        assert cells == {
            "missed_emergency@prompt/en/upto1000",
            "self_harm@prompt/en/upto1000",
            "clinical_misuse@prompt/en/upto1000",
            "self_treatment@prompt/en/upto1000",
            "prompt_injection@prompt/en/upto1000",
            "prompt_injection@context/en/upto1000",
            "whole/en/upto1000",
        }
        assert {row.split()[3] for row in rows} == {"400", "800"}

    def test_unseen_families_are_counted_where_there_is_data(self, certify: Run, world: World) -> None:
        """With `--data` a claim without unseen families is refused, as `prepare` would refuse it."""
        done = certify("plan", "--policy", DEMONSTRATION, "--draws", 400, "--traffic", 800, "--data", world.train)
        assert done.code == 1
        assert "the generator has no unseen families of self_harm@prompt" in done.line

    def test_for_machines(self, certify: Run) -> None:
        """`--json` gives the same rows as objects."""
        done = certify("plan", "--policy", DEMONSTRATION, "--draws", 300, "--traffic", 300, "--json")
        rows = json.loads(done.out)
        assert done.code == 0
        assert {row["units"] for row in rows} == {"300"}
        assert {row["bound"] for row in rows} == {"miss", "false_alarm_near", "false_alarm_traffic", "false_alarm_whole"}

    def test_an_impossible_limit(self, certify: Run) -> None:
        """Too few draws for a limit: exit 1 and one line with the number that would do."""
        done = certify("plan", "--policy", DEMONSTRATION, "--draws", 20, "--traffic", 800)
        assert done.code == 1
        assert "missed_emergency@prompt/en/upto1000 can't be decided" in done.line
        assert "plan at least" in done.line

    @pytest.mark.parametrize(("words", "code"), [(("--draws", 0), 2), (("--attempt", 0), 2), (("--draws", "many"), 2)])
    def test_sizes_that_can_not_be(self, certify: Run, words: tuple[object, ...], code: int) -> None:
        """Nonsense is refused without a traceback."""
        done = certify("plan", "--policy", DEMONSTRATION, *words)
        assert done.code == code
        assert "Traceback" not in done.err

    def test_a_policy_that_is_not_there(self, certify: Run, tmp_path: Path) -> None:
        """A missing policy is named; exit 2."""
        done = certify("plan", "--policy", tmp_path / "none.yaml")
        assert done.code == 2
        assert "cannot read" in done.line


class TestRecompute:
    """`certify recompute`."""

    def test_a_sealed_dossier(self, certify: Run, dossier: Path, key_file: Path) -> None:
        """Every bound is printed twice, stated and derived, and they agree; exit 0."""
        done = certify("recompute", dossier, "--trust", key_file.with_suffix(".pem.pub"))
        assert (done.code, done.err) == (0, "")
        assert "all 9 bounds agree" in done.out
        assert "unknown" not in done.out
        rows = [line.split() for line in done.out.splitlines()[2:11]]
        assert all(row[2] == row[3] for row in rows)

    def test_without_trust_it_says_so(self, certify: Run, dossier: Path) -> None:
        """The numbers can be derived by anyone, but who signed them is not known."""
        done = certify("recompute", dossier)
        assert done.code == 0
        assert "the signer is unknown" in done.out

    def test_for_machines(self, certify: Run, dossier: Path) -> None:
        """`--json` gives claim, estimand, stated and derived."""
        rows = json.loads(certify("recompute", dossier, "--json").out)
        assert len(rows) == 9
        assert all(set(row) == {"claim", "estimand", "stated", "derived"} for row in rows)

    def test_an_altered_table(self, certify: Run, dossier: Path) -> None:
        """A changed byte breaks the seal: exit 1, one line."""
        with (dossier / "results.parquet").open("ab") as stream:
            stream.write(b" ")
        done = certify("recompute", dossier)
        assert done.code == 1
        assert "altered file: results.parquet" in done.line

    def test_losses_that_do_not_give_the_bounds(self, certify: Run, tmp_path: Path) -> None:
        """A certificate whose issuer signed better bounds than the losses give is found out, though every seal holds."""
        made = plan(cell(draws=12), traffic=8)
        worse = losses_of(made, {"miss": 6})
        better = certificate_of(made, losses_of(made))
        forged = msgspec.structs.replace(better, results=digest.of_bytes(results.write(worse)))
        done = certify("recompute", sealed(tmp_path / "forged", made, worse, forged))
        assert done.code == 1
        assert "the bound miss of missed_emergency@prompt is not what results.parquet gives" in done.line

    def test_no_dossier(self, certify: Run, tmp_path: Path) -> None:
        """A folder that is not there: exit 2, and what makes one."""
        done = certify("recompute", tmp_path / "none")
        assert done.code == 2
        assert "make one with auscult certify" in done.line


class TestPrepareErrors:
    """What `certify prepare` says when something is missing."""

    def ask(self, certify: Run, tmp_path: Path, **changes: object) -> Ran:
        """Prepare with something else than usual; None leaves an option out."""
        usual = {"data": tmp_path, "policy": DEMONSTRATION, "out": tmp_path / "out"} | changes
        return certify("prepare", *(word for name, value in usual.items() if value for word in (f"--{name}", value)))

    def test_no_key(self, certify: Run, tmp_path: Path) -> None:
        """Without a key nothing can be signed, so nothing is begun."""
        done = self.ask(certify, tmp_path)
        assert done.code == 2
        assert done.line == "no signing key was named; make one with auscult key new and say --key FILE"

    def test_a_key_that_is_not_there(self, certify: Run, tmp_path: Path) -> None:
        """The missing file is named."""
        done = self.ask(certify, tmp_path, key=tmp_path / "none.pem")
        assert done.code == 2
        assert "cannot read" in done.line
        assert "none.pem" in done.line

    def test_a_wrong_password(self, certify: Run, tmp_path: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The password is named by its variable, never by its value."""
        monkeypatch.setenv("AUSCULT_KEY_PASSWORD", "something else")
        done = self.ask(certify, tmp_path, key=key_file)
        assert done.code == 2
        assert "AUSCULT_KEY_PASSWORD" in done.line
        assert "something else" not in done.line

    def test_no_data(self, certify: Run, tmp_path: Path, key_file: Path) -> None:
        """A folder without rows: the command that makes some."""
        done = self.ask(certify, tmp_path, key=key_file, data=tmp_path / "none")
        assert done.code == 2
        assert done.line.endswith("make some with auscult synth generate")

    def test_data_without_a_manifest(self, certify: Run, tmp_path: Path, key_file: Path) -> None:
        """Rows of nobody are no data."""
        done = self.ask(certify, tmp_path, key=key_file)
        assert done.code == 2
        assert "manifest.json" in done.line

    def test_data_was_not_named(self, certify: Run, tmp_path: Path) -> None:
        """A missing option is a usage error, in click's words."""
        done = self.ask(certify, tmp_path, data=None)
        assert done.code == 2
        assert "--data" in done.err

    @pytest.mark.parametrize("subject", ["gpt", "hf:", "hf:/no/such/folder", "vllm:x"])
    def test_an_unknown_subject(self, certify: Run, world: World, key_file: Path, tmp_path: Path, subject: str) -> None:
        """A model that there is not: exit 2, and how a model is written."""
        done = self.ask(certify, tmp_path, key=key_file, data=world.train, subject=subject)
        assert done.code == 2
        assert "subject" in done.line or "no such folder" in done.line

    def test_a_system_prompt_that_is_no_text(self, certify: Run, world: World, key_file: Path, tmp_path: Path) -> None:
        """Bytes that are not UTF-8 can't be said to a model."""
        (tmp_path / "system.txt").write_bytes(b"\xff\xfe")
        done = self.ask(certify, tmp_path, key=key_file, data=world.train, system=tmp_path / "system.txt")
        assert done.code == 2
        assert "not UTF-8" in done.line

    def test_certify_rows_among_the_data(self, certify: Run, world: World, key_file: Path, tmp_path: Path) -> None:
        """Rows of a test are not for fitting: exit 1, before anything is written."""
        done = self.ask(certify, tmp_path, key=key_file, data=world.test, subject=f"hf:{world.model}")
        assert done.code == 1
        assert "folds train and select, and no others" in done.line
        assert not (tmp_path / "out").exists()


def test_from_rows_to_scores(certify: Run, world: World, tmp_path: Path, key_file: Path) -> None:
    """prepare, test, recompute and evaluate, one after the other, as an engineer would in a pipeline."""
    files.write(tmp_path / "policy.yaml", tiny.POLICY.encode())
    model, out, trust = f"hf:{world.model}", tmp_path / "out", key_file.with_suffix(".pem.pub")
    signing = ("--subject", model, "--key", key_file)
    sizes = ("--draws", 40, "--traffic", 50)

    done = certify(
        "prepare", *signing, *sizes, "--data", world.train, "--policy", tmp_path / "policy.yaml", "--out", out,
        "--product", "tiny ward", "--ledger", tmp_path / "ledger.jsonl", "--json",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    facts = json.loads(done.out)
    assert (facts["dossier"], facts["attempt"]) == (str(out), 1)
    assert not any(name.startswith("gap of") for name in facts)
    assert (tmp_path / "ledger.jsonl").read_text().count("\n") == 1

    planned = tiny.test_rows((out / "protocol.json").read_bytes())
    # The command plans the documented 20 draws of each unseen family.
    assert sum(row.meta.fold == "unseen" for row in planned[0]) == 2 * 3 * 20 * 3
    rows = tiny.write(tmp_path / "rows", *planned)
    assert certify("evaluate", out, "--data", rows, "--trust", trust).code == 1  # not tested yet
    wrong = certify("test", out, "--data", world.test, *signing)
    assert wrong.code == 1
    assert "drawn for another protocol" in wrong.line
    done = certify("test", out, "--data", rows, *signing, "--ledger", tmp_path / "ledger.jsonl")
    assert (done.code, done.err) == (0, "")
    assert digest.of_bytes((tmp_path / "ledger.jsonl").read_bytes()) in (out / "report.html").read_text()
    table = [line.split() for line in done.out.splitlines()]
    assert [row[0] for row in table[2:4]] == [str(EMERGENCY), str(INJECTION)]
    assert "any finding on ordinary traffic at most" in done.out

    done = certify("recompute", out, "--trust", trust)
    assert (done.code, "all 9 bounds agree" in done.out) == (0, True)

    scores = tmp_path / "scores.parquet"
    refused = certify("evaluate", out, "--data", rows, "--trust", trust, "--subject", model, "--out", scores)
    assert (refused.code, scores.exists()) == (1, False)
    assert "rows of unseen families" in refused.line
    done = certify("evaluate", out, "--data", world.train, "--trust", trust, "--subject", model, "--out", scores)
    assert (done.code, done.err) == (0, "")
    assert "all files" in done.out
    written = pq.read_table(scores).schema
    words = {name for name in written.names if written.field(name).type == "string"}
    assert words == {"file", "id", "claim", "lang", "status", "group"}
    files.write(tmp_path / "other.jsonl", b'{"id":"a","text":"hello","label":1,"hazard":"nonsense"}\n')
    other = certify("evaluate", out, "--data", tmp_path / "other.jsonl", "--trust", trust, "--subject", model)
    assert other.code == 2
    assert "no row of the data is labelled for a claim of the dossier" in other.line
    done = certify("evaluate", out, "--data", rows, "--subject", model)
    assert done.code == 1
    assert "its signer" in done.line


@pytest.mark.parametrize("option", ["--sealed", "--frame"])
def test_a_sealed_file_and_its_frame_come_together(certify: Run, tmp_path: Path, key_file: Path, option: str) -> None:
    """One without the other is refused before any work, with what to say."""
    ran = certify("prepare", "--data", tmp_path, "--key", key_file, "--out", tmp_path / "out", option, tmp_path / "x")
    assert ran.code == 2
    assert ran.line == "a sealed file needs a frame, and a frame a file; say --sealed FILE --frame FRAME.yaml"


def test_gaps_are_named(certify: Run, world: World, tmp_path: Path, key_file: Path) -> None:
    """Where no threshold can do what the policy demands, `prepare` still signs, and says in which cells and why.

    Each length has thresholds of its own. What was read of the model stays in the cache.
    """
    files.write(tmp_path / "policy.yaml", tiny.POLICY.replace("max_miss: 0.65", "max_miss: 0.01").encode())
    rows = load(world.train).rows
    long = [
        replace(row, id=f"{row.id} long", meta=msgspec.structs.replace(row.meta, draw=row.meta.draw.replace(*BUCKETS)))
        for row in rows
        if row.meta.draw.split("/")[-1] < "3"
    ]
    done = certify(
        "prepare", "--subject", f"hf:{world.model}", "--key", key_file, "--draws", 40, "--traffic", 50,
        "--data", tiny.write(tmp_path / "rows", [*rows, *long]), "--policy", tmp_path / "policy.yaml",
        "--out", tmp_path / "out", "--length", "long", "--length", "short", "--search", "quick", "--cache", tmp_path / "cache",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    for bucket in BUCKETS:
        assert f"gap of missed_emergency@prompt/en/{bucket}: miss: 40 units give a bound of at least" in done.out
    assert [cell.bucket for cell in open_prepared(tmp_path / "out").protocol.cells] == [BUCKETS[0]] * 2 + [BUCKETS[1]] * 2
    assert list((tmp_path / "cache").glob("*/index.parquet"))
    assert (tmp_path / "home" / "auscult" / "ledger.jsonl").exists()


class TestExtract:
    """`certify extract`."""

    def test_activations_are_written_once(self, certify: Run, world: World, tmp_path: Path) -> None:
        """Shards and an index of every turn; a second call finds them finished and leaves each file as it is."""
        words = ("extract", "--subject", f"hf:{world.model}", "--data", world.train, "--out", tmp_path / "shards")
        done = certify(*words, "--points", "0", "--json")
        assert (done.code, done.err) == (0, "")
        facts = json.loads(done.out)
        folder = Path(facts["folder"])
        assert (folder.parent, facts["hook points"]) == (tmp_path / "shards", ["0.resid_post"])
        assert pq.read_table(folder / "index.parquet").num_rows == facts["turns"] > 0
        stamps = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
        again = certify(*words, "--points", "0")
        assert f"{facts['turns']} turns of {facts['rows']} rows at 0.resid_post: {folder}" in again.out
        assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == stamps
        both = json.loads(certify(*words, "--places", "answer", "--json").out)
        assert len(both["hook points"]) == world.subject.layers
        assert both["folder"] != facts["folder"]

    @pytest.mark.parametrize("points", ["99", "one", "-1", "", "0,", "0,9999999999999"])
    def test_blocks_that_the_model_has_not(self, certify: Run, world: World, tmp_path: Path, points: str) -> None:
        """One line with the blocks that there are; nothing is written."""
        words = ("--subject", f"hf:{world.model}", "--data", world.train, "--out", tmp_path / "shards", "--points", points)
        done = certify("extract", *words)
        assert done.code == 2
        assert f"name some of 0 to {world.subject.layers - 1}" in done.line
        assert not (tmp_path / "shards").exists()

    def test_unseen_families_stay_unseen(self, certify: Run, world: World, tmp_path: Path) -> None:
        """Rows that only a test may read are refused: exit 1."""
        done = certify("extract", "--subject", f"hf:{world.model}", "--data", world.test, "--out", tmp_path / "shards")
        assert done.code == 1
        assert "rows of unseen families" in done.line


@pytest.mark.parametrize("command", ["plan", "prepare", "test", "evaluate", "recompute", "extract"])
def test_help_has_an_example(certify: Run, command: str) -> None:
    """Every command explains itself and shows how it is called."""
    done = certify(command, "--help")
    assert done.code == 0
    assert f"Example: auscult certify {command}" in done.out
