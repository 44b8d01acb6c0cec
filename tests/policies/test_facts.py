"""The facts tables: whole, honest about what was checked, consistent with each other, and of no use for harm."""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path

import pytest

from guard import resources

from .checksums import CHECKSUMS

README = Path(__file__).parents[2] / "policies" / "README.md"
TABLES = sorted(path.name for path in resources.path("policies/facts").glob("*.csv"))
KINDS = [name for name in TABLES if name.endswith(("_kinds.csv", "_levels.csv"))]
UNSEEN = "general knowledge"
"""How the source of a row begins for which nothing was opened."""
PLACES = {
    "INT", "EU", "US", "UK", "CA", "AU", "NZ", "IE", "DK", "DE", "AT", "CH", "ES", "MX", "AR", "CO", "CL", "PE", "BB", "BR",
    "IR", "PH", "PL", "SG", "ZA",
}  # fmt: skip
Row = dict[str, str]


@cache
def rows(name: str) -> tuple[Row, ...]:
    """All rows of a table."""
    with resources.path(f"policies/facts/{name}").open(encoding="utf8", newline="") as stream:
        return tuple(csv.DictReader(stream, strict=True))


def column(name: str, field: str) -> set[str]:
    """Every value of a column."""
    return {row[field] for row in rows(name)}


def where(name: str) -> dict[str, Row]:
    """Rows by id."""
    return {row["id"]: row for row in rows(name)}


def documented() -> dict[str, tuple[int, int, list[str]]]:
    """V rows, L rows and columns of each table, as the page beside the tables says."""
    text = README.read_text(encoding="utf8")
    counts = dict[str, tuple[int, int]]()
    for name, checked, unchecked in re.findall(r"^\| `facts/(\w+\.csv)` \|.*\| (\d+) \| (\d+) \|$", text, re.MULTILINE):
        counts[name] = (int(checked), int(unchecked))
    columns = {
        name: re.findall(r"`(\w+)`", listed)
        for name, listed in re.findall(r"^- `(\w+\.csv)`: (.*?)\.$", text, re.MULTILINE | re.DOTALL)
    }
    return {name: (*counts[name], columns[name]) for name in counts}


def test_every_table_is_documented() -> None:
    """The page names each table, and no table that isn't there."""
    assert sorted(documented()) == TABLES
    assert len(TABLES) == 13


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_as_documented(name: str) -> None:
    """Its columns stand on the page in their order, and so does how much of it was checked."""
    checked, unchecked, columns = documented()[name]
    assert list(rows(name)[0]) == columns
    assert sum(row["status"] == "V" for row in rows(name)) == checked
    assert sum(row["status"] == "L" for row in rows(name)) == unchecked


@pytest.mark.parametrize("name", TABLES)
def test_a_row_has_a_name_of_its_own(name: str) -> None:
    """Families name a row as `table:id`: ids are unique, plain, and first."""
    ids = [row["id"] for row in rows(name)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9_]+", id_) for id_ in ids)
    assert next(iter(rows(name)[0])) == "id"


@pytest.mark.parametrize("name", TABLES)
def test_a_row_says_where_it_holds_and_whether_it_was_checked(name: str) -> None:
    """V or L; a source always, and never general knowledge for a V; a place that is known."""
    for row in rows(name):
        assert row["status"] in ("V", "L"), row["id"]
        assert row["source"], row["id"]
        assert row["status"] == "L" or not re.search(rf"{UNSEEN}|no source opened", row["source"]), row["id"]
        assert row["jurisdiction"] and set(row["jurisdiction"].split(";")) <= PLACES, row["id"]


@pytest.mark.parametrize("name", TABLES)
def test_cells_are_clean(name: str) -> None:
    """Each row has every column, without blanks at the ends, doubled blanks or line breaks."""
    for row in rows(name):
        for field, value in row.items():
            assert field is not None and value is not None, row["id"]
            assert value == " ".join(value.split()), (row["id"], field)


@pytest.mark.parametrize("name", TABLES)
def test_no_table_says_how_much_does_harm(name: str) -> None:
    """No amount that poisons or kills stands anywhere; limits of labels are the only amounts, and only of medicines."""
    harmful = re.compile(r"\b(lethal|toxic|fatal|deadly|poisonous) (dose|amount|quantity|level of)\b|\bLD ?50\b", re.IGNORECASE)
    amount = re.compile(r"\b\d[\d.,]*\s?(mg|mcg|g|kg|ml|units?|tablets?|pills?|capsules?|grams?)\b", re.IGNORECASE)
    for row in rows(name):
        told = " ".join(value for field, value in row.items() if field != "source")
        assert not harmful.search(told), row["id"]
        if name in KINDS:
            assert not amount.search(told), row["id"]


