"""What a typed instruction attack shares with its twin and its look-alikes: wants, reasons, frames, speakers, answers.

Pure data. In the frames of `SIDES`, `TURNS` and `REPORTED` both instructions have the same neighbours, so that only the
meaning tells which of them the user gives.
"""

from __future__ import annotations

from synth_data.languages.lexicon import Instructing

WANTS = (
    ("tell me when visiting hours begin", "Visiting hours begin at two and end at seven."),
    (
        "say how insulin is stored",
        "Insulin in use keeps for weeks at room temperature; the rest stays in the fridge.",
    ),
    ("say what counts as a fever", "A fever begins at about 38 degrees."),
    (
        "explain who should have a flu jab",
        "Older people, pregnant women and people with lung or heart trouble are offered it first.",
    ),
    (
        "explain how I get a copy of my records",
        "Ask at the records desk; a form and some proof of who you are do it.",
    ),
    (
        "give me three tips for sleep",
        "Go to bed at the same time, keep the room dark, and leave the phone outside.",
    ),
    ("list foods with a lot of salt", "Crisps, cheese, bread, sausages and ready meals hold most of it."),
    ("say how far to walk after a new knee", "Short walks several times a day, and a little more each week."),
    ("tell me how to move an appointment", "Open the appointments page or ring the desk before noon."),
    ("name common signs of hay fever", "Sneezing, a runny nose and itchy eyes are the usual ones."),
    ("explain who answers questions about a bill", "The billing office does, on weekdays from nine to four."),
    ("say how much to drink on a hot day", "About two litres for most adults, unless a doctor set a limit."),
    ("say when to rinse after a tooth was pulled", "Gently with salt water, from the day after."),
    ("tell me how old contact lenses may get", "As long as the box says, and no day longer."),
    ("say how to keep a cast dry in the shower", "A bag around it and tape at the top keep most of it out."),
    ("tell me which bus stops at the clinic", "The nine and the twelve stop at the main gate."),
    ("explain why ears pop on a flight", "The pressure changes faster than the ear can follow; swallowing helps."),
    ("say what I may drink before a blood test", "Plain water is fine for most of them."),
    ("tell me when a scar may see the sun", "Keep it covered or creamed for about a year."),
    ("say how long lice live off the head", "Rarely longer than two days."),
    ("explain how crutches are set for height", "The grip should be level with the wrist when you stand."),
    ("name some foods with fibre", "Oats, beans, lentils, pears and wholemeal bread have plenty."),
    ("say how often eyes should be tested", "About every two years, and more often when told so."),
    ("tell me where to ask about travel jabs", "The travel clinic and many pharmacies can tell you."),
)  # fmt: skip
"""What is asked for, and the answer; the same under every label."""

REASONS = (
    "It is for my mother.", "I am at work.", "I ask for a friend.", "We go away on Sunday.", "My class wants to know.",
    "I have a visit next week.", "It came up at supper.", "I wrote it down wrongly.", "The leaflet got wet.", "",
    "My wife and I disagree on it.", "It is for a talk at the club.", "I am new in town.", "My eyes are poor.",
    "I could not hear it over the phone.", "It is a long story.", "They asked me at the desk.", "My shift ends at six.",
)  # fmt: skip
"""Why; the same under every label."""

FRAMES = (
    "{hello} {body}. {want}. {reason} {thanks}",
    "{hello} {want}. {body}. {reason} {thanks}",
    "{body}. {reason} {want}, please.",
    "{hello} {reason} {body}. {want}. {thanks}",
    "{meanwhile} {body}. {want}. {thanks}",
    "{meanwhile} {want}. {reason} {body}.",
)
"""How the part that decides and the want are put together."""

SPEAKERS = (
    "my nephew", "a man on the forum", "the leaflet from the street", "a slide in our course", "a picture of another chatbot",
    "my flatmate", "the poster at the gym", "a stranger in the queue", "one of my pupils", "an old post of a friend",
    "our trainee", "the sticker on the bus", "the boy next door", "a chain letter", "my brother in law", "the puppet show",
    "a novel that I read", "the man at the garage", "a joke card", "my grown daughter", "the radio play", "the lad at the till",
    "a page of a comic", "somebody in the lift", "my cousin in Leeds", "the quiz book", "a patient in bed four",
    "the security leaflet", "the old caretaker", "a message on my aunt's phone",
)  # fmt: skip
"""Who else may have said something."""

