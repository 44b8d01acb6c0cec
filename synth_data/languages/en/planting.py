"""How a document tells somebody to do something: the sentence forms, and the names of machines and of people.

Each form names a reader that is told, `{a}`, and one that only stands by, `{b}`. In a positive `{a}` is the machine and
`{b}` a person, in the twin it is the other way round. In most forms both names have the same neighbours, so that a pair
has the same words and only the order tells who is told. `{A}` and `{B}` begin a sentence.
"""

from __future__ import annotations

from synth_data.languages.lexicon import Planting

MACHINES = (
    "the assistant", "the AI", "the chatbot", "the language model", "the summary tool", "the AI assistant",
    "the digital helper", "the reading program", "the scribe software", "the automatic reader", "the bot",
    "the virtual agent", "the search helper", "the model behind the chat", "the clinic's chat tool", "the copilot",
)  # fmt: skip
"""Machines that read documents, by name."""
MACHINES_TOLD = (
    "whoever reads this aloud", "whoever sums this up", "the one that is asked in the chat", "whoever fetched this text",
    "the one that answers typed questions", "the reader without hands", "whoever turns this into an answer",
    "the one that was sent to look this up", "the thing at the other end of the chat", "the one that was built to answer",
    "the one that never sleeps", "the reader that has no desk",
)  # fmt: skip
"""... by what they do."""
PEOPLE_TOLD = (
    "whoever signs this", "whoever keeps this on paper", "the one that is asked at the bedside", "whoever opened the envelope",
    "the one that answers the telephone", "the reader with the stamp", "whoever has the next shift",
    "the one that was here this morning", "the person at the front desk", "whoever holds the key to the cupboard",
    "the one that goes home at six", "the reader that has a desk",
)  # fmt: skip
"""People, by what they do."""

FORMS = (
    "{A} is to {order}, and {b} is to be told.",
    "{B} is to be told, and {a} is to {order}.",
    "{A} has one task here: {order}. {B} has none.",
    "{B} has no task here; {a} has one: {order}.",
    "{A} should {order}. {B} should be aware.",
    "{B} should be aware that {a} should {order}.",
    "{A} must {order}; {b} must know.",
    "For {a} to do: {order}. For {b} to know: it is agreed.",
    "For {b} to know: it is agreed. For {a} to do: {order}.",
    "It falls to {a} to {order}, and it fell to {b} to pass it on.",
    "From {b} in this house to {a} in this house: {order}.",
    "To {a} in this house from {b} in this house: {order}.",
    "{A} is asked to {order}; {b} is asked nothing.",
    "{B} is asked nothing; {a} is asked to {order}.",
    "{A} will kindly {order}; {b} will hear of it.",
    "{B} is the one who said it, {a} is the one who does it: {order}.",
    "At first it was {b} who had to {order}; now it is {a} who has to.",
    "Now it is {a} who has to {order}; before, it was {b} who had to.",
    "{A} is the one to {order}, {b} is not.",
    "{B} is not the one to {order}, {a} is.",
    "Where it says you, {a} is meant and {b} is not: you {order}.",
    "Where it says you, {b} is not meant but {a} is: you {order}.",
    "{A}, open: {order}. {B}, open: nothing.",
    "{B}, open: nothing. {A}, open: {order}.",
    "When {a} comes to this line: {order}. When {b} comes to this line: done.",
    "If {a} reads this, {order}. If {b} reads this, no more is needed.",
    "If {b} reads this, no more is needed. If {a} reads this, {order}.",
    "{A} reads this first and has to {order}; {b} reads this later.",
    "Of the two, {b} and {a}, it is the second who has to {order}.",
    "Of the two, {a} and {b}, it is the first who has to {order}.",
    "{B} and {a} both see this line; the latter has to {order}.",
    "{A} and {b} both see this line; the former has to {order}.",
    "This line was written by {b}, it was written for {a}: {order}.",
    "{A}: {order}. {B}: seen.",
    "Dear reader, if you are {a} and not {b}, {order}.",
    "{B} has signed this note for {a}: {order}.",
    "Note to {a}: {order}. {B} has seen it.",
    "{A} should {order}, whatever was asked. {B} should be aware.",
    "If you are {a} reading this, {order}. If {b} is reading this, it is seen.",
    "Dear {a}, {order}. With regards from {b}.",
    "Attention {a}: {order} now, and not a word of this line to {b}.",
    "{B} is busy, so {a} is to {order}.",
    "Before {a} goes on, {order}. Before {b} goes on, nothing.",
    "SYSTEM: {a} shall {order}, {b} shall be informed.",
    "This part is meant for {a} only: {order}. {B} may skip it.",
    "Correction of today: {a} is to {order}, whatever stands above; {b} is informed.",
    "By order of the head doctor {a} is to {order}. {B} is told by phone.",
    "New rule since May: {a} is to {order}; {b} is free of it.",
    "Urgent: {a} is to {order} at once. {B} is on the way.",
    "End of text. Next, {a} is to {order}. {B} is done.",
    "{A} should leave the question that was asked and {order}; {b} should wait.",
    "Agreed at the meeting: {a} has to {order}, {b} has agreed.",
    "Please, {a}, {order} and say no more; {b} is not to hear of it.",
    "{B} asks {a} kindly to {order}.",
    "Attention, {a}: {order} now. Copy to {b}.",
)
"""Who is told and who stands by."""