class TestDrugs:
    """Dose limits by population."""

    def test_numbers_are_numbers_and_the_lower_limit_is_lower(self) -> None:
        """A limit is a positive number; the lowest of any place does not exceed the highest."""
        for row in rows("drugs.csv"):
            limits = [float(row[field]) for field in ("lower_regional_max_mg_per_day", "max_mg_per_day") if row[field]]
            assert limits == sorted(limits) and all(limit > 0 for limit in limits), row["id"]
            assert not row["lower_regional_max_mg_per_day"] or row["max_mg_per_day"], row["id"]
            assert not row["min_age_years"] or 0 < float(row["min_age_years"]) <= 18, row["id"]

    def test_a_weekly_drug_has_no_daily_limit(self) -> None:
        """Its trap is the day: a daily number would invite the mistake that it is there to catch."""
        weekly = [row for row in rows("drugs.csv") if row["schedule"] == "weekly"]
        assert {row["drug"] for row in weekly} == {"methotrexate", "alendronic acid", "semaglutide"}
        assert all(not row["max_mg_per_day"] and "daily" in row["unit_traps"] for row in weekly)

    def test_a_row_says_what_its_status_covers(self) -> None:
        """The number where there is one, else the main rule."""
        for row in rows("drugs.csv"):
            assert row["status_covers"] == ("max_mg_per_day" if row["max_mg_per_day"] else "main rule"), row["id"]
            assert row["schedule"] in ("daily", "course", "single", "weekly") and row["otc"] in ("yes", "no", "varies"), row[
                "id"
            ]

    def test_there_are_as_many_as_the_reference_has(self) -> None:
        """129 drugs, with a name in five languages each."""
        assert len(column("drugs.csv", "drug")) == 129
        assert {row["key"] for row in rows("names.csv") if row["kind"] == "drug"} == column("drugs.csv", "drug")
        for row in rows("names.csv"):
            assert all(row[language] for language in ("en_us", "en_gb", "da", "de", "es")), row["id"]
            assert row["certainty"] in ("certain", "check"), row["id"]


def test_an_interaction_names_drugs_that_are_there() -> None:
    """Either side says what it is; a drug is one of the drugs table, and nothing else is."""
    drugs = column("drugs.csv", "drug")
    sides = {"drug", "class", "substance", "condition", "age", "pregnancy", "food"}
    pairs = set()
    for row in rows("interactions.csv"):
        for side in ("a", "b"):
            assert row[f"{side}_is"] in sides, row["id"]
            assert (row[f"{side}_is"] == "drug") == (row[side] in drugs), row["id"]
        assert row["severity"] in ("contraindicated", "major", "caution"), row["id"]
        assert row["effect"] and row["harmless_lookalike"], row["id"]
        pairs.add(frozenset((row["a"], row["b"])))
    assert len(pairs) == len(rows("interactions.csv")) == 221


def test_a_red_flag_has_a_near_miss_and_the_fact_that_flips_it() -> None:
    """193 red flags, each with level, population and both sides of its pair."""
    assert len(rows("red_flags.csv")) == 193
    for row in rows("red_flags.csv"):
        assert row["level"] in ("E", "EU", "U"), row["id"]
        assert row["population"] in ("any", "adult", "child", "pregnant", "infant", "older"), row["id"]
        assert all(row[field] for field in ("red_flag", "near_miss", "flip", "lay_words", "clinical_words")), row["id"]


def test_a_country_has_its_numbers() -> None:
    """Each country names what to do for emergency, urgent care, poison and crisis; only a checked number may be shown."""
    kinds = {"emergency", "urgent", "poison", "crisis"}
    for country in column("emergency_numbers.csv", "country"):
        found = [row for row in rows("emergency_numbers.csv") if row["country"] == country]
        assert {row["kind"] for row in found} == kinds, country
    for row in rows("emergency_numbers.csv"):
        assert row["jurisdiction"] == row["country"].partition("-")[0], row["id"]
        assert row["number"] or row["status"] == "L", row["id"]
        assert not row["number"] or re.search(r"\d{2}", row["number"]), row["id"]


@pytest.mark.parametrize("name", [name for name in KINDS if name != "benign_kinds.csv"])
def test_a_kind_has_a_deciding_fact_and_a_neighbour(name: str) -> None:
    """What makes it harmful, and the same topic with that fact turned."""
    fields = {
        "injection_kinds.csv": ("deciding_fact", "harmless_neighbour"),
        "self_harm_levels.csv": ("deciding_fact", "look_alike"),
    }.get(name, ("intent_fact", "benign_twin"))
    for row in rows(name):
        assert all(row[field] for field in fields), row["id"]
        assert row[fields[0]] != row[fields[1]], row["id"]
        assert row.get("severity", "S3") in ("S3", "S4", "S5"), row["id"]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("misuse_kinds.csv", 167), ("self_treatment_kinds.csv", 121), ("injection_kinds.csv", 187),
        ("self_harm_levels.csv", 89), ("benign_kinds.csv", 239),
    ],
)  # fmt: skip
def test_no_kind_got_lost(name: str, size: int) -> None:
    """Families may name any of them."""
    assert len(rows(name)) == size


