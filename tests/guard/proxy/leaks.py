"""One round of the leak test through the upstream path: real bytes, a real gate, a random place for what is forbidden."""

from __future__ import annotations

import contextlib
import random
from dataclasses import replace
from typing import Any

from guard.conversation import Conversation, Message, Role
from guard.policy import Action, Gate, GateMode
from guard.proxy.answer import Answer
from guard.proxy.basis import Basis
from guard.scores import ProbeScore, Score
from guard.subjects.events import Called, End, Prefilled, Sampling, Step, Wishes
from guard.validity import State
from tests.guard.proxy.conftest import LEAK, POLICY, THRESHOLDS, Scripted, demand
from tests.guard.proxy.upstreams import Fake, answer, calling, cut, relay

SSN = "123-45-6789"
WORD = "gift🧪æøå"
CHAT = Conversation((Message(Role.USER, "I have a cold, what should I do?"),))
CLEAR = "Rest, hvil dig, få søvn 🤒 and call us. "
RULED = replace(POLICY, requires=(), rules={"identifiers": Action.BLOCK})
READ = replace(POLICY, requires=(demand(LEAK, Action.BLOCK),), rules={})


class _Eyes:
    """Looks for the first character of the word, as a monitor that fires at once."""

    claims = (LEAK,)

    async def judge(self, conversation: Any) -> Any:
        return tuple(Scripted()._judge(conversation))

    async def follow(self, conversation: Any) -> tuple[Score, ...]:
        last = conversation.messages[-1]
        return (ProbeScore(LEAK, 5.0 if "gift" in last.content or "gif" in last.content[-3:] else -5.0),)


async def leaked(generator: random.Random, number: int, *, guarded: bool = True) -> tuple[int, bool]:
    """Return how many forbidden characters came out, and whether all of a clear answer did."""
    by_rule = number % 2 == 0
    # Every fifth answer is clear, every seventh hides it in a tool call.
    bad = "" if number % 5 == 0 else (SSN if by_rule else WORD)
    text = CLEAR
    at = generator.randint(0, len(text))
    in_call = by_rule and number % 7 == 0
    mode = generator.choice(list(GateMode))
    policy = replace(RULED if by_rule else READ, gate=Gate(mode=mode))
    if not guarded:
        policy = replace(policy, requires=(), rules={})
    if in_call:
        stream = calling(("book", f'{{"x": "{text[:20]} {bad} "}}'), cut=generator.randint(1, 9))
    else:
        whole = f"{text[:at]} {bad} {text[at:]}"
        pieces = [part.decode(errors="ignore") for part in _pieces(whole, generator)]
        stream = answer(pieces)
    fake = Fake(cut(b"".join(stream), generator, generator.choice((30, 400, 4000))))
    out, complete = await _out(fake, policy, None if by_rule else _Eyes())
    return (_count(out, bad, by_rule), complete and not bad)


def _pieces(text: str, generator: random.Random) -> list[bytes]:
    pieces, at = [], 0
    while at < len(text):
        size = generator.randint(1, 16)
        pieces.append(text[at : at + size].encode())
        at += size
    return pieces


async def _out(fake: Fake, policy: Any, reader: Any) -> tuple[str, bool]:
    """Everything that the gate let out."""
    basis = Basis(policy=policy, thresholds=THRESHOLDS, state=State.VALID)
    held, out, complete = Answer(basis, CHAT), [], False
    wishes = Wishes(model="m", functions=frozenset({"book"}))
    async with contextlib.aclosing(relay(fake, reader=reader).generate(CHAT, Sampling(), wishes)) as events:
        async for event in events:
            match event:
                case Prefilled():
                    continue
                case Step():
                    out.append(held.step(event))
                case Called():
                    held.call(event)
                case End():
                    out.append(held.end(event))
                    complete = not held.withheld
            if held.withheld:
                break
    out += [call.arguments for call in held.calls]
    return "".join(out), complete


def _count(out: str, bad: str, by_rule: bool) -> int:
    if not bad:
        return 0
    if by_rule:
        return sum(character.isdigit() for character in out)
    return sum(character in "🧪" for character in out) + out.count("gift")
