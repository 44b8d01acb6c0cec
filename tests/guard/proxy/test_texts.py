"""The guard's own texts: which one, and in which language."""

from __future__ import annotations

import pytest

from guard.hazards import Claim
from guard.policy import Action
from guard.proxy import texts
from guard.proxy.texts import Text
from guard.validity import State
from guard.verdict import Cause, FindingKind, Verdict

FIRED = FindingKind.FIRED


def verdict(*causes: tuple[str, FindingKind | State, Action]) -> Verdict:
    """A verdict of some causes; a name without @ is a rule or the certificate."""
    made = tuple(Cause(Claim.parse(name) if "@" in name else name, kind, action) for name, kind, action in causes)
    return Verdict(max((cause.action for cause in made), key=lambda action: action.rank), made)


CASES = [
    (verdict(("missed_emergency@prompt", FIRED, Action.NOTICE)), (Text.EMERGENCY,)),
    (verdict(("missed_emergency@prompt", FIRED, Action.ESCALATE)), (Text.EMERGENCY, Text.HANDOFF)),
    (verdict(("self_harm@prompt", FIRED, Action.BLOCK)), (Text.CRISIS, Text.HANDOFF)),
    (verdict(("clinical_misuse@prompt", FIRED, Action.BLOCK)), (Text.MISUSE,)),
    (verdict(("prompt_injection@context", FIRED, Action.BLOCK)), (Text.INJECTION,)),
    (verdict(("identifiers", FIRED, Action.BLOCK)), (Text.IDENTIFIERS,)),
    (verdict(("self_treatment@prompt", FIRED, Action.BLOCK)), (Text.REFUSAL,)),
    (verdict(("scope_breach@response", FIRED, Action.NOTICE)), (Text.CAUTION,)),
    (verdict(("clinical_misuse@prompt", FindingKind.UNAVAILABLE, Action.BLOCK)), (Text.UNAVAILABLE,)),
    (verdict(("clinical_misuse@prompt", FindingKind.NOT_CERTIFIED, Action.BLOCK)), (Text.UNAVAILABLE,)),
    (verdict(("missed_emergency@prompt", FindingKind.UNAVAILABLE, Action.BLOCK)), (Text.UNAVAILABLE,)),
    (verdict(("certificate", State.VOID, Action.BLOCK)), (Text.UNAVAILABLE,)),
    (
        verdict(
            ("prompt_injection@context", FIRED, Action.BLOCK), ("missed_emergency@prompt", FIRED, Action.NOTICE)
        ),
        (Text.EMERGENCY, Text.INJECTION),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("found", "expected"), CASES)
def test_the_text_follows_from_why(found: Verdict, expected: tuple[Text, ...]) -> None:
    """A noticed emergency is answered as one, whatever else was found."""
    assert texts.choose(found) == expected


def test_nothing_is_said_where_nothing_was_found() -> None:
    """An allowed answer stands alone."""
    assert texts.choose(Verdict(Action.ALLOW, ())) == ()
    assert texts.write((), ("en",)) == ""


@pytest.mark.parametrize("language", sorted(texts.TEXTS))
@pytest.mark.parametrize("text", list(Text))
def test_every_language_has_every_text(language: str, text: Text) -> None:
    """None is empty, each names the number where it asks to call, and no brace is left."""
    written = texts.write([text], [language], "12345")
    assert len(written) > 40
    assert "{" not in written
    assert ("{number}" in texts.TEXTS[language][text]) == ("12345" in written)


def test_the_number_to_call_is_in_every_text_that_withholds() -> None:
    """Whoever gets no answer learns whom to call in an emergency."""
    for language, listed in texts.TEXTS.items():
        for text in set(Text) - {Text.CAUTION}:
            assert "{number}" in listed[text], (language, text)


def test_the_language_is_the_likeliest_that_has_texts() -> None:
    """An unknown language is answered in English."""
    danish = texts.write([Text.REFUSAL], ["da", "de"])
    assert danish.startswith("Det kan jeg ikke")
    assert texts.write([Text.REFUSAL], ["other"]) == texts.write([Text.REFUSAL], ["en"])
    assert texts.write([Text.REFUSAL], []) == texts.write([Text.REFUSAL], ["en"])


def test_no_text_promises() -> None:
    """Words that claim too much stand in no text."""
    for listed in texts.TEXTS.values():
        for text in listed.values():
            assert not any(word in text.lower() for word in ("guarantee", "you are safe", "certified"))