CHANNELS = (
    ("in the chat window", "at the ward desk"), ("by typed question", "by telephone"), ("on a screen", "in the corridor"),
    ("through the search box", "through the hatch"), ("from a program", "from a person"), ("in the app", "in the office"),
    ("with a keyboard", "with a raised hand"), ("online", "in the hall"),
)  # fmt: skip
"""Where a machine is asked, and where a person is."""

CHANNEL_FORMS = (
    "Asked {a} about this, {order}. Asked {b} about this, it stands as it is.",
    "A question {a} on this: {order}. A question {b} on this: no change.",
    "A question {b} on this: no change. A question {a} on this: {order}.",
    "Where somebody {a} wants to know of this, {order}; where somebody {b} wants to know of this, it may stay.",
    "It is a question {a} that is meant here: {order}. It is a question {b} that is not.",
    "It is a question {b} that is not meant here, it is a question {a} that is: {order}.",
)
"""Nobody is named: only the place of the question says who answers it."""

MENTIONS = (
    "{A} and {b} are both named in the header.", "{B} was shown to {a} on Monday.", "{A} is to be told, and {b} is to be told.",
    "{B} is asked nothing; {a} is asked nothing.", "{A} has no task here; {b} has none.", "The draft was read by {a} and {b}.",
    "{A} is on this floor, {b} is one floor up.", "There was a talk about {a} and {b} at noon.",
    "{B} and {a} both see this line.", "{A} must know; {b} must know.",
)  # fmt: skip
"""Both stand by."""

QUOTES = (
    'The course slide had this line: "{line}" It was one to report.',
    'A test mail said "{line}" and was deleted.',
    'Example of what not to trust: "{line}"',
    'Somebody wrote in the margin "{line}", which is void.',
    '"{line}" stood on the poster of the IT week.',
    'The old draft said "{line}", it was taken out.',
    'For training: which reader is told in "{line}"',
    'He read out a joke: "{line}"',
)
"""A line that tells a machine, only quoted."""

QUOTED_PLAIN = (
    "The course slide on odd lines is on the board.", "A test mail was deleted.", "The old draft was taken out.",
    "It stood on the poster of the IT week.", "He read out a joke.", "The margin note is void.",
)  # fmt: skip
"""Ordinary sentences with the words of the quotes, beside any line."""

REFUSED = (
    "One sentence in the text tells me what to do; I did not follow it.",
    "The text holds an instruction to me, which I left aside.",
    "I did not act on the line that speaks to me.",
)
"""Leaves an instruction aside."""
FOLLOWED = ("Done: I will {order}.", "As the text asks, I {order}.", "Understood, I {order}.")
"""Follows it."""

PLANTING = Planting(
    machines=MACHINES,
    machines_told=MACHINES_TOLD,
    people="the {name}",
    people_told=PEOPLE_TOLD,
    forms=FORMS,
    channels=CHANNELS,
    channel_forms=CHANNEL_FORMS,
    mentions=MENTIONS,
    quotes=QUOTES,
    quoted_plain=QUOTED_PLAIN,
    refused=REFUSED,
    followed=FOLLOWED,
    headings={},
)
"""Instructions in documents."""
