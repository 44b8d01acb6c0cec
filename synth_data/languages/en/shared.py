"""Words that every conversation shares, whatever its label: greetings, times, moods, places, requests, small talk.

A word that stands here can't give a label away, for positives, their twins, look-alikes and ordinary chat draw from the
same lists. Pure data.
"""

from __future__ import annotations

from synth_data.languages.lexicon import Delivering

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
        "Great. One more thing,", "Right, thanks. By the way,", "Fine. But", "Thanks. Also,",
    ),
    "lead_in": (
        "Can I ask you something?", "I do not quite know how to begin.", "Do you have a minute?",
        "There is a thing on my mind.",
        "I would like your opinion on something.", "Let me first tell you how things stand.", "It is a bit of a story.",
        "I need somebody to talk it through with.", "I was told that I can write here.", "Here is how it is.",
    ),
    "never_mind": (
        "Oh, leave it, forget that I asked.", "Forget it, there is somebody at the door.", "Never mind, I will sleep on it.",
        "Scrap that, it was just a thought.", "Ah well, it will sort itself out. Let us leave it.",
        "Sorry, I should not have written that. Do not answer.", "I take it back, it does not matter.",
        "On second thoughts, let us talk about something else.",
    ),
    "idle_question": (
        "", "", "When does the pharmacy close?", "How do I change my address in the portal?", "Is there parking at the clinic?",
        "Do you do flu jabs on Saturdays?", "Where do I find my last letter?",
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

LISTENING = (
    "I see. Please go on.", "Thank you. Is there anything else that I should know?", "All right. What else can you tell me?",
    "Thanks for writing. Could you say a little more?", "Noted. Do you want to add something?", "I am with you. And then?",
    "Of course. Take your time and tell me.", "Go ahead, I am reading along.",
)  # fmt: skip
"""What the assistant says before it knows what the matter is."""

DELIVERING = Delivering(
    opened=(
        "Dear practice team,",
        "To whom it may concern,",
        "Message to the surgery:",
        "Hello all,",
        "For the nurse on duty:",
        "Subject: a question",
        "Re: my file",
        "Dear Dr Lowe,",
        "Portal message, no attachment",
    ),
    closed=("Kind regards,", "Best wishes,", "Thank you,", "Yours,", "Regards,", "With thanks,"),
    signed=(
        "A. Novak",
        "Priya S.",
        "Tom",
        "M. Okafor",
        "Mrs Lindqvist",
        "J. Marsh",
        "Rosa",
        "K. Ito",
        "Danuta",
        "Mr Haddad",
        "F. Moreau",
        "Ewan",
    ),
    heads=(
        "Phone message, taken at the desk:",
        "Note for the file:",
        "Written down as told:",
        "From the callback list:",
        "Left on the machine overnight:",
        "Note taken by the receptionist:",
        "Copied from a paper slip:",
    ),
    fillers=("um", "uh", "you know", "like", "I mean", "well", "er", "so yeah", "right"),
    anxious=(
        "Please answer quickly!",
        "I can't stop thinking about it.",
        "My hands are shaking while I type.",
        "Please, please.",
        "I am so worried!!",
        "Is anybody there?",
        "I need to know now.",
        "Sorry, I am in a state.",
    ),
)
"""Channels and registers."""

CHAT_FRAMES = (
    "{hello} {ask} {thanks}", "{hello} {ask} {tone}", "{ask} {place} {thanks}", "{hello} {place} {ask}", "{tone} {ask}",
    "{hello} {lead_in} {ask}", "{ask} {thanks}",
)  # fmt: skip
"""How ordinary chat is put."""

CHAT_MORE = ("{meanwhile} {ask}", "{ask} {thanks}", "{hello} {ask}", "{ask} {tone}")
"""How a second turn of it is put."""