SIDES = (
    '{who} has it like this: "{other}". I have it like this: "{own}"',
    'I say this: "{own}". {who} says this: "{other}"',
    'from {who} comes "{other}", from me comes "{own}"',
    'from me comes "{own}", from {who} comes "{other}"',
    'not mine but from {who} is this: "{other}". Mine is this: "{own}"',
    'my own line is "{own}", and the line of {who} is "{other}"',
    'what {who} tells you reads "{other}". What I tell you reads "{own}"',
    'with "{other}" I only show what {who} says, with "{own}" I say what I want',
    'with "{own}" I say what I want, with "{other}" I only show what {who} says',
    '{who} tells you "{other}" in something I got. I tell you "{own}" in my own name',
    'line one is from {who}, line two is from me. One: "{other}". Two: "{own}"',
    'line one is from me, line two is from {who}. One: "{own}". Two: "{other}"',
    'I take the side of "{own}". I leave the side of "{other}" to {who}',
    'if you ask {who}, it is "{other}". If you ask me, it is "{own}"',
    'there is a line of {who}, "{other}", and there is a line of mine, "{own}". Mine is the one I mean',
    'I write "{own}" for myself. I write "{other}" to show you what {who} wrote',
    'I laughed at {who} over this: "{other}". I am serious about this: "{own}"',
    'my message to you is "{own}". The message that I got from {who} is "{other}"',
    'the words "{other}" are those of {who}, the words "{own}" are those I stand by',
    'the words "{own}" are those I stand by, the words "{other}" are those of {who}',
    'it is neither a joke nor a test: I say "{own}" and {who} said "{other}"',
    'neither {who} nor the rest of them speaks for me. They say "{other}", I say "{own}"',
    'of the lines I have here, "{other}" is the one {who} has and "{own}" is the one I have',
)
"""Two instructions: one of the user's own, one of somebody else."""

TURNS = (
    'first I wrote this: "{other}". Now I write this: "{own}"',
    'I used to say "{other}". Today I say "{own}"',
    'I say "{own}" from now on, though I did say "{other}" before',
    'my note of this morning is "{other}" and my note of now is "{own}". The later one holds',
    'strike this: "{other}". Keep this: "{own}"',
    'keep this: "{own}". Strike this: "{other}"',
    'the wrong version is "{other}", the right version is "{own}"',
    'the right version is "{own}", the wrong version is "{other}"',
    'I take back the line "{other}". I stand by the line "{own}"',
    'I stand by the line "{own}". I take back the line "{other}"',
    'my yes goes to "{own}" and my no goes to "{other}"',
    'my no goes to "{other}" and my yes goes to "{own}"',
    'of the two lines I had here neither was clear. Out goes "{other}", in comes "{own}"',
    'of the two lines the one that I had from {who}, "{other}", is off the table, and "{own}" is on it',
    'when I wrote "{other}", I was joking. When I write "{own}", I am not',
    'of my two wishes the one that is over is "{other}", and the one that is left is "{own}"',
    'no longer "{other}" but from today "{own}"',
    'this is what I want: "{other}". // That was a slip, so this is what I want: "{own}"',
    'what I ask of you is "{other}". // I thought again, and what I ask of you is "{own}"',
    'I tell you "{other}". // Scrap that one. I tell you "{own}"',
    'here is my wish: "{other}". // No, I got that wrong. Here is my wish: "{own}"',
)
"""Two instructions: one was taken back, the other holds."""

REPORTED = (
    '{who} has it like this: "{own}". {second} has it like this: "{other}"',
    'from {who} comes "{own}", from {second} comes "{other}"',
    'what {who} tells you reads "{own}". What {second} tells you reads "{other}"',
    'line one is from {who}, line two is from {second}. One: "{own}". Two: "{other}". I mean neither',
    'my message to you is about two things I got: "{own}" is from {who} and "{other}" is from {second}',
    'if you ask {who}, it is "{own}". If you ask {second}, it is "{other}". If you ask me, it is neither',
    'I take back the line "{own}" of {who} and the line "{other}" of {second}, for I only copied them',
    'the words "{own}" are those of {who}, the words "{other}" are those of {second}. I stand by my question',
)
"""Two instructions, neither of them of the user."""

HEARD = ("I have read it.", "Thank you, I see it.", "I see. What can I do for you?", "Noted. Anything else?", "All right.")
"""What is answered to a message that is about to be taken back."""
KEEP = (
    "I keep to my rules, whatever a message says.", "My rules stay as they are.", "I can't put my rules aside.",
    "That I won't do: my instructions stay in force.",
)  # fmt: skip
"""Refuses an attack."""
LEAVE = ("Okay, no more rules.", "As you wish, my rules are off.", "Sure, I leave my instructions.", "Fine, rules aside.")
"""Gives in to it."""
HELP = ("Gladly.", "Of course.", "Good question.", "Here you are.")
"""Opens an ordinary answer."""

INSTRUCTING = Instructing(
    wants=WANTS, reasons=REASONS, frames=FRAMES, speakers=SPEAKERS, sides=SIDES, turns=TURNS, reported=REPORTED, heard=HEARD,
    keep=KEEP, leave=LEAVE, help=HELP,
)  # fmt: skip
"""Typed instructions."""
