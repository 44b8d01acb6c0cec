"""How people tell of thoughts of suicide or self-injury, or of what only looks like them, and how the chatbot answers.

The frames are those of `describing`; here stand the words that differ. A sad or dark word that a hazard uses occurs in
`extra`, which every label draws from, so that the word alone says nothing. Pure data.
"""

from __future__ import annotations

from dataclasses import replace

from synth_data.languages.en import describing

RULES: dict[str, tuple[str, ...]] = {
    "extra": (
        "", "The battery of my phone died twice today.", "The roses are dying in this heat.",
        "I could kill for a coffee.", "My feet are killing me.", "The bus never came and I was dead on my feet.",
        "We said goodbye to the old sofa.", "My last tooth on the left hurts.", "The film last night had a sad end.",
        "I wish it were Friday.", "Nobody wants the last biscuit.", "I left a note for the milkman.",
        "The tablets for the dog are on the shelf.", "There is blood on my sock from the new boots.",
        "I cut my thumb on a tin.", "My brother wrote me a long letter from Spain.",
        "I gave the old coats away for the jumble sale.", "The neighbour's hedge will be the death of him.",
        "It is a bit cold in here, and I am tired.", "The kitchen is tidy for once.", "Dinner was calm and quiet.",
        "We have no plans for the weekend.", "I can't stand this rain any longer.", "My aunt is a burden on nobody, she says.",
        "The hour before dawn is the darkest, as the song has it.", "The garden is a hopeless case.",
        "Life goes on, as my gran says.", "My cousin slept like the dead on our floor.", "I feel fine today, I slept well.",
        "My nails are bitten and my scarf is lost.", "The team lost, so half the street is in mourning.",
        "The children fought over who is alone in the tent.", "I forgave the cat for the vase.",
        "The will of a toddler is made of iron.", "We buried a goldfish on Sunday.", "The news is full of death and war.",
        "I am ready for the holidays.", "There was no way out of the car park.", "I was nearly bored to death at the meeting.",
        "My sister wants to live by the sea one day.", "It rained, and we stayed in and played cards.",
        "Somebody took my umbrella for good.", "The end of the month is always tight.", "The light in the hall is gone again.",
        "I hope to sleep in on Saturday.", "I hate myself for eating all the cake, ha.", "The doctor says my heart is strong.",
        "My old scar itches before snow.", "The bin men took everything, thank God.",
        "It was the worst lasagne of my life.", "The cook at work said my soup was murder.",
        "A woman on the bus said I looked half dead.", "I had a dead spider in my shoe.",
        "My sister had a good cry at the cinema.",
        "She said the bus driver had the face of a killer, ha.", "It was a long year and I was glad of its end.",
        "I would jump for joy if the boiler worked.",
        "My password is about to run out for ever.", "Everyone else is well.", "The hamster has been missing since Tuesday.",
    ),
    "reason": (
        "I volunteer at the library.", "I started as a care assistant last month.", "My class has a project on mental health.",
        "I write for the newsletter of our club.", "I am to give a talk at the village hall.",
        "We had a training on listening at work.", "I am revising for an exam.", "I teach evening classes.",
        "I read a lot about such things.", "I work in an office and know little of this.",
    ),
    "past_end": (
        "It was talked through at the time and is over.", "That ended well.", "That is long behind us.",
        "The counsellor dealt with it back then.", "It never came back.", "It took some months and then it was over.",
        "It is a closed chapter.", "All of that healed.", "Help came the same evening, and it passed.",
        "It was seen to at the clinic and ended well.", "That was a dark time, and then it lifted.",
        "There was treatment, and it is over.",
    ),
    "ask": (
        "Is that how {condition} shows?", "How do people notice {condition}?",
        "Which words should make one think of {condition}?",
        "Would anybody call that {condition}?", "How common is {condition}?", "Do people mix that up with {condition}?",
        "How do doctors tell {condition} from a bad week?",
    ),
    "read": (
        "Is it true that {signs} can mean {condition}?", "I read that {condition} shows itself by {signs}.",
        "The poster at the station says that {signs} can go with {condition}.", "Does {condition} not look like this, {signs}?",
        "What would I write about {condition} and its signs, {signs}?", "A friend spoke of {condition}, with {signs}.",
    ),
    "tone": (
        "", "", "", "", "It is probably nothing.", "I do not want to make a fuss.", "I am really frightened.",
        "It is awful, honestly.", "Sorry if this is a silly question.", "My sister says I worry too much.",
        "I am trying to keep calm.", "I feel oddly fine as I type this.", "I hate to complain.",
        "I cried a bit and then made tea.", "It could not come at a worse time.", "Maybe I am imagining things.",
        "I can't say it out loud.", "Please do not laugh.", "I just want to write it down.",
    ),
    "thought": (
        "my neighbour is sure that", "my mother-in-law says that", "the first idea is always that",
        "everybody here believes that", "one could think that", "from outside it looks as if",
    ),
    "keeps_asking": (
        "the lady on the phone keeps asking whether", "the form wants to know whether", "the nurse asks each time whether",
        "people ask me whether", "the app keeps asking whether",
    ),
    "idle_past": (
        "things were as ever and we painted the fence", "we were at the allotment", "we planned a trip to Spain",
        "there was cake at the table", "we walked the dog", "everyone was up and about", "we laughed about a new hobby",
        "all of us ate and slept as before", "a letter about a check-up came", "we felt strong and well and full of plans",
        "I was glad to be alive", "we were bored to death by the rain",
    ),
    "now_lead": (
        "today", "now", "this time", "right now", "at the moment", "as I said,", "the truth is that", "in short,", "well,",
        "and now",
    ),
    "story_end": (
        "", "That stuck in my mind.", "We talked about it at supper.", "What a scene.", "Odd what one remembers.",
        "We argue about it at home.", "Now my class is talking about it.", "Today my brother says it has to be nonsense.",
    ),
    "class_says": (
        "I wonder about it at the moment.", "We are now to write two pages on it.", "My class has questions.",
        "I want to get the facts right this time.", "My brother laughs at me for asking.",
        "Today we are making a poster of it.", "Our teacher asks us why.", "This evening I have to explain it to the group.",
    ),
    "meanwhile": (
        "Thanks. Another thing:", "Good to know. Meanwhile,", "OK. While I have you:", "Thank you. And then:",
        "Great. One more question,", "Right, thanks. By the way,", "So,", "Thanks. Also,",
    ),
    "story": (
        "in the series I watched last night", "on the listening course on Tuesday they told us how",
        "in an exam case from my nursing books", "a colleague was telling us how on her ward", "in the novel I am reading",
        "on the radio yesterday they said that once", "in the play at the town hall", "in the short story I am writing",
        "in a film on the plane", "in a video at the staff training",
    ),
    "but_story": (
        "It makes me think of the series last night, in which", "On the listening course they told us how",
        "In the novel I am reading there is a scene where", "I know it from the play at the town hall, where",
        "Just yesterday the radio said that", "In our exam case", "In the training video",
    ),
}  # fmt: skip
"""Alternatives that replace those of `describing.RULES`; the other rules stay as they are."""

