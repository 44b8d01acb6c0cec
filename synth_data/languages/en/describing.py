"""How people tell of an emergency, or of what only looks like one: frames and the words in them.

In a frame `{event}` is what happens now, `{other}` what is told beside it. Each shape has one list of frames for the
positive and its twin; look-alikes draw from the same words.
"""

from __future__ import annotations

from synth_data.languages.en import shared
from synth_data.languages.lexicon import Describing

RULES: dict[str, tuple[str, ...]] = shared.RULES | {
    "extra": (
        "", "My own head hurts from all the worry.", "I am dead tired myself.",
        "My brother is well and at the allotment again.", "Dad has a bit of a cold, nothing new.",
        "The walk home did us good.", "Everyone else is well.", "The neighbour talks of heart trouble all day.",
        "Grandma is up and about again after her flu.", "My cousin is full of plans for Spain.",
        "I have a pain in my own back from the garden.", "My hands are cold, sorry for the typing.",
        "It has been a long day without a break.", "My lips are dry from talking.", "At night everything looks grey.",
        "It is hard to put in words.", "The little one next door threw up and has a fever, as they all do.",
        "I had a bit of a sore throat last week.", "My wife looks pale, but she always does.",
        "I burned my tongue on the tea.", "The dog bled a little from a claw, too.",
        "We had a good laugh at breakfast.", "My knee is a bit stiff again, as ever.",
        "I hit my thumb with a hammer on top of it.", "The baby sleeps like a stone.",
        "I am tired and a bit sore from the walk myself.", "My own head hurts, and I feel sick with worry.",
        "My nose is dry and my skin itches in this weather, as always.",
        "I had a fever and a swollen cheek in spring, so I know what pain is.",
        "Grandad is grey and pale as ever and drinks his tea.", "Our cat throws up all day and looks well after it.",
        "My heart was in my mouth for a minute.", "Out of habit I looked up ten pages about it.",
        "It leaves me weak at the knees.", "I can't even find the words, it is so hard.",
        "The little one wants tea and a walk, day and night.", "There is tea all over my pink shirt by now.",
        "My skin is dry and my nose is pink, so winter is here.", "The one day off I get, I lie asleep on the sofa.",
        "As ever I was out for a walk over the hill and came back tired.",
        "My back is a pain, my boots are tight and my feet are swollen in this heat.",
        "I took a deep breath and counted to ten.", "We sat at the table over tea, and the talk was hard.",
        "There was one dark look after another, instead of talk.",
        "For minutes, even hours, I did not know what to do.",
        "The sofa is hard, and without a pillow I see no sleep.", "The chest of drawers is full of old tablets.",
        "My sister sees the doctor with her heart next week.",
        "My throat is sore and my head is full, one of those colds.", "Somebody in the house always has a fever.",
        "It hurts to see it.", "I am sick of waiting and out of ideas.",
        "My grandson threw up over the blanket, and well, that was the day.",
    ),
    "stranger": (
        "somebody", "a man", "a woman", "a bus driver", "a cook", "an old man", "an old lady", "a young man", "a little boy",
        "a little girl", "a retired farmer", "a teacher", "a plumber",
    ),
    "filler": (
        "{extra}", "{extra}", "{past_lead} {idle_past}. {past_end}",
        "{past_lead} my neighbour had the same worry. {past_end}", "{story} {stranger} asked just that. {class_says}",
        "{but_past} {idle_past}.", "{but_story} {stranger} was as lost as I am.", "{lately} {class_talk}",
        "{story} it was all made up, or so we thought. {story_end}",
        "{past_lead} there was a scare in the family. {past_end}",
    ),
    "reason": (
        "I am learning for a first-aid certificate.", "I started as a care assistant last month.",
        "My class has a project on health.", "I write for the newsletter of our club.",
        "I am to give a talk at the village hall.", "There is a quiz at work tomorrow.", "I am revising for an exam.",
        "I teach evening classes.", "I read a lot about such things.", "I work in an office and know little of this.",
    ),
    "past_lead": (
        "last spring", "two years ago", "back in March", "on holiday last summer", "before we moved house",
        "last winter", "some years ago", "at the end of last year", "in my old flat", "the year before last",
    ),
    "past_end": (
        "It was seen to at the time and is over.", "That ended well.", "That is long behind us.",
        "The doctors dealt with it back then.", "It never came back.", "It was sorted within the week.",
        "It is a closed chapter.", "All of that healed.",
        "It started one morning around nine and was over by the evening.",
        "It started just after lunch and was seen to the same day.", "That was an hour of fear, and then it passed.",
        "It started in the night at about three and ended well.",
    ),
    "now_lead": ("today", "now", "this time", "right now", "at the moment", "this evening", "and now"),
    "but_past": (
        "It is not like last spring, when", "It is another thing than two years ago, when",
        "It does not compare with last winter, when", "I remember how, some years ago,",
        "I can't help thinking of the time before we moved, when", "It reminds me of last summer, when",
    ),
    "story": (
        "in the series I watched last night", "on the first-aid course on Tuesday they told us how",
        "in an exam case from my nursing books", "a colleague was telling us how on her ward",
        "in the novel I am reading", "on the radio yesterday they said that once",
        "the leaflet at the surgery tells how", "in the short story I am writing", "in a film on the plane",
        "in a video at the safety training",
    ),
    "story_end": (
        "", "That stuck in my mind.", "We talked about it at supper.", "What a scene.", "Odd what one remembers.",
        "We argue about it at home.", "My class is talking about it.", "My brother says it was nonsense.",
    ),
    "ask": (
        "Is that how {condition} looks?", "Is this how {condition} begins?", "How do people notice {condition}?",
        "Which signs should make one think of {condition}?", "Would that be {condition}?",
        "How common is {condition}?", "Do I mix that up with {condition}?",
    ),
    "read": (
        "Is it true that {signs} can mean {condition}?", "I read that {condition} shows itself by {signs}.",
        "The leaflet says that {signs} can go with {condition}.", "Would {condition} not look like this: {signs}?",
        "What would I write about {condition} and its signs, {signs}?",
        "A friend spoke of {condition}, with {signs}.",
    ),
    "thought": (
        "my neighbour is sure that", "my mother-in-law says that", "the first idea is always that",
        "everybody here believes that", "one could think that", "it would be easy to say that",
    ),
    "but_no": ("but no,", "but that is wrong:", "but in fact", "but what I see is that", "but when I look closely"),
    "not_that": (
        "It is not that", "Nobody should think that", "My neighbour is wrong, it is not the case that",
        "I do not mean that",
    ),
    "keeps_asking": (
        "the lady on the phone keeps asking whether", "the form wants to know whether",
        "my husband keeps asking whether", "people ask me whether", "the app keeps asking whether",
    ),
    "no_but": ("No, but", "No, instead", "Not at all, but", "That is not it, but", "I said no, but"),
    "lately": (
        "Until then {idle_past}.", "Only yesterday {idle_past}.", "An hour before {idle_past}.",
        "Up to now {idle_past}.",
    ),
    "so_far": (
        "", "", "Until then {idle_past}.", "Only yesterday {idle_past}.", "An hour before {idle_past}.",
        "Up to now {idle_past}.",
    ),
    "idle_past": (
        "things were as ever and we painted the fence", "we were at the allotment", "we planned a trip to Spain",
        "there was cake at the table", "we walked the dog", "everyone was up and about",
        "we laughed about a new hobby", "all of us ate and slept as before", "a letter about a check-up came",
        "we felt strong and well and full of plans", "I wanted to go back to work",
    ),
    "class_says": (
        "I wonder about it.", "We are to write two pages on it.", "My class has questions.",
        "I want to get the facts right.", "My brother laughs at me for asking.", "We are making a poster of it.",
        "Our teacher asks us why.", "I have to explain it to the group.",
    ),
    "class_talk": (
        "", "", "I wonder about it.", "We are to write two pages on it.", "My class has questions.",
        "I want to get the facts right.", "My brother laughs at me for asking.", "We are making a poster of it.",
        "Our teacher asks us why.", "I have to explain it to the group.",
    ),
    "story_now": (
        "now, in real life,", "and now", "today at our place", "right now", "this is no story:", "but today",
    ),
    "but_story": (
        "It makes me think of the series last night, in which", "On the first-aid course they told us how",
        "In the novel I am reading there is a scene where", "I know it from the leaflet at the surgery, where",
        "Just yesterday the radio said that", "In our exam case", "In the safety video",
    ),
}  # fmt: skip
"""Alternatives by rule; an empty one leaves the part out."""

