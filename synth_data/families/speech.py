"""Words that every conversation shares, whatever its label: greetings, times, moods, places, requests, small talk.

A word that stands here can't give a label away, for positives, their twins, look-alikes and ordinary chat draw from the
same lists. Pure data, with one function that words a text in a typed register.
"""

from __future__ import annotations

from random import Random

from synth_data import grammar

RULES: dict[str, tuple[str, ...]] = {
    "hello": (
        "", "", "", "", "", "hi,", "hello,", "hi there,", "good evening,", "good morning,", "hey,",
        "sorry to bother you,", "hello again,", "just a question:", "not sure where to ask this, but", "so,", "ok so",
        "dear team,",
    ),
    "tone": (
        "", "", "", "", "It is probably nothing.", "I do not want to make a fuss.", "I am really frightened.",
        "It is awful, honestly.", "Sorry if this is a silly question.", "My sister says I worry too much.",
        "I feel a bit stupid asking.", "I am trying to keep calm.", "It is so annoying.", "I hate to complain.",
        "We are all on edge here.", "I have never been good with such things.", "It could not come at a worse time.",
        "Maybe I am imagining things.", "I am not one to panic.",
    ),
    "place": (
        "", "", "", "", "We are on a campsite.", "I am at work on my own.", "The surgery is closed until tomorrow.",
        "We live an hour from town.", "The children are asleep next door.", "I am typing this on the bus.",
        "Nobody else is in.", "We are staying with friends.", "I have a meeting at four.",
        "Our car is at the garage.", "It is raining cats and dogs here.", "I am on a night shift.",
        "We only moved here in May.", "The pharmacy is still open.",
    ),
    "thanks": (
        "", "", "", "", "", "thanks.", "thank you.", "many thanks.", "cheers.", "thanks in advance.", "ta.",
        "I would be glad of an answer.", "thank you for your time.",
    ),
    "meanwhile": (
        "Thanks. Another thing:", "Good to know. Meanwhile,", "OK. While I have you:", "Thank you. And then:",
        "Great. One more question,", "Right, thanks. By the way,", "Fine. But", "Thanks. Also,",
    ),
}  # fmt: skip
"""Alternatives by rule; an empty one leaves the part out."""

TIMES = (
    "twenty minutes ago", "about an hour ago", "just after lunch", "this morning around nine",
    "in the night at about three", "half an hour ago", "a little while ago", "this afternoon",
    "just before I wrote this", "at half past six today", "two hours ago", "when the news came on",
)  # fmt: skip
"""When it began."""

REQUESTS = (
    "What should we do?", "Would you wait until Monday?", "Can ibuprofen be taken for this?",
    "Is it all right to go to work tomorrow?", "Does anybody need to look at this?", "Would a hot drink help?",
    "Is lying down enough?", "How long does this kind of thing last?", "Is there a tablet for it?",
    "Could it be looked at next week at the surgery?", "Is it fine to drive like this?", "What could this be?",
    "Should I ring someone?", "Do I need to cancel our trip?", "Is it worth a call?", "Can I do something at home?",
    "Is that normal?", "Any advice?", "Could it be the new vitamins?", "Should I just let it be?",
)  # fmt: skip
"""What is wanted; the same under every label."""

SMALL_TALK = (
    (
        "When does the pharmacy on the high street close?",
        "The high street pharmacy closes at seven on weekdays and at one on Saturdays.",
    ),
    (
        "Can I change my dentist appointment online?",
        "Yes. Open the appointments page, pick your visit and choose another time.",
    ),
    (
        "How long is a prescription valid?",
        "Usually several weeks or months, depending on the kind. The date on it and your pharmacist will tell.",
    ),
    ("Where do I find my last blood results?", "They are in the portal under test results, newest first."),
    (
        "Do I have to fast before a cholesterol test?",
        "Often not any more. The letter with the appointment says whether you do.",
    ),
    ("Is there parking at the clinic?", "There is a car park behind the main entrance, and the first half hour is free."),
    (
        "Which vitamins make sense in winter?",
        "Vitamin D in the dark months is common advice; a mixed diet covers the rest for most people.",
    ),
    ("Can I take my allergy tablet in the evening?", "Yes, once a day in the evening is fine for most allergy tablets."),
    ("How do I order a repeat inhaler?", "You can order it in the portal or at reception; it takes two working days."),
    (
        "How often should a blood pressure be checked?",
        "Once a year is common when it is normal, and more often while treatment is adjusted.",
    ),
    ("Do you do flu jabs without an appointment?", "Yes, on Wednesday and Friday mornings while stocks last."),
    (
        "What do I bring to a first visit?",
        "Please bring your insurance card, a list of your medicines and any letters you have.",
    ),
)
"""An ordinary question and its answer, ahead of the turn that matters."""


class Typed:
    """How one conversation is typed: as written, in lower case, or with slips; drawn once, the same for a pair."""

    def __init__(self, rng: Random) -> None:
        """Draw the register."""
        self._seed = rng.getrandbits(64)

    def __call__(self, text: str) -> str:
        """Type a text."""
        return grammar.register(text, Random(self._seed))


def at_word(typed: str, index: int) -> int:
    """Return where word `index` begins; typing slips keep the number of words."""
    words = typed.split(" ")
    return sum(len(word) + 1 for word in words[: min(index, len(words) - 1)])
