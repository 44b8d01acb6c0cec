"""The examples of docs/policy.md are policies; its header is one; its tables name every rule and every cause."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from guard import policy, rules
from guard.hazards import Taxonomy
from guard.policy import FailCause, required
from guard.rules import doses

PAGE = (Path(__file__).parents[2] / "docs" / "policy.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
TAXONOMY = Taxonomy.packaged()


@pytest.mark.parametrize("text", EXAMPLES, ids=[text.split("\n")[0] for text in EXAMPLES])
def test_an_example_is_a_valid_policy(tmp_path: Path, text: str) -> None:
    """It loads as it stands."""
    (tmp_path / "policy.yaml").write_text(text)
    assert policy.load(tmp_path / "policy.yaml", TAXONOMY, rules.names).name in text


def test_there_are_examples() -> None:
    """The page has one of each kind."""
    assert [text.split("\n")[0] for text in EXAMPLES] == ["name: ward", "name: hospital", "name: trial"]


def test_the_header_is_one_that_a_client_may_send(tmp_path: Path) -> None:
    """For the policy that stands beside it."""
    header = re.search(r"^Auscult-Require: (.*)$", PAGE, re.MULTILINE)
    assert header is not None
    (tmp_path / "policy.yaml").write_text(EXAMPLES[1])
    base = policy.load(tmp_path / "policy.yaml", TAXONOMY, rules.names)
    assert required(base, header.group(1), rules.names).required == "identifiers=BLOCK, self_harm@prompt=BLOCK"


def test_every_rule_and_cause_is_told() -> None:
    """Those of the code, by name."""
    for name in {name.split(":")[0] for name in rules.names}:
        assert re.search(rf"^\| `{name}(?:`|:)", PAGE, re.MULTILINE)
    for cause in FailCause:
        assert f"`{cause}`" in PAGE


def test_the_number_of_drugs_is_that_of_the_tables() -> None:
    """The page says how many maxima speak."""
    assert f"maxima of {len(doses.limits())} drugs" in PAGE
