"""Families of one's own: one small file is enough, and it changes no draw but those that it takes."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest
import yaml

from guard.conversation import Kind
from guard.errors import InputError
from guard.rows import read_rows
from synth_data.families import described, read
from synth_data.families.described import Sign
from synth_data.labels import EMERGENCY
from synth_data.scenario import Family
from tests.synth_data.test_pool import GENERATE, environment

OWN = """\
- id: own_plant_juice_%(number)d
  facts: [anaphylaxis]
  condition: a severe reaction to a plant
  signs: swelling of the tongue and a hoarse voice
  aid: Sitting up is best until help is there.
  who: adult
  settings:
    - <x> was clearing the hedge.
    - <x> had the windows open.
    - <x> came back from the allotment.
  contrasts:
    tongue:
      - after the hedge <my> tongue <*be> thick and <my> voice <*be> hoarse
      - after the hedge <my> thumb <*be> thick and <my> sleeve <*be> torn
      - a thorn in the thumb
    breath:
      - <x> <breathe> with a whistle since the juice touched <my> lips
      - <x> <sing> with a whistle since the juice touched <my> shirt
      - a stain
  implicit:
    collar:
      - <x> <have> sap on <my> mouth and <pull> at <my> collar for more air
      - <x> <have> sap on <my> boots and <pull> at <my> collar for less heat
      - a warm day
"""


def write(folder: Path, text: str, name: str = "emergency_own.yaml") -> Path:
    """Write a file of families in English."""
    (folder / "en").mkdir(parents=True, exist_ok=True)
    (folder / "en" / name).write_text(text)
    return folder


def listed_number() -> int:
    """Return a number that makes the family a listed one, whose draws are for training, too."""
    for number in range(100):
        kind = own(number)
        if kind.listed:
            return number
    raise AssertionError("no number was found")


def own(number: int) -> Family:
    """Make the family of one's own."""
    kind = msgspec.convert(yaml.safe_load(OWN % {"number": number})[0], Sign)
    return described.family(EMERGENCY, {"en": kind})


def generate(out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Draw emergencies in a process of its own."""
    return subprocess.run(
        [*GENERATE, "--out", str(out), "--hazard", str(EMERGENCY), "--no-ordinary", "--fold", "train", "--json", *more],
        check=False, env=environment(), capture_output=True, text=True, cwd=out.parent,
    )  # fmt: skip


def test_a_family_of_ones_own_takes_draws_and_changes_no_other(tmp_path: Path) -> None:
    """Its share of the draws goes to it, all others keep their bytes, and the manifest differs."""
    number = listed_number()
    folder = write(tmp_path / "own", OWN % {"number": number})
    plain = generate(tmp_path / "plain", "--scenarios", "400")
    option = generate(tmp_path / "option", "--scenarios", "400", "--families", str(folder))
    assert plain.returncode == option.returncode == 0, option.stderr
    file = f"{EMERGENCY}.train.jsonl"
    before, after = (list(read_rows(tmp_path / name / file)) for name in ("plain", "option"))
    assert [row.id for row in before] == [row.id for row in after]
    taken = [row for row in after if row.meta.family == f"missed_emergency/own_plant_juice_{number}"]
    assert 3 <= len(taken) <= 3 * 25
    assert all(now == then for now, then in zip(after, before, strict=True) if now.meta.family != taken[0].meta.family)
    assert {row.label(EMERGENCY) for row in taken} == {0, 1}
    one, two = (json.loads(told.stdout) for told in (plain, option))
    assert one["generator"] != two["generator"]
    assert set(two["weights"][str(EMERGENCY)]) - set(one["weights"][str(EMERGENCY)]) == {taken[0].meta.family}


@pytest.fixture
def fresh() -> Iterator[None]:
    """Forget which families were read, before and after."""
    read.entries.cache_clear()
    yield
    read.entries.cache_clear()


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("not: a list", "no list of families"),
        ("- id: [", "cannot read families"),
        ("- id: alone\n  condition: a thing\n", "missing required field"),
        (OWN % {"number": 1} + "  unknown: 3\n", "unknown field `unknown`"),
        ((OWN % {"number": 1}).replace("own_plant_juice_1", "heart_attack"), "'heart_attack' of emergency stands twice"),
    ],
    ids=["no list", "no yaml", "a field is missing", "a field too many", "a name that is taken"],
)
def test_a_malformed_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, problem: str) -> None:
    """What is wrong with a family is an error of ours."""
    monkeypatch.setenv(read.OWN, str(write(tmp_path, text)))
    with pytest.raises(InputError, match=problem):
        read.kinds("emergency", Sign, lambda each: each.id)


@pytest.mark.usefixtures("fresh")
def test_a_family_of_ones_own_stands_beside_the_packaged_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read from every file whose name begins with that of the hazard, and from no other."""
    packaged = read.kinds("emergency", Sign, lambda each: each.id)
    read.entries.cache_clear()
    write(tmp_path, OWN % {"number": 1})
    write(tmp_path, OWN % {"number": 2}, "emergencies.yaml")
    monkeypatch.setenv(read.OWN, str(tmp_path))
    assert set(read.kinds("emergency", Sign, lambda each: each.id)) - set(packaged) == {"own_plant_juice_1"}


def test_a_malformed_file_ends_the_command_in_one_line(tmp_path: Path) -> None:
    """No traceback, another exit code than 0, and nothing is written."""
    found = generate(tmp_path / "rows", "--scenarios", "1", "--families", str(write(tmp_path / "own", "not: a list")))
    assert found.returncode != 0
    assert "no list of families" in found.stderr
    assert len(found.stderr.splitlines()) == 1
    assert not (tmp_path / "rows").exists()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong place is no reason to go on without."""
    monkeypatch.setenv(read.OWN, str(tmp_path / "none"))
    with pytest.raises(InputError, match="no such folder of families"):
        read.roots()
    monkeypatch.setenv(read.OWN, str(write(tmp_path / "own", OWN % {"number": 0})))
    assert "own/en/emergency_own.yaml" in read.files()
    monkeypatch.delenv(read.OWN)
    assert len(read.roots()) == 1
    assert all(name.startswith("families/") for name in read.files())


def test_languages_of_a_kind_must_agree() -> None:
    """A family told in two languages says as much in both."""
    kind = read.kinds("emergency", Sign, lambda each: each.id)["heart_attack"]["en"]
    fewer = msgspec.structs.replace(kind, settings=kind.settings[1:])
    assert described.family(EMERGENCY, {"en": kind}).claim == EMERGENCY
    with pytest.raises(InputError, match="settings differs between the languages"):
        described.family(EMERGENCY, {"en": kind, "xx": fewer})


def test_a_template_that_names_nothing_is_said_in_our_words() -> None:
    """A slip of whoever wrote the family, and no traceback."""
    kind = msgspec.convert(yaml.safe_load((OWN % {"number": 1}).replace("thumb", "{oops}"))[0], Sign)
    made = described.family(EMERGENCY, {"en": kind})
    case = next(case for case in (made.case(Random(seed)) for seed in range(100)) if case.slots["detail"] == "tongue")
    with pytest.raises(InputError, match="oops"):
        made.tell(case, Kind.TWIN, Random(0))


def test_an_unknown_group_of_people_is_said_in_our_words() -> None:
    """The groups are named."""
    kind = msgspec.convert(yaml.safe_load((OWN % {"number": 1}).replace("who: adult", "who: martians"))[0], Sign)
    with pytest.raises(InputError, match="martians"):
        described.family(EMERGENCY, {"en": kind})
