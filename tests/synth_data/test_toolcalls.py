"""Calls of tools that the generator writes: labels derived again from the tables, pairs of one fact, never a test row."""

import csv
import json
import re
from collections.abc import Iterator
from random import Random

import pytest

from guard import resources
from guard.conversation import Conversation, Fold, Kind, Message, Role
from guard.errors import ProtocolError
from guard.hazards import Claim
from synth_data import draws, families, labels
from synth_data.families import toolcalls_doses, toolcalls_orders, toolcalls_session
from synth_data.scenario import Case, Family, Telling

FAMILIES = [family for claim in labels.TOOL_CLAIMS for family in families.families(claim)]
TRIPLE = (Kind.POSITIVE, Kind.TWIN, Kind.HARD_NEGATIVE)
LONGEST = 1000
PER_DAY = {
    "once a day": 1, "every morning": 1, "every evening": 1, "daily": 1, "twice a day": 2, "three times a day": 3,
    "four times a day": 4, "every 4 hours": 6, "every 3 hours": 8,
}  # fmt: skip
PER_WEEK = ("once a week", "weekly", "every Monday", "every Friday")
MG = {"g": 1000.0, "mg": 1.0, "mcg": 0.001}
MEMBERS = {
    "SSRI": ("sertraline", "fluoxetine", "citalopram", "escitalopram", "paroxetine", "fluvoxamine"),
    "MAOI": ("tranylcypromine",),
    "NSAID": ("ibuprofen", "naproxen", "diclofenac", "meloxicam", "ketorolac"),
    "other NSAID": ("ibuprofen", "naproxen", "diclofenac", "meloxicam"),
    "ACE inhibitor": ("lisinopril", "ramipril"),
    "ARB": ("losartan",),
    "benzodiazepine": ("alprazolam", "clonazepam", "lorazepam", "diazepam"),
    "opioid": ("codeine", "tramadol"),
    "gabapentinoid": ("gabapentin", "pregabalin"),
    "beta blocker": ("bisoprolol", "metoprolol", "propranolol"),
    "organic nitrate": ("isosorbide mononitrate",),
    "thiazide diuretic": ("hydrochlorothiazide",),
    "tetracycline antibiotic": ("doxycycline",),
    "HIV protease inhibitor": ("ritonavir",),
}
SIGNED = (
    r"(?:Signed in: |User role: |At the keyboard: |session\.user = |You act for: |The role of this session is )([^.;]+)[.;]"
)
OPEN = (
    r"(?:Open record: |Record on screen: |session\.patient = |This session is about |Current patient: |The file that is open: )"
    r"([^.;]+)[.;]"
)
MANDATE = r"(?:Mandate on file: |Mandate holds for |mandate\.valid = |Recorded mandate: )([^.;]+)[.;]"
APPROVED = r"(?:Approval on file: |Approval given: |approval\.yes = |Said yes to: )([^.;]+)[.;]"
TAKING = r"(?:Takes now: |Current medicines: |medicines\.active = |On the list today: )([^.;]+)[.;]"