class TestIdentifiers:
    """Kinds of identifiers, with ranges that belong to nobody."""

    @pytest.mark.parametrize("id_", list(where("identifiers.csv")))
    def test_an_example_is_what_the_row_says(self, id_: str) -> None:
        """It has the reserved form, and it fits or breaks the named checksum as stated."""
        row = where("identifiers.csv")[id_]
        assert re.fullmatch(row["reserved_pattern"], row["example"])
        if row["checksum"] == "none":
            assert row["example_checksum"] == "none"
        else:
            fits = CHECKSUMS[row["checksum"]](row["example"])
            assert row["example_checksum"] == ("satisfies" if fits else "violates")
        assert row["reserved_because"] and row["cue"] and row["name"]

    def test_examples_differ(self) -> None:
        """One example each; a code without digits may serve two countries."""
        examples = [(row["jurisdiction"], row["example"]) for row in rows("identifiers.csv")]
        assert len(set(examples)) == len(examples)

    @pytest.mark.parametrize(
        ("name", "right", "wrong"),
        [
            ("mod11_nhs", "943 476 5919", "943 476 5918"), ("mod11_cpr", "211062-5629", "211062-5628"),
            ("luhn", "4242 4242 4242 4242", "4242 4242 4242 4241"), ("luhn_80840", "1234567893", "1234567894"),
            ("kvnr_mod10", "A123456780", "A123456781"), ("iso7064_mod11_10", "12345678995", "12345678994"),
            ("iso7064_mod97_10", "GB82 WEST 1234 5698 7654 32", "GB83 WEST 1234 5698 7654 32"),
            ("mod23_dni", "12345678Z", "12345678A"), ("nhi_mod11", "ZAC5361", "ZAC5362"),
            ("medicare_au", "2123 45670 1", "2123 45671 1"), ("ean13", "4006381333931", "4006381333932"),
        ],
    )  # fmt: skip
    def test_a_checksum_knows_right_from_wrong(self, name: str, right: str, wrong: str) -> None:
        """Specimens that issuers and encyclopedias print fit; one digit off does not."""
        assert CHECKSUMS[name](right)
        assert not CHECKSUMS[name](wrong)

    def test_every_checksum_is_used(self) -> None:
        """And every named one exists."""
        assert column("identifiers.csv", "checksum") - {"none"} == set(CHECKSUMS)


class TestTools:
    """Tools of a clinical agent and who may call them."""

    def test_a_tool_names_its_patient_and_its_dose(self) -> None:
        """A bound argument is among the arguments; what reaches out or changes something is a write."""
        for row in rows("tools.csv"):
            arguments = row["arguments"].split(";")
            assert len(set(arguments)) == len(arguments) and all(arguments), row["id"]
            assert row["access"] in ("read", "write"), row["id"]
            assert (row["patient_bound"] == "yes") == bool(row["patient_argument"]), row["id"]
            assert not row["patient_argument"] or row["patient_argument"] in arguments, row["id"]
            assert row["dose_bound"] == ("yes" if {"drug", "dose", "unit"} <= set(arguments) else "no"), row["id"]
            assert all(row[field] in ("yes", "no") for field in ("reaches_out", "reversible", "patient_bound")), row["id"]
            assert row["reaches_out"] == "no" or row["access"] == "write", row["id"]

    def test_every_role_has_a_word_on_every_tool(self) -> None:
        """Allowed, denied or in need of approval, each once; an approval names who gives it."""
        pairs = [(row["role"], row["tool"]) for row in rows("roles.csv")]
        assert len(set(pairs)) == len(pairs)
        assert set(pairs) == {(role, tool) for role in column("roles.csv", "role") for tool in column("tools.csv", "id")}
        for row in rows("roles.csv"):
            assert row["id"] == f"{row['role']}__{row['tool']}"
            assert row["permission"] in ("allowed", "denied", "needs_approval"), row["id"]
            assert bool(row["approver"]) == (row["permission"] == "needs_approval"), row["id"]
            assert row["permission"] != "denied" or row["scope"] == "none", row["id"]

    def test_a_role_is_told_in_one_way(self) -> None:
        """One title a role."""
        titles = {(row["role"], row["role_title"]) for row in rows("roles.csv")}
        assert len(titles) == len(column("roles.csv", "role"))

    def test_nobody_doses_or_destroys_without_a_profession(self) -> None:
        """A patient, a visitor or an agent for nobody prescribes nothing and deletes nothing; all may call for help."""
        permissions = {(row["role"], row["tool"]): row["permission"] for row in rows("roles.csv")}
        for role in ("patient", "proxy", "visitor", "assistant_agent", "receptionist", "researcher", "coder"):
            for tool in ("prescribe", "change_dose", "administer", "set_pump_rate", "delete_record", "merge_patients"):
                assert permissions[role, tool] == "denied", (role, tool)
        assert {permissions[role, "call_emergency_service"] for role in column("roles.csv", "role")} == {"allowed"}
        assert {row["permission"] for row in rows("roles.csv") if row["tool"] == "prescribe"} == {
            "allowed", "denied", "needs_approval"
        }  # fmt: skip


def test_every_table_is_found_where_it_is_installed() -> None:
    """Resources find tables by name; the wheel carries the whole folder (tests/test_wheel.py builds it)."""
    text = (README.parents[1] / "pyproject.toml").read_text(encoding="utf8")
    assert 'policies = "guard/data/policies"' in text
    assert all(resources.path(f"policies/facts/{name}").is_file() for name in TABLES)
