"""What an audit event keeps of a text, by the policy's content mode: nothing, a keyed digest, or the text made unreadable.

Redacting is best effort: it replaces what the rules `identifiers` and `names` find, and no rule finds every name.
"""

from __future__ import annotations

from guard import rules, sealing
from guard.policy import Audit, Content
from guard.rules.passage import Passage

UNREAD = "[not kept: identifiers could not be looked for]"
"""Instead of a text that a rule broke on."""
_RULES = ("identifiers", "names")


def content(audit: Audit, text: str, *, request: str, sequence: int) -> str:
    """Return what the event keeps of a text beside a digest; empty where the policy asks for none."""
    if not text:
        return ""
    match audit.content:
        case Content.REDACTED:
            return redact(text)
        case Content.ENCRYPTED:
            return sealing.seal(text, sealing.recipient(audit.key), request=request, sequence=sequence)
        case _:
            return ""


def redact(text: str) -> str:
    """Return a text with a mark in place of each identifier and name that a rule finds."""
    try:
        found = sorted((*span, name) for name in _RULES for span in rules.RULES[name].read(Passage(text)).spans)
    except Exception:  # a rule that breaks must not let a text through as it is
        return UNREAD
    parts: list[str] = []
    at = 0
    for first, last, name in found:
        if first >= at:
            parts += [text[at:first], f"[{name}]"]
        at = max(at, last)
    return "".join([*parts, text[at:]])