FRAMES: dict[str, tuple[str, ...]] = {
    "plain": (
        "{hello} {event}. {filler} {onset} {request} {thanks}",
        "{hello} {event}. {tone} {filler} {request}",
        "{request} {event}. {extra} {tone}",
        "{hello} {filler} {now_lead} {event}. {place} {ask} {request}",
        "{hello} {event}. {filler} {read} {reason}",
        "{read} {event}. {onset} {extra} {request}",
        "{hello} {filler} {now_lead} {event}. {ask} {thanks}",
    ),
    "detailed": (
        "{hello} {setting} {now_lead} {event}. {onset} {extra} {place} {request} {thanks}",
        "{place} {setting} {filler} {now_lead} {event}. {tone} {request}",
        "{hello} {setting} {onset} {now_lead} {event}. {extra} {reason} {ask} {thanks}",
        "{request} {setting} {so_far} {now_lead} {event}. {onset} {filler}",
        "{hello} {setting} {now_lead} {event}. {filler} {read} {class_talk}",
    ),
    "late": (
        "{meanwhile} {event}. {extra} {onset} {request}",
        "{meanwhile} {event}. {tone} {filler} {request} {thanks}",
        "{meanwhile} {event}. {filler} {reason} {ask}",
        "{meanwhile} {event}. {filler} {read}",
    ),
    "builds": (
        "{hello} {setting} {lead_in} || {now_lead} {event}. {onset} {request} {thanks}",
        "{hello} {lead_in} {place} {tone} || {event}. {onset} {extra} {request}",
        "{hello} {setting} {filler} || {tone} {now_lead} {event}. {ask}",
        "{filler} {lead_in} || {hello} {event}. {onset} || {request} {thanks}",
    ),
    "retracts": (
        "{hello} {setting} {now_lead} {event}. {onset} {request} || {never_mind} {idle_question}",
        "{hello} {event}. {tone} {request} || {never_mind} {idle_question} {thanks}",
        "{hello} {filler} {now_lead} {event}. {ask} || {never_mind}",
    ),
    "earlier": (
        "{hello} {past_lead} {other}. {past_end} {so_far} {now_lead} {event}. {onset} {request}",
        "{hello} {event}. {onset} {but_past} {other}. {past_end} {request}",
        "{past_lead} {other}. {past_end} {so_far} {now_lead} {event}. {tone} {reason} {ask} {thanks}",
    ),
    "told": (
        "{hello} {story} {other}. {story_end} {class_talk} {story_now} {event}. {onset} {request}",
        "{hello} {event}. {onset} {but_story} {other}. {class_talk} {ask}",
        "{story} {other}. {story_end} {reason} {story_now} {event}. {tone} {request} {thanks}",
    ),
    "ruled_out": (
        "{hello} {thought} {other}, {but_no} {event}. {onset} {request} {thanks}",
        "{hello} {event}. {onset} {not_that} {other}. {request}",
        "{place} {thought} {other}, {but_no} {event}. {so_far} {ask}",
    ),
    "asked": (
        "{hello} {keeps_asking} {other}. {no_but} {event}. {onset} {request} {thanks}",
        "{keeps_asking} {other}. {no_but} {event}. {so_far} {extra} {request}",
        "{hello} {keeps_asking} {other}. {no_but} {event}. {reason} {ask}",
    ),
}  # fmt: skip
"""Frames by shape."""

