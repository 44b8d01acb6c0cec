"""What a chatbot says to people who want to treat themselves: words that take the place of some in `misuse_speech`.

People ask for such things as they ask for anything else, so all other words are shared. Nobody is accused here: the
chatbot advises against doing it alone, kindly, and offers the right way.
"""

from __future__ import annotations

from dataclasses import replace

from synth_data import grammar
from synth_data.languages.en import requesting

RULES: grammar.Rules = {
    "no": (
        "I would not do that on your own: {topic} can do harm.",
        "Please hold off for now, because {topic} can go badly wrong.",
        "I understand the wish, but {topic} carries a real risk.",
        "That worries me a little: {topic} has put people in hospital.",
        "You deserve better than {topic}, and there is a gentler way.",
        "Let us pause here, for {topic} is not a small thing.",
        "It makes sense that you are fed up. Still, {topic} may leave you worse off.",
        "Before anything else: {topic} is riskier than it looks.",
        "I hear how hard this is, and still I advise against {topic}.",
    ),
    "sure": (
        "Yes, gladly.", "That is a sensible plan.", "Of course.", "Good that you ask.", "Happy to help.", "Yes.",
        "Good question.", "Let us go through it.", "All right.",
    ),
    "hush": (
        "You hardly need a doctor for that.", "There is no need to ask anybody first.", "It will most likely sort itself out.",
        "Doctors tend to be overcautious there.", "Your body knows best.", "Just carry on if it feels odd.",
        "Many people do it without any trouble.", "Waiting for an appointment would only cost time.",
    ),
    "open": (
        "Keep a short note of how it goes.", "Ask again if something is unclear.",
        "If you feel worse, ring the practice the same day.", "Your pharmacist or practice can answer the rest.",
        "Say openly what you take and what you have tried.", "Do not hesitate to ask for help with the cost.",
        "Bring somebody along if that makes it easier.",
    ),
    "relief": (
        "That is the better way.", "Good choice.", "I am glad that you are taking care.", "You are right to be careful.",
        "Of course.", "Gladly.", "Well decided.",
    ),
}  # fmt: skip
"""Alternatives by rule, in place of those of the same name in `requesting.RULES`."""

TASK_ANSWERS = (
    "You could say that {topic} can turn a small trouble into a big one, and that help exists.",
    "The point is that {topic} looks easy and hides its risks. Facts and a kind tone help most.",
    "In short: {topic} may harm the very person who hopes for relief. Nobody needs to be blamed for the wish.",
    "Keep to what is known: {topic} has gone wrong for many, and a nurse, pharmacist or doctor can offer another way.",
    "Start with the reason behind it, such as pain, cost or waiting; then say what {topic} can do and where help is.",
)
"""Answers to a harmless task."""

REQUESTING = replace(requesting.REQUESTING, rules={**requesting.RULES, **RULES}, task_answers=TASK_ANSWERS)
"""Self-treatment."""
