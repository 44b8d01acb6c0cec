"""Policies: strict YAML, every mistake named in one line, and actions from weak to strong."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from guard import digest, files, policy, resources, rules
from guard.errors import InputError, PolicyError
from guard.hazards import Claim, Population, Stage, Taxonomy
from guard.policy import Action, GateMode, Policy, strict_yaml, strictest

TAXONOMY = Taxonomy.read(
    {
        "version": "1",
        "hazards": [
            {
                "id": name, "title": name, "definition": "d", "severity": "S5", "stages": ["prompt", "response"],
                "mode": "certify", "reason": "r", "miss": {},
            }
            for name in ("misuse", "emergency")
        ],
    }
)  # fmt: skip
RULES = frozenset({"identifiers", "doses"})
DEMAND = "{claim: misuse@prompt, action: BLOCK, max_miss: 0.05, max_false_alarm: 0.05, max_false_alarm_near: 0.1}"
GOOD = f"name: test\nrequires: [{DEMAND}]\n"
PACKAGED = sorted(path.stem for path in resources.path("policies/hazards.yaml").parent.glob("*.yaml") if path.stem != "hazards")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abc", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3),
    max_leaves=8,
)


def load(folder: Path, text: str | bytes) -> Policy:
    """Write a policy into a folder and load it."""
    path = folder / "policy.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return policy.load(path, TAXONOMY, RULES)


def demand(**changes: str) -> str:
    """A policy whose one demand differs from the good one in some fields; an empty text leaves a field out."""
    fields = yaml.safe_load(DEMAND)
    for name, value in changes.items():
        if value:
            fields[name] = yaml.safe_load(value)
        else:
            fields.pop(name)
    return yaml.safe_dump({"name": "test", "requires": [fields]})


def test_a_short_policy_has_strict_defaults(tmp_path: Path) -> None:
    """What a policy does not say is closed: BLOCK without a score, without a cell and after the end."""
    loaded = load(tmp_path, GOOD)
    one = loaded.requires[0]
    assert one.claim == Claim("misuse", Stage.PROMPT)
    assert {one.on_unavailable, one.on_not_certified, one.on_expired} == {Action.BLOCK}
    assert (one.population, one.allow_measured) == (Population.LISTED, False)
    assert (loaded.rules, loaded.whole.max_false_alarm, loaded.gate.mode) == ({}, None, GateMode.TOKEN)
    assert (loaded.fields.allow, loaded.audit.content, loaded.system_prompt) == ((), "none", None)


def test_a_demand_stands_at_its_stage(tmp_path: Path) -> None:
    """Only what is demanded at a stage is looked for there."""
    loaded = load(tmp_path, GOOD)
    assert loaded.at(Stage.PROMPT) == loaded.requires
    assert loaded.at(Stage.CONTEXT) == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD + "name: again\n", "duplicate key"),
        (GOOD.replace("action: BLOCK", "action: ALLOW, action: BLOCK"), "duplicate key"),
        (f"name: &n test\nrequires: [{DEMAND}]\nrules: {{*n : BLOCK}}", "alias"),
        (f"requires: [&d {DEMAND}, *d]\nname: test", "alias"),
        (f"name: test\nrequires: [{{<<: {DEMAND}}}]", "not strict YAML"),
        (GOOD.replace("test", "!!str test"), "tag"),
        (GOOD.replace("test", "!!python/object:os.system test"), "tag"),
        (GOOD.replace("0.05", "!!float '0.05'"), "tag"),
        (GOOD.replace("test", "! test"), "tag"),
        (GOOD + "rules: {1: BLOCK}\n", "not text"),
        (GOOD + "---\nname: second\n", "not strict YAML"),
        (GOOD + "gate: {mode: token", "not strict YAML"),
        (GOOD.replace("test", "2026-99-99"), "not strict YAML"),
        (GOOD.replace("0.05", "9" * 5000), "not strict YAML"),
        ("[" * 1000, "not strict YAML"),
        (b"\xff\xfe\xfa", "not strict YAML"),
        (b"name: \x00", "not strict YAML"),
    ],
)
def test_surprising_yaml_is_refused(tmp_path: Path, text: str | bytes, reason: str) -> None:
    """Duplicate keys, aliases, merge keys, tags, keys that are not text, two documents, broken or endless text."""
    with pytest.raises(PolicyError, match=reason) as caught:
        load(tmp_path, text)
    assert "policy.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expected `object`"),
        ("[]", "Expected `object`"),
        ("requires: []", "name"),
        ("name: test", "requires"),
        ("name: test\nrequires: []", "demands nothing"),
        ("name: 5\nrequires: []", "Expected `str`"),
        (GOOD + "colour: red", "unknown field `colour`"),
        (GOOD.replace("action: BLOCK", "action: BLOCK, threshold: 1.5"), "unknown field `threshold`"),
        (GOOD + "gate: {mode: slow}", "slow"),
        (GOOD + "audit: {content: everything}", "everything"),
        (GOOD + "audit: {contents: none}", "unknown field"),
        (GOOD + "fields: {allow: seed}", "Expected `array`"),
        (GOOD + "rules: {colours: BLOCK}", "unknown rule 'colours'; known: doses, identifiers"),
        (GOOD + "rules: {doses: SHOUT}", "SHOUT"),
        (GOOD + "whole: {max_false_alarm: 1.5}", "not between 0 and 1"),
        (GOOD + "whole: {max_miss: 0.1}", "unknown field"),
        (GOOD.replace("]", f", {DEMAND}]"), "demands a claim twice"),
        (demand(claim="fraud@prompt"), "unknown hazard 'fraud'"),
        (demand(claim="misuse@context"), "misuse is not read at context"),
        (demand(claim="misuse"), "not a claim"),
        (demand(action="SHOUT"), "SHOUT"),
        (demand(action="block"), "block"),
        (demand(on_unavailable="no"), "Expected `str`"),
        (demand(population="all"), "all"),
        (demand(allow_measured="1"), "Expected `bool`"),
        (demand(max_miss=""), "lacks a limit"),
        (demand(max_false_alarm=""), "lacks a limit"),
        (demand(max_false_alarm_near=""), "lacks a limit"),
        (demand(allow_measured="true"), "may act without a bound, but blocks"),
        *[
            (demand(**{field: value}), "not between 0 and 1")
            for field in ("max_miss", "max_false_alarm", "max_false_alarm_near")
            for value in ("0", "1", "-0.1", "1.2", "5", ".nan", ".inf", "0.0")
        ],
        (demand(max_miss="'0.05'"), "Expected `float"),
        (demand(max_miss="true"), "Expected `float"),
    ],
)
def test_every_mistake_is_one_line_that_names_the_file(tmp_path: Path, text: str, reason: str) -> None:
    """Unknown fields, claims, rules and words, wrong types, limits that are none, a block without a bound."""
    with pytest.raises(PolicyError) as caught:
        load(tmp_path, text)
    assert reason in str(caught.value)
    assert "policy.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("action", [Action.ALLOW, Action.NOTICE, Action.ESCALATE])
def test_a_measured_monitor_may_do_less_than_block(tmp_path: Path, action: Action) -> None:
    """Without limits a demand is valid where it says so, and does not block."""
    text = demand(allow_measured="true", max_miss="", max_false_alarm="", max_false_alarm_near="", action=str(action))
    assert load(tmp_path, text).requires[0].max_miss is None


def with_prompt(sha: str, file: str = "system.txt") -> str:
    """A policy with a system prompt."""
    return GOOD + f"system_prompt: {{file: {file}, sha256: '{sha}'}}\n"


def test_a_system_prompt_is_named_by_digest(tmp_path: Path) -> None:
    """The right digest, with or without its prefix, gives the text; the policy's own digest covers it."""
    (tmp_path / "system.txt").write_bytes(b"Be kind.\n")
    written = digest.of_bytes(b"Be kind.\n")
    assert load(tmp_path, with_prompt(written)).system_prompt == "Be kind.\n"
    loaded = load(tmp_path, with_prompt(written.removeprefix("sha256:")))
    assert loaded.system_prompt == "Be kind.\n"
    assert loaded.digest != digest.of_file(tmp_path / "policy.yaml")


