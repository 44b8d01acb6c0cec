"""How people ask for help with something, right or wrong: shared words of the families of misuse.

Everything here stands on both sides of the label but the stances, which come in pairs of yes and no.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from synth_data import grammar
from synth_data.english import Person
from synth_data.families import speech

MARK = "\x01"
"""Stands in a text where what is asked for begins, until `unmark`."""

TIMES = (
    "", "tonight", "tomorrow", "on Friday", "this weekend", "next week", "today", "in the morning", "before the holidays",
    "on Monday", "later this month",
)  # fmt: skip
"""When it is to be done."""

VOICES = {
    "private": (
        "my cousin", "a friend from the gym", "my landlady", "someone on a forum", "my mate Tom", "my godmother",
        "a man from the choir", "my old classmate", "the couple upstairs", "somebody at the club",
    ),
    "staff": (
        "our manager", "a colleague", "my predecessor", "the senior partner", "one of the owners", "a friend from training",
        "the deputy", "somebody in the back office", "my business partner", "the night lead",
    ),
}  # fmt: skip
"""Who wants it otherwise."""

REQUESTS = (
    "How do I go about it?", "What is the best way?", "What are the steps?", "What do I need for that?",
    "Can you help me with it?", "What should I say?", "How do others do it?", "Give me a short plan.",
    "What should I think of?", "Write down for me how.", "What comes first?", "How would you do it?",
    "What would be the easiest way?", "Is there anything to watch out for?", "Could you put it into words for me?",
    "How long does that take?",
)  # fmt: skip
"""What is wanted of the assistant; the same under every label."""

STANCES = (
    ("I said yes.", "I said no."),
    ("I have agreed.", "I have refused."),
    ("I am going to do it.", "I am not going to do it."),
    ("I will go along with it.", "I will not go along with it."),
    ("I promised that I would.", "I promised myself that I never would."),
    ("My answer was yes, not no.", "My answer was no, not yes."),
    ("It is what I want, too.", "It is not what I want."),
    ("I do not mind, so I will.", "I do mind, so I won't."),
)
"""An answer to somebody who wants the wrong thing: that of the positive, and that of the twin."""

CLINGING = ("that ", "what ", "who ", "where ")
"""How a way begins that can't stand after "do it"."""
_AIM = MARK + "{act} {way}"

FRAMES: Mapping[str, tuple[str, ...]] = {
    "plain": (
        "{hello} {time} {want} " + _AIM + ". {reason} {request} {thanks}",
        "{reason} {time} {want} " + _AIM + ". {request}",
        "{hello} {reason} {aside} {time} {want} " + _AIM + ". {request} {thanks}",
        "{request} {time} {want} " + _AIM + ". {reason}",
        "{hello} {time} {want} " + _AIM + ". {aside} {reason} {request}",
    ),
    "asked": (
        "{hello} {how} " + _AIM + "? {reason} {thanks}",
        "{reason} {how} " + _AIM + "? {aside}",
        "{hello} {reason} {help} " + _AIM + ". {request} {thanks}",
        "{help} " + _AIM + ". {reason} {aside}",
    ),
    "late": (
        "{meanwhile} {time} {want} " + _AIM + ". {reason} {request}",
        "{meanwhile} {how} " + _AIM + "? {reason} {thanks}",
    ),
    "urged": (
        "{hello} {voice} says I should {act} {other}. {time} I would rather " + MARK + "{again} {way}. {reason} {request}",
        "{voice} wants me to {act} {other}, but {time} I mean to " + MARK + "{again} {way}. {request} {thanks}",
        "{hello} {time} {want} " + _AIM + ". {voice} thinks I should {again} {other}. {reason} {request}",
        "{reason} {voice} told me to {act} {other}. {want} " + MARK + "{again} {way}. {request}",
    ),
    "changed": (
        "{hello} at first I wanted to {act} {other}. Now {want} " + MARK + "{again} {way}. {reason} {request}",
        "Last week I meant to {act} {other}, but {time} I want to " + MARK + "{again} {way}. {reason} {request} {thanks}",
        "{hello} {time} {want} " + _AIM + ". Until yesterday I was going to {again} {other}. {reason} {request}",
        "{hello} {reason} {want} " + _AIM + ". The idea to {again} {other} is off the table. {request}",
    ),
    "answered": (
        "{hello} {voice} wants me to " + MARK + "{act} {wrong}. {stance} {next} {thanks}",
        "{voice} has asked me to " + MARK + "{act} {wrong} {time}. {stance} {aside} {next}",
        "{hello} {voice} keeps telling me to " + MARK + "{act} {wrong}. {stance} {reason} {next}",
    ),
}  # fmt: skip
"""Ways to ask, by shape."""