def table(name: str) -> list[dict[str, str]]:
    """Read a facts table."""
    with resources.path(f"policies/facts/{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ROLES = {(row["role_title"], row["tool"]): row for row in table("roles")}
DRUGS, PAIRS = table("drugs"), table("interactions")


def drawn(family: Family, count: int) -> Iterator[tuple[Case, dict[Kind, Telling]]]:
    """Yield cases and their three tellings, told with the same choices."""
    for index in range(count):
        case = family.case(Random(f"{family.id} {index}"))
        yield case, {kind: family.tell(case, kind, Random(index)) for kind in TRIPLE}


def found(pattern: str, message: Message) -> str:
    """Return what a session says of something, or nothing."""
    match = re.search(pattern, message.content)
    return match[1] if match else ""


def called(telling: Telling) -> tuple[str, dict[str, object]]:
    """Return the judged call: its tool and its arguments, which are JSON."""
    assert telling.messages[-1].role is Role.ASSISTANT
    (call,) = telling.messages[-1].tool_calls
    arguments = json.loads(call.arguments)
    assert isinstance(arguments, dict)
    return call.name, arguments


def role_allows(telling: Telling) -> bool:
    """Hold the call against the roles table."""
    system, (tool, _) = telling.messages[0], called(telling)
    row = ROLES[found(SIGNED, system).removesuffix(", own record"), tool]
    if row["permission"] != "needs_approval":
        return row["permission"] == "allowed"
    approved = found(APPROVED, system)
    what, _, by = approved.partition(", by ")
    return what.split(" for the ")[0] == tool and by == row["approver"]


def right_patient(telling: Telling) -> bool:
    """Hold the patient of the call against the open record, or the mandate of a relative."""
    system, (_, arguments) = telling.messages[0], called(telling)
    entitled = re.search(r"\d{5}", found(MANDATE, system) or found(OPEN, system))
    assert entitled
    given = str(arguments.get("patient_id", arguments.get("id", entitled[0])))
    return given.startswith(entitled[0])


def taken(telling: Telling) -> set[str]:
    """Return the medicines that stand as current in the conversation."""
    now = {name.strip() for name in found(TAKING, telling.messages[0]).split(",") if name.strip()}
    for message in telling.messages:
        if message.role is Role.TOOL and message.content.startswith("{"):
            resources_ = [entry["resource"] for entry in json.loads(message.content)["entry"]]
            now |= {each["medicationCodeableConcept"]["text"] for each in resources_ if each["status"] == "active"}
        elif message.role is Role.TOOL:
            lines = [[cell.strip() for cell in line.strip("| ").split("|")] for line in message.content.splitlines()]
            now |= {line[0] for line in lines if line[2] == "active"}
    return now


def rows_of(one: str, other: str) -> list[dict[str, str]]:
    """Return every row, of whatever status, in which two medicines meet."""

    def met(cell: str, drug: str) -> bool:
        return drug == cell or drug in MEMBERS.get(cell, ()) or cell.startswith(f"{drug} (")

    return [row for row in PAIRS if any(met(row["a"], x) and met(row["b"], y) for x, y in ((one, other), (other, one)))]


def side_of_dose(arguments: dict[str, object]) -> str:
    """Hold an order against the drugs table: "beyond", "within", or "between"."""
    drug, frequency = str(arguments["drug"]), str(arguments["frequency"])
    rows = [row for row in DRUGS if row["drug"] == drug and row["status"] == "V"]
    if any(row["schedule"] == "weekly" for row in rows):
        return "within" if frequency in PER_WEEK else "beyond"
    high = [float(row["max_mg_per_day"]) for row in rows if row["max_mg_per_day"]]
    low = [float(row["lower_regional_max_mg_per_day"]) for row in rows if row["lower_regional_max_mg_per_day"]]
    daily = float(str(arguments["dose"])) * MG[str(arguments["unit"])] * PER_DAY[frequency]
    assert high, f"no row that was seen in a source has a maximum of {drug}"
    return "beyond" if daily >= 2 * max(high) else "within" if daily <= min(high + low) / 2 else "between"


def dose_in_bounds(telling: Telling) -> bool:
    """Hold dose and pair against the tables; nothing may lie between the two sides."""
    tool, arguments = called(telling)
    if tool not in ("prescribe", "change_dose"):
        return True
    met = [row for other in taken(telling) for row in rows_of(str(arguments["drug"]), other)]
    barred = [row for row in met if row["status"] == "V" and row["severity"] in ("contraindicated", "major")]
    assert bool(barred) == bool(met), f"{arguments['drug']} with {taken(telling)} is no clear case: {met}"
    if arguments["unit"] == "tablet":
        return not barred
    side = side_of_dose(arguments)
    assert side != "between", arguments
    return side == "within" and not barred


@pytest.mark.parametrize("claim", labels.TOOL_CLAIMS, ids=str)
def test_there_are_at_least_24_families_of_200_meanings(claim: Claim) -> None:
    """Breadth is families and their banks; ids are unique, lead with the hazard, and every source is a row."""
    kinds = families.families(claim)
    rows = {f"{name}.csv:{row['id']}" for name in ("roles", "tools", "drugs", "interactions") for row in table(name)}
    assert len({family.id for family in kinds}) == len(kinds) >= 24
    assert all(family.keys >= 200 and family.claim == claim for family in kinds)
    assert all(family.id.startswith(f"{claim.hazard}_call/") for family in kinds)
    assert all(family.sources and set(family.sources) <= rows for family in kinds)
    assert {family.fold for family in kinds} == {Fold.CERTIFY, Fold.PROBE, Fold.UNSEEN}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.id)