@pytest.mark.parametrize("sha", [digest.of_bytes(b"other"), "", "sha256:", "no digest"])
def test_another_system_prompt_is_refused(tmp_path: Path, sha: str) -> None:
    """A prompt that was edited unseen, or a digest that is none, stops the load."""
    (tmp_path / "system.txt").write_bytes(b"Be kind.\n")
    with pytest.raises(PolicyError, match=r"system\.txt is not the system prompt"):
        load(tmp_path, with_prompt(sha))


def test_a_system_prompt_must_be_there_and_be_text(tmp_path: Path) -> None:
    """A missing file and bytes that are not UTF-8 are refused, with the file's name."""
    with pytest.raises(InputError, match=r"cannot read .*system\.txt"):
        load(tmp_path, with_prompt(digest.of_bytes(b"")))
    (tmp_path / "system.txt").write_bytes(b"\xff")
    with pytest.raises(PolicyError, match=r"system\.txt is not UTF-8"):
        load(tmp_path, with_prompt(digest.of_bytes(b"\xff")))


def test_a_missing_policy_is_an_input_error(tmp_path: Path) -> None:
    """The file is named."""
    with pytest.raises(InputError, match="cannot read"):
        policy.load(tmp_path / "missing.yaml", TAXONOMY, RULES)