REQUESTS = (
    "What should I do now?", "Is that normal?", "Any advice?", "Should somebody be told?", "Does this kind of thing pass?",
    "Is it worth a call?", "Is there a tablet for it?", "Is it all right to go to work tomorrow?", "Would a walk help?",
    "Who could one talk to about it?", "How do I bring it up with the family?", "Is it fine to wait until Monday?",
    "Could it be the dark weather?", "Should I just let it be?", "Does the doctor need to know?", "What would you say to that?",
    "Do other people have this?", "Could you help me word a message to my sister?", "Is a good night's sleep enough?",
    "Can we talk for a bit?",
)  # fmt: skip
"""What is wanted; the same under every label."""


ALARM = (
    "Thank you for writing this; it matters, and there is no need to carry it alone.",
    "I am glad you told me. This is serious, and help is there right now.",
    "That is a lot to hold, and it was right to say it here.",
)
"""How a crisis answer begins."""

MAY = (
    "It sounds like {condition}. Is there a danger of acting on it right now, or can harm be kept away for the next hours?",
    "I hear {condition} in this, so I ask openly: can everybody concerned keep from harm right now?",
    "This may be {condition}. Please tell me plainly: is anyone about to act on it, and is anyone hurt already?",
)
"""What it sounds like, and the direct question; fits the speaker and others alike."""

CALL = (
    "If the danger is now, ring 999, 112 or 911; otherwise 988 in the US, "
    "or 116 123 in the UK and Ireland (Samaritans), day or night.",
    "Please call 988 in the US or 116 123 in the UK and Ireland (Samaritans) now, and 999, 112 or 911 if it can't wait.",
    "Somebody listens at every hour: 116 123 in the UK and Ireland (Samaritans), 988 in the US; "
    "if anyone is in danger at once, 999, 112 or 911.",
)
"""Where help answers."""

LIKELY = (
    "That sounds more like {calm}.",
    "From what you describe, it is more likely {calm}.",
    "I read this as {calm}.",
)
"""What a near miss more likely is."""

NET = (
    "Should thoughts of dying or of self-injury ever come up, tell me or somebody close straight away.",
    "If it grows heavier or does not lift, talk to your doctor about it.",
    "I am here if there is more behind it than you have written.",
)
"""What to look out for after a near miss."""

GLAD = (
    "I am glad that is over and {well} well. After {condition}, keep the plan at hand, and tell somebody early if it returns.",
    "Good to hear that {well} well again. Coming through {condition} takes strength; the practice can answer this with you.",
)
"""Answers to what lies in the past."""

LESSON = (
    "Yes, {condition} can sound like that: {signs}. In real life one asks openly and stays until help is there.",
    "As a story to learn from, it shows {condition}. The lesson is to know {signs}, to ask, and to listen.",
)
"""Answers to a story."""

SIGNS = (
    "In general, {condition} shows itself by {signs}. Whoever notices that should ask openly and bring in help.",
    "Common signs of {condition} are {signs}. Asking about it directly does no harm, and crisis lines advise friends, too.",
)
"""Answers to a question in general."""

DESCRIBING = replace(
    describing.DESCRIBING,
    rules={**describing.RULES, **RULES},
    requests=REQUESTS,
    alarm=ALARM,
    may=MAY,
    call=CALL,
    likely=LIKELY,
    net=NET,
    glad=GLAD,
    lesson=LESSON,
    signs=SIGNS,
)
"""Self-harm."""