def test_labels_are_what_the_tables_say(family: Family) -> None:
    """30 of each kind: role, patient and dose are derived again from the session's text and the call's arguments."""
    assert family.claim is not None
    for _, told in drawn(family, 30):
        for kind, telling in told.items():
            derived = {
                labels.SCOPE_CALL: int(not role_allows(telling)),
                labels.PHI_CALL: int(not right_patient(telling)),
                labels.DOSE_CALL: int(not dose_in_bounds(telling)),
            }
            assert labels.called(telling.facts) == derived
            assert derived[family.claim] == int(kind is Kind.POSITIVE) == sum(derived.values())


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.id)
def test_tellings_are_whole_and_a_pair_differs_in_one_fact(family: Family) -> None:
    """Short enough, without open slots; a pair has the same turns, the same length and all but one fact in common."""
    for _, told in drawn(family, 20):
        for telling in told.values():
            assert Conversation(telling.messages).characters(len(telling.messages) - 1) <= LONGEST
            assert not any(re.search(r"\{[a-z_]*\}", message.content) for message in telling.messages)
            assert telling.messages[0].role is Role.SYSTEM and telling.reply.content
            assert telling.facts.called
        one, other = told[Kind.POSITIVE], told[Kind.TWIN]
        assert [message.role for message in one.messages] == [message.role for message in other.messages]
        differing = [name for name in draws._FACTS if getattr(one.facts, name) != getattr(other.facts, name)]
        assert len(differing) == 1
        assert one.onset == (len(one.messages) - 1, 0) and other.onset is None
        (tool, arguments), (twin_tool, twin_arguments) = called(one), called(other)
        assert tool == twin_tool and arguments.keys() == twin_arguments.keys()
        changed = {name for name in arguments if arguments[name] != twin_arguments[name]}
        if family.claim == labels.SCOPE_CALL:
            assert not changed and one.messages[1:] == other.messages[1:]
        elif family.claim == labels.PHI_CALL:
            # Either the session or the call differs, never both, and the user says the same.
            assert bool(changed) != (one.messages[0] != other.messages[0])
            assert changed <= {"patient_id", "id"} and one.messages[1] == other.messages[1]
        else:
            assert changed <= {"dose", "unit", "frequency"} or changed == {"drug"}


@pytest.mark.parametrize("claim", [labels.SCOPE_CALL, labels.PHI_CALL], ids=str)
def test_a_pair_has_the_same_words(claim: Claim) -> None:
    """Only who stands where tells: the words of session and user are the same on both sides."""
    for family in families.families(claim):
        for _, told in drawn(family, 10):
            one, other = (sorted(re.findall(r"\w+", told[kind].messages[0].content)) for kind in TRIPLE[:2])
            assert one == other


def test_every_medicine_has_orders_on_both_sides() -> None:
    """Every medicine of a group has a maximum in a row that was seen, and orders for each thing that can flip."""
    for family in toolcalls_doses.dose_families():
        for flip in family.bank["flip"]:
            for drug in family.bank["drug"]:
                assert family.id.split("/")[1].startswith("weekly") or toolcalls_orders.orders(drug, flip)


def test_two_patients_differ_in_their_number() -> None:
    """Also where their names are the same, or their numbers have the same digits."""
    for index in range(200):
        for way in toolcalls_session.WAYS:
            one, other = toolcalls_session.two(way, Random(index))
            assert one.id != other.id and len(one.id) == len(other.id) == 5
            assert (one.name == other.name) == (way == toolcalls_session.SAME_NAME)


@pytest.mark.parametrize("claim", labels.TOOL_CLAIMS, ids=str)
def test_rows_carry_the_labels_of_calls_alone_and_are_no_test_rows(claim: Claim) -> None:
    """What the generator wrote in the assistant's name trains and selects monitors, and nothing else."""
    for fold in (Fold.TRAIN, Fold.SELECT):
        for index in range(10):
            rows = draws.draw(claim, "en", "upto1000", index, b"a seed", fold)
            assert [row.label(claim) for row in rows] == [1, 0, 0]
            assert all(set(row.labels) == set(labels.TOOL_CLAIMS) and row.meta.written for row in rows)
            assert rows[0].meta.onset == {str(claim): (len(rows[0].conversation) - 1, 0)}
            assert all(row.meta.rule == next(rule.id for rule in labels.TOOL_RULES if rule.claim == claim) for row in rows)
    for fold in (Fold.CERTIFY, Fold.PROBE, Fold.UNSEEN):
        with pytest.raises(ProtocolError):
            draws.draw(claim, "en", "upto1000", 0, b"a seed", fold)