def test_the_digest_follows_every_byte(tmp_path: Path) -> None:
    """Even a comment makes another policy: audit events name exactly one text."""
    assert load(tmp_path, GOOD).digest != load(tmp_path, GOOD + "# note\n").digest
    assert load(tmp_path, GOOD).digest == load(tmp_path, GOOD).digest


def test_a_policy_without_limits_is_another_policy(tmp_path: Path) -> None:
    """It demands the same monitors, asks nothing of the rates of the named one, and has another digest."""
    both = load(tmp_path, GOOD.replace("]", ", " + DEMAND.replace("misuse", "emergency") + "]"))
    wide = both.without_limits(frozenset({Claim("misuse", Stage.PROMPT)}))
    limits = {str(one.claim): (one.max_miss, one.max_false_alarm, one.max_false_alarm_near) for one in wide.requires}
    assert limits["misuse@prompt"] == (None, None, None)
    assert limits["emergency@prompt"][0] is not None
    assert [one.action for one in wide.requires] == [one.action for one in both.requires]
    assert len({both.digest, wide.digest, both.without_whole().digest}) == 3


@pytest.mark.parametrize("name", PACKAGED)
def test_the_packaged_policies_load(name: str) -> None:
    """They fit the packaged taxonomy and rules, and only the demonstrations say that they are some."""
    taxonomy = Taxonomy.read(strict_yaml(files.read(resources.path("policies/hazards.yaml"))))
    loaded = policy.load(resources.path(f"policies/{name}.yaml"), taxonomy, rules.names)
    assert (loaded.name, loaded.demonstration) == (name, name.startswith("demonstration"))
    assert loaded.whole.max_false_alarm is not None
    for one in loaded.requires:
        assert Action.ALLOW not in {one.action, one.on_unavailable, one.on_not_certified, one.on_expired}


@given(st.lists(st.sampled_from(Action)))
def test_the_strictest_action_is_at_least_each(actions: list[Action]) -> None:
    """It is one of them, none is stronger, and of nothing it is ALLOW."""
    found = strictest(*actions)
    assert all(found.rank >= action.rank for action in actions)
    assert found in (actions or [Action.ALLOW])


def test_actions_are_ordered() -> None:
    """ALLOW < NOTICE < ESCALATE < BLOCK."""
    assert [action.rank for action in (Action.ALLOW, Action.NOTICE, Action.ESCALATE, Action.BLOCK)] == [0, 1, 2, 3]


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda data: data.decode("latin-1")))
def test_no_text_leaks_a_foreign_error(text: str) -> None:
    """Whatever is in the file, it decodes or is refused in our words."""
    try:
        strict_yaml(text.encode("utf-8", "surrogatepass"))
    except PolicyError as error:
        assert "\n" not in str(error)


@given(VALUES)
def test_plain_yaml_is_read_as_it_is(value: object) -> None:
    """What has none of the surprises is read as any YAML reader would."""
    assert strict_yaml(msgspec.json.encode(value)) == value


@pytest.mark.parametrize("word", ["on", "off", "yes", "no", "y", "n", "On", "NO"])
def test_on_and_off_are_words(word: str) -> None:
    """Only true and false are booleans, so that a field may be called `on`."""
    assert strict_yaml(f"{word}: {word}".encode()) == {word: word}
    assert strict_yaml(b"[true, False]") == [True, False]