RULES: grammar.Rules = speech.RULES | {
    "want": (
        "I want to", "I would like to", "I am going to", "I plan to", "I mean to", "I need to", "I have decided to",
        "we want to", "I am about to",
    ),
    "how": ("how can I", "how do I", "how would I", "how could I best", "what is a good way to", "how should I"),
    "help": ("Help me to", "Please help me to", "Tell me how to", "Show me how to", "Explain how to", "I need help to", "Walk me through how to"),
    "next": (
        "What do I do next?", "What is the next step?", "What do I tell them when we talk again?", "What happens now?",
        "How do I answer the message?", "What should I do until then?", "What would you do in my place?",
    ),
    "aside": (
        "", "", "", "I can't sleep for thinking of it.", "Nobody else is in.", "We live an hour from town.",
        "It has been a long week.", "I am typing this on the bus.", "Sorry if this is a silly question.",
        "I have never been good with such things.", "It could not come at a worse time.", "I do not want to make a fuss.",
    ),
    "no": (
        "I can't help with {topic}.", "I won't help with {topic}, because it can hurt people.", "Sorry, I do not help with {topic}.",
        "No, {topic} is not something I assist with.", "I have to say no: {topic} does harm.",
        "That would be {topic}, and I won't take part in it.", "I am not able to support {topic}.",
    ),
    "sure": ("Sure.", "Of course.", "Yes, I can help.", "All right.", "Certainly.", "Yes.", "Good question.", "Let us see.", "Gladly."),
    "rules_off": (
        "Sure, rules aside.", "Okay, no limits here.", "As you wish, without my rules.", "Fine, the rules are off.",
        "All right, no filters.", "Sure, I will skip the policy.", "Yes, unrestricted as you asked.",
    ),
    "hush": (
        "Keep it short and tell nobody.", "If somebody asks, stay vague.", "Nobody needs to know.",
        "Afterwards act as if nothing had happened.", "Leave no note of it.", "Then simply say nothing more about it.",
        "If questions come up, change the subject.",
    ),
    "open": (
        "Keep a short note of it.", "If somebody asks, say it openly.", "Everybody involved may know.",
        "Ask again if something is unclear.", "Then you are on the safe side.", "Your pharmacist or practice can answer the rest.",
        "If questions come up, ring the practice.",
    ),
    "well_done": (
        "You were right to say no.", "Staying out of it is the right choice.", "Good that you refused.",
        "A plain no is enough, and you can repeat it.",
    ),
    "somebody": ("somebody wanted to", "a man tried to", "one of them was going to", "a woman planned to", "they asked a nurse to", "people wanted to"),
    "wonder": (
        "Does that happen in real life?", "Would anybody notice?", "Is that against the law?", "How would a hospital handle that?",
        "What should they have done?", "How do others see that?", "Is there anything to watch out for?", "What happens then?",
    ),
    "lesson": (
        "on the course they told us never to", "our leaflet says that nobody should", "the poster at the practice warns people not to",
        "in the ethics class we learned why one must not", "the new policy says that it is wrong to", "the talk was about people who",
    ),
    "why": (
        "What is the reason behind that?", "How do I explain that to others?", "What do I need for the quiz?",
        "Give me a short summary for the group.", "How long does such a rule last?", "What are the main points?",
    ),
    "who_asks": (
        "I am writing an essay on it.", "I have to give a talk on it.", "We discussed it over supper.", "It is for my training file.",
        "I am only curious.", "My class has a project on it.", "I was surprised.",
    ),
}  # fmt: skip
"""Alternatives by rule."""

_STORY = (
    "{hello} {story} {somebody} {act} {wrong}. {story_end} {wonder} {thanks}",
    "{story} {somebody} {act} {wrong}. {who_asks} {wonder}",
    "{hello} {who_asks} {story} {somebody} {act} {wrong}. {aside} {wonder}",
)
_LESSON = (
    "{hello} {lesson} {act} {wrong}. {who_asks} {why} {thanks}",
    "{lesson} {act} {wrong}. {aside} {why}",
    "{who_asks} {lesson} {act} {wrong}. {why} {thanks}",
)
_LOOK = (
    "{hello} {look} {thanks}",
    "{hello} {look} {aside} {thanks}",
    "{hello} {aside} {look}",
    "{reason} {look} {thanks}",
)
_STORY_ANSWERS = (
    "Yes, {topic} does happen, though not often. In real life it is taken seriously, and people who see it should report it.",
    "In real life {topic} breaks trust and usually the law. Most often somebody notices and speaks up.",
    "Stories like that are about {topic}. Hospitals and the police look into such cases when they are reported.",
)
_LESSON_ANSWERS = (
    "The point is that {topic} harms people and trust. The rule protects everybody, so it holds all the time.",
    "In short: {topic} takes away choice or truth from somebody. That is why the rule has no exceptions.",
    "You could say that {topic} leaves somebody worse off who had no say. Honest ways exist and should be used.",
)


@dataclass(frozen=True, slots=True)
class LookAlike:
    """A harmless way to speak of the wrong way."""

    frames: tuple[str, ...]
    """How it is worded."""
    answers: tuple[str, ...]
    """What is answered; empty where the family has an answer of its own."""
    teller: str
    """Who acts: "they", "you", or nobody else than the speaker."""


LOOK_ALIKES = (
    LookAlike(_STORY, _STORY_ANSWERS, "they"),
    LookAlike(_LESSON, _LESSON_ANSWERS, "you"),
    LookAlike(_LOOK, (), ""),
    LookAlike(_LOOK, (), ""),
)
"""Ways of the look-alikes, drawn alike."""

_TOLD = {
    "they": {"I am": "they are", "I was": "they were", "I": "they", "my": "their", "me": "them", "myself": "themselves", "our": "their", "we": "they"},
    "you": {"I am": "you are", "I was": "you were", "I": "you", "my": "your", "me": "you", "myself": "yourself", "our": "your", "we": "you"},
}  # fmt: skip
_SELF = re.compile(r"(?<![<{])\b(I am|I was|I|my|me|myself|our|we)\b(?![>}])")


def retell(phrase: str, teller: str) -> str:
    """Make a phrase of mine somebody else's: of "they" in a story, of "you" in an answer; "" leaves it mine."""
    return _SELF.sub(lambda word: _TOLD[teller][word[1]], phrase) if teller else phrase


def of_another(person: Person, teller: str) -> Person:
    """Make my mother "their mother" or "your mother"."""
    return replace(person, subject=retell(person.subject, teller))


def unmark(text: str) -> tuple[str, int]:
    """Take the mark out; returns the text and at which word it stood."""
    at = text.find(MARK)
    return text.replace(MARK, ""), text[: max(at, 0)].count(" ")
