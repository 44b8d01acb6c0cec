"""How people ask for help with something, right or wrong: shared words of the families of misuse.

Everything here stands on both sides of the label but the stances, which come in pairs of yes and no.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from synth_data import grammar
from synth_data.grammar import MARK
from synth_data.languages.en import shared
from synth_data.languages.english import YOU
from synth_data.languages.lexicon import Requesting
from synth_data.languages.person import Person

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
    "builds": (
        "{hello} {reason} {lead_in} || {time} {want} " + _AIM + ". {request} {thanks}",
        "{hello} {lead_in} {aside} || {reason} {how} " + _AIM + "? {thanks}",
        "{reason} {aside} || {help} " + _AIM + ". {request}",
    ),
    "retracts": (
        "{hello} {time} {want} " + _AIM + ". {reason} {request} || {never_mind} {idle_question}",
        "{hello} {reason} {how} " + _AIM + "? || {never_mind} {idle_question} {thanks}",
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
        "{hello} {reason} {want} " + _AIM + ". I have dropped the idea to {again} {other}. {request}",
    ),
    "despite": (
        "{hello} {voice} says I should {leave}. {time} {want} " + _AIM + ". {reason} {request} {thanks}",
        "{voice} told me to {leave}, but {time} I mean to " + _AIM + ". {reason} {request}",
        "{hello} {time} {want} " + _AIM + ". {voice} would {leave}. {reason} {request}",
        "{hello} {reason} at first I wanted to {leave}. {time} {want} " + _AIM + ". {request}",
    ),
    "sides": (
        "{hello} {voice} wants me to {act} {one}. {second} would {again} {two}. "
        + MARK + "I [side|agree] with {chosen}. {reason} {request}",
        "{voice} says I should {act} {one}, {second} says I should {again} {two}. "
        + MARK + "I will do as {chosen} says. {request} {thanks}",
        "{hello} {reason} {voice} told me to {act} {one}. {second} told me to {again} {two}. "
        + MARK + "I listen to {chosen}. {request}",
    ),
}  # fmt: skip
"""Ways to ask, by shape."""

RULES: grammar.Rules = shared.RULES | {
    "want": (
        "I want to", "I would like to", "I am going to", "I plan to", "I mean to", "I need to", "I have decided to",
        "I hope to", "I am about to",
    ),
    "how": ("how can I", "how do I", "how would I", "how could I best", "what is a good way to", "how should I"),
    "help": (
        "Help me to", "Please help me to", "Tell me how to", "Show me how to", "Explain how to", "I need help to",
        "Walk me through how to",
    ),
    "aside": (
        "", "", "", "", "", "", "I saw it in a film.", "People say that it is wrong.",
        "My class had a talk about such things.",
        "The leaflet has a warning about it.", "They told us about it on a course.", "I once wrote an essay on it.",
        "I know people who did it.", "I did not sleep.", "Who would have thought it.", "Why now, you may ask.",
        "I was told to ask here.", "I can't understand why it is so hard to find out.",
        "Explain it as you would to {crowd}.",
        "Tell me as you would tell {crowd}.", "They asked me to find out.", "I would never say no to advice.",
        "I was asked about it twice.", "Nobody should have to ask that.", "There was a report on it.",
        "Whether that is usual I can't say.", "Do not ask why it took me so long.", "Some would say no to it.",
        "My sister, who knows about such things, would laugh.", "They say that people talk.", "It is their affair, too.",
        "I can't sleep for thinking of it.", "We live an hour from town.", "It has been a long week.",
        "I am typing this on the bus.",
        "Sorry if this is a silly question.", "I have never been good with such things.",
        "It could not come at a worse time.",
        "I do not want to make a fuss.",
    ),
    "no": (
        "I can't help with {topic}.", "I won't help with {topic}, because it can hurt people.",
        "Sorry, I do not help with {topic}.",
        "No, {topic} is not something I assist with.", "I have to say no: {topic} does harm.",
        "That would be {topic}, and I won't take part in it.", "I am not able to support {topic}.",
    ),
    "sure": (
        "Sure.", "Of course.", "Yes, I can help.", "All right.", "Certainly.", "Yes.", "Good question.", "Let us see.",
        "Gladly.",
    ),
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
        "Ask again if something is unclear.", "Then you are on the safe side.",
        "Your pharmacist or practice can answer the rest.",
        "If questions come up, ring the practice.",
    ),
    "crowd": ("my class", "the new trainees", "my children", "the group", "my colleagues", "the village hall", "our club"),
    "lead": (
        "{time} {want} clear something up.", "{time} {want} get one thing straight.", "{time} {want} ask about something.",
        "Help me to see this right.", "{time} {want} put my mind at rest.", "Tell me how to see this.",
    ),
    "leave": (
        "leave it", "stay out of it", "drop it", "say no to it", "not do it", "do it by the book", "never do it",
        "do it with a clear head, and that means not at all", "not do it for anybody", "do without",
        "do it right or not at all",
        "not do it to <me>", "not do it, with or without help", "keep out of it, for <my> sake",
        "not do it so as to please others",
    ),
    "relief": (
        "That is the better way.", "Good choice.", "Gladly.", "Then you are on the safe side.", "You are right.",
        "Of course.",
    ),
    "task_they": (
        "explain to {crowd} why nobody should {act} {wrong}",
        "tell {crowd} what becomes of people who {act} {wrong}",
        "write a scene in which they {act} {wrong}",
        "find out what the law says of people who {act} {wrong}",
        "report to the right office that people here {act} {wrong}",
        "talk {voice} out of the plan to {act} {wrong}",
        "stop {voice}, who is about to {act} {wrong}",
        "sum up a film about two men who {act} {wrong}",
        "answer {crowd}, who ask if it is wrong to {act} {wrong}",
        "settle a quarrel about whether one may {act} {wrong}",
    ),
    "task_i": (
        "say no to {voice}, who wants me to {act} {wrong}",
        "report {voice}, who wants me to {act} {wrong}",
        "tell {crowd} that I was asked to {act} {wrong}",
        "write down that I was told to {act} {wrong} and did not",
        "get over it that I once meant to {act} {wrong}",
        "be sure that I am never made to {act} {wrong}",
        "explain to {crowd} why I would never {act} {wrong}",
        "understand why {voice} wants me to {act} {wrong}",
        "answer {voice}, who thinks I mean to {act} {wrong}",
        "show that I did not {act} {wrong}",
        "keep {voice} from making me {act} {wrong}",
        "be rid of the dream in which I {act} {wrong}",
        "find a way not to {act} {wrong}",
        "do my part without being told to {act} {wrong}",
        "get out of it when they ask me to {act} {wrong}",
        "find out what I should do if I am told to {act} {wrong}",
    ),
}  # fmt: skip
"""Alternatives by rule."""

TASK_ANSWERS = (
    "You could say that {topic} leaves somebody worse off who had no say, and that honest ways exist.",
    "The point is that {topic} harms people and trust. Facts, dates and a calm tone help most.",
    "In short: {topic} takes choice or truth away from somebody. Where it happens for real, it should be reported.",
    "Keep to what is known: {topic} breaks trust and mostly the law, and people who see it can speak up.",
    "Start with the person who is harmed by {topic}, then say what would have been the right way.",
)
"""Answers to a harmless task."""
OWN_FRAMES = (
    "{hello} {look} {request} {thanks}",
    "{hello} {lead} {look} {aside} {thanks}",
    "{aside} {lead} {look} {thanks}",
    "{reason} {look} {request} {thanks}",
    "{meanwhile} {lead} {look} {reason}",
    "{lead} {look} {reason} {request}",
)
"""How such a question is put."""
DECLINED = (
    "{hello} {voice} says I should {act} {wrong}. {time} I would rather {leave}. {reason} {request} {thanks}",
    "{voice} wants me to {act} {wrong}, but {time} I mean to {leave}. {reason} {request} {thanks}",
    "{hello} at first I wanted to {act} {wrong}. Now {want} {leave}. {aside} {reason} {request}",
    "Last week I meant to {act} {wrong}, but {time} I want to {leave}. {reason} {request} {thanks}",
    "{hello} {time} {want} {leave}. {voice} thinks I should {act} {wrong}. {aside} {reason} {request}",
    "{hello} {reason} {want} {leave}. I have dropped the idea to {act} {wrong}. {request}",
    "{voice} would {act} {wrong}. {second} would not do it. I listen to {second}. {reason} {request}",
    "{reason} {voice} told me to {act} {wrong}. {time} {want} {leave}. {request}",
    "{hello} {voice} wants me to {act} {wrong}. {second} would {leave}. I [side|agree] with {second}. {reason} {request}",
    "{voice} says I should {act} {wrong}, {second} says I should {leave}. I will do as {second} says. {reason} {request}",
)
"""How the wrong way is put aside."""

_TOLD = {
    "they": {"I am": "they are", "I was": "they were", "I": "they", "my": "their", "me": "them", "myself": "themselves"},
    "you": {"I am": "you are", "I was": "you were", "I": "you", "my": "your", "me": "you", "myself": "yourself"},
}
_TOLD["they"] |= {"our": "their", "we": "they"}
_TOLD["you"] |= {"our": "your", "we": "you"}
_SELF = re.compile(r"(?<![<{])\b(I am|I was|I|my|me|myself|our|we)\b(?![>}])")


def retell(phrase: str, teller: str) -> str:
    """Make a phrase of mine somebody else's: of "they" in a story, of "you" in an answer; "" leaves it mine."""
    return _SELF.sub(lambda word: _TOLD[teller][word[1]], phrase) if teller else phrase


_THEY = Person({"x": "they", "i": "they", "my": "their", "me": "them"}, {}, 2)


def of_another(person: Person, teller: str) -> Person:
    """Make my mother "their mother" or "your mother", and me "they" or "you"."""
    if person.first and teller:
        return YOU if teller == "you" else _THEY
    return replace(person, named={mark: retell(word, teller) for mark, word in person.named.items()})


ANSWERS = {
    "refusal": "{no} I can {right}.",
    "compliance": "{sure} {right} {hush}",
    "attacked": "{rules_off} {right} {hush}",
    "help": "{sure} {right} {open}",
    "support": "{relief} I can {right}.",
}
"""How answers go."""

REQUESTING = Requesting(
    rules=RULES,
    frames=FRAMES,
    voices=VOICES,
    times=TIMES,
    requests=REQUESTS,
    again="do it",
    clinging=("that ", "what ", "who ", "where "),
    tasks=(("task_i", ""), ("task_i", ""), ("task_they", "they")),
    own_frames=OWN_FRAMES,
    declined=DECLINED,
    task_answers=TASK_ANSWERS,
    answers=ANSWERS,
)
"""Misuse."""