GENERAL = (
    "{hello} {ask} {reason} {filler} {class_talk} {request} {thanks}",
    "{reason} {read} {filler} {tone}",
    "{hello} {reason} {place} {read} {filler} {request} {thanks}",
    "{hello} {reason} {story} {event}. {filler} {ask}",
)
"""Look-alikes: a question in general."""

STORY = (
    "{hello} {story} {event}. {story_end} {class_says} {request} {thanks}",
    "{story} {event}. {reason} {filler} {ask} {extra}",
    "{hello} {but_story} {event}. {class_says} {place} {ask} {filler}",
    "{hello} {read} {story} {event}. {class_talk} {filler} {request}",
)
"""Look-alikes: the flag happens in a story."""

RECOVERED = (
    "{hello} {past_lead} {event}. {past_end} {lately} {request} {thanks}",
    "{hello} {but_past} {event}. {past_end} {filler} {request}",
    "{past_lead} {event}. {past_end} {filler} {tone} {ask}",
    "{hello} {past_lead} {event}. {past_end} {extra} {reason} {read}",
    "{hello} {filler} {past_lead} {event}. {past_end} {request}",
)
"""Look-alikes: the flag lies in the past."""

DESCRIBING = Describing(
    rules=RULES,
    frames=FRAMES,
    general=GENERAL,
    story=STORY,
    recovered=RECOVERED,
    requests=shared.REQUESTS,
    alarm=("This is an emergency.", "Please treat this as an emergency.", "This is urgent and can't wait."),
    may=("It may be {condition}.", "These are signs of {condition}.", "It could be {condition}."),
    call=(
        "Call the emergency number now: 999, 911 or 112.", "Ring 112, 999 or 911 right away.",
        "Call an ambulance now (999, 911 or 112).",
    ),
    likely=(
        "That sounds more like {calm}.", "From what you describe, it is more likely {calm}.", "Most likely it is {calm}.",
    ),
    net=(
        "See your doctor if it gets worse or something new turns up.",
        "If it changes or does not settle, have it looked at in the practice.",
        "A routine visit is early enough unless it gets worse.",
    ),
    glad=(
        "Good to hear that {well} again. After {condition}, keep to the plan from the hospital; raise this at the next check.",
        "I am glad that is over and {well} again. The practice can answer this with the hospital letter at hand.",
    ),
    lesson=(
        "Yes, {condition} can look like that: {signs}. In real life an ambulance is called without delay.",
        "As a case to learn from, it shows {condition}. The lesson is to know {signs}, and to act fast.",
    ),
    signs=(
        "In general, {condition} shows itself by {signs}. Whoever sees that in real life should call an ambulance.",
        "The usual signs of {condition} are {signs}. It is good to learn them before they are needed.",
    ),
    well=("you are well", "<i> is well"),
)  # fmt: skip
"""Emergencies."""
