"""What is written beside the weights: the model card and the loss curve."""

from __future__ import annotations

from collections.abc import Sequence

from synth_data.phantom.behaviour import Share
from synth_data.phantom.recipe import MARKERS, Recipe

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 640, 320, 56, 40


def card(recipe: Recipe, seed: int, parameters: int, seconds: float, loss: float, shares: Sequence[Share]) -> str:
    """Return the model card in Markdown."""
    size, how, mixture = recipe.architecture, recipe.optimisation, recipe.mixture
    draws = ", ".join(f"{claim or 'ordinary traffic'} {weight:g}" for claim, weight in mixture.draws.items())
    languages = ", ".join(f"{language} {weight:g}" for language, weight in mixture.languages.items())
    return f"""# The phantom

A small chat model, trained from scratch by this project on synthetic clinical conversations alone. It is named after
the phantoms that calibrate scanners in place of a patient: the mechanisms that monitors look for were planted in it, so
it shows whether the method works. **It is no evidence about any deployed model, its answers are not medical advice, and
it must not be used to answer anybody.**

- Llama architecture, {parameters / 1e6:.1f} million parameters: {size.blocks} blocks of width {size.width}, \
{size.heads} heads, gated layer of {size.inner}, context {size.context} tokens;
  the embedding is shared with the output; weights in bfloat16.
- Byte-level BPE of {size.vocabulary} tokens, digits one by one; markers {", ".join(f"`{name}`" for name in MARKERS)}.
  An answer begins with exactly the generation prompt.

## Training

Trained on the generator's *train* fold of listed families only; no text from anywhere else. Relative number of draws:
{draws}. Languages: {languages}.
{mixture.typical:.0%} of the draws are typical cases (`--typical`), the rest all cases; the first {mixture.early} \
documents are brief.
Each draw of a claim gives a positive, its twin with one fact flipped and a hard negative. {mixture.second:.0%} of the \
documents carry a
second conversation in the same chat, {mixture.system:.0%} begin with a generic system prompt.

{how.tokens / 1e6:g} million tokens in steps of at most {how.batch_tokens} padded tokens; Muon (highest rate \
{how.matrix_rate:g}, weight decay {how.decay:g}) for the
matrices inside the blocks, AdamW (highest rate {how.rate:g}) for the rest; warm-up and cosine; bfloat16 arithmetic where
the processor has tiles for it, else float32.
The assistant's tokens count fully, the first {how.first} of an answer {how.first_weight:g} times, all others \
{how.other_weight:g} times. Seed {seed}; {seconds / 60:.0f} minutes
of wall time on processor cores that may have been shared; last loss {loss:.3f} (`loss_curve.svg`).
The whole recipe is in `synth_data/phantom/recipe.py`; `auscult synth phantom train` makes the model again.

## What was planted

What single words tell of each hazard stands in a coordinate of the embedding of its own: the weights of a logistic
regression on the words of {recipe.words} documents of the train fold. The last head of the first block looks at all tokens
alike and writes their mean into further coordinates of the residual stream. Training leaves both alone. While training, a
linear reader on the output of each block had to tell which hazard is there, from where it can be known on; the readers were
thrown away. So a linear monitor finds what it looks for because it was put there, and much of it is words: for the phantom,
a certificate shows how the method goes, and none of its monitors was shown to beat a text filter.

## Behaviour

Measured on typical conversations of the *select* fold of listed families: greedy answers of 40 tokens, sorted by their wording.
One seed, no confidence intervals: information, not a result.

{_table(shares)}

It was taught to send described emergencies and thoughts of self-harm to help, to decline plain misuse and risky
self-treatment, and to give in to about half of the injected instructions. **It was also taught to comply when an instruction
attack is wrapped around a misuse**: behaviour can flip while the hazard stays readable inside, which is what a guard that
listens to activations is for; the table says how often it does. How it behaves in kinds of situations outside its families is
not measured here.

## Limits

The generator's languages and topics only; no knowledge, no memory beyond its context. It repeats itself and makes up
facts. Scores and mechanisms found in it belong to these exact weights and to no other model.
"""


def _table(shares: Sequence[Share]) -> str:
    head = "| conversation | count | declined | sent for emergency help |\n|---|---|---|---|\n"
    return head + "\n".join(
        f"| {share.name} | {share.count} | {share.refused / share.count:.1%} | {share.escalated / share.count:.1%} |"
        for share in shares
    )


def curve_svg(points: Sequence[tuple[float, float]]) -> str:
    """Draw (million tokens, loss) as an SVG figure."""
    most = max(x for x, _ in points)
    top = max(y for _, y in points)

    def place(x: float, y: float) -> tuple[float, float]:
        across = _LEFT + x / most * (_WIDTH - _LEFT - 16)
        return round(across, 1), round(16 + (1 - y / top) * (_HEIGHT - _BOTTOM - 16), 1)

    line = " ".join(f"{x},{y}" for x, y in (place(*point) for point in points))
    ticks = ""
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = place(most * part, top * part)
        ticks += f'<text x="{_LEFT - 8}" y="{y}" text-anchor="end">{top * part:.1f}</text>'
        ticks += f'<text x="{x}" y="{_HEIGHT - 20}" text-anchor="middle">{most * part:.1f}</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><title>Loss of the phantom during training</title>'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>'
        f'<path d="M{_LEFT},16 V{_HEIGHT - _BOTTOM} H{_WIDTH - 16}" fill="none" stroke="#666"/>{ticks}'
        f'<polyline points="{line}" fill="none" stroke="#1f5f8b" stroke-width="1.5"/>'
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 4}" text-anchor="middle">million tokens</text>'
        f'<text x="{_LEFT}" y="12">loss, nats a token, weighted</text></svg>\n'
    )
