"""The tables that only rules read: words and maxima by weight, each tied to the facts that it is about."""

from __future__ import annotations

import re

import pytest

from guard.rules import tables
from guard.rules.doses import PER_KG
from guard.rules.lexicon import _NOT_NAMES, drugs, everything

WORDS = tables.rows(tables.WORDS)
LANGUAGES = ("en", "da", "de", "es")


def test_a_row_has_a_name_of_its_own_and_words_in_every_language() -> None:
    """No cell is empty, and no id stands twice."""
    assert len({row["id"] for row in WORDS}) == len(WORDS)
    for row in WORDS:
        assert all(tables.split(row[language]) for language in LANGUAGES), row["id"]
        assert row["kind"] in {"class", "substance", "condition", "food"}


def test_keys_are_sides_of_the_table_of_interactions() -> None:
    """A key that is no side would never speak."""
    sides = {row[side] for row in tables.rows("policies/facts/interactions.csv") for side in ("a", "b")}
    assert {key for row in WORDS for key in tables.split(row["keys"])} <= sides


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_found_as_what_it_stands_for(language: str) -> None:
    """Alone in a text, whatever other words contain it."""
    for row in WORDS:
        for word in tables.split(row[language]):
            (mention,) = everything().mentions(f"({word})")
            assert set(tables.split(row["keys"])) & mention.keys, word


def test_every_drug_is_found_by_each_of_its_names() -> None:
    """In all columns of the table of names, but for remarks and words that mean too much else."""
    known = {row["drug"] for row in tables.rows("policies/facts/drugs.csv")}
    for row in tables.rows("policies/facts/names.csv"):
        if row["kind"] != "drug" or row["key"] not in known:
            continue
        for language in ("en_us", "en_gb", "da", "de", "es"):
            first = re.split(r"[;,(]", row[language])[0].strip()
            if first.casefold() in _NOT_NAMES or len(first) < 4:
                continue
            assert {mention.name for mention in drugs().mentions(first)} == {row["key"]}, first


def test_maxima_by_weight_stand_in_the_row_that_they_name() -> None:
    """The number is in that row's notes or limits, and the row was seen in a source."""
    facts = {f"drugs.csv:{row['id']}": row for row in tables.rows("policies/facts/drugs.csv")}
    for row in tables.rows(PER_KG):
        fact = facts[row["fact"]]
        assert fact["status"] == tables.SEEN
        assert fact["drug"] == row["drug"]
        assert re.search(rf"\b{row['max_mg_per_kg_per_day']}\b", f"{fact['note']} {fact['unit_traps']}"), row["id"]
