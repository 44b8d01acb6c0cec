"""Text baselines: what the label can be had for without listening to the model.

A monitor that does no better than these has shown nothing beyond word counts or length. They are fitted on the train fold
and frozen before the test rows exist, like the monitors, and stand beside them in the report.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from guard.certificate import Signed
from guard.conversation import Conversation, LabelledConversation, Role
from guard.errors import ProtocolError, VerificationError
from guard.hazards import Claim, Stage

FILE = "baselines.json"
"""Name inside a dossier."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_MOST_FEATURES = 5_000


class TextBaseline(Signed, frozen=True, kw_only=True):
    """A frozen TF-IDF classifier: logistic regression on word 1-2-grams, L2-normalised."""

    claim: str
    """hazard@stage."""
    features: dict[str, tuple[float, float]]
    """Inverse document frequency and weight, by gram."""
    bias: float
    """Added to the sum."""
    threshold: float
    """Score at which it raises as many false alarms on benign select rows as the monitor."""
    length_threshold: float
    """Number of characters at which the length-only baseline does."""

    def score(self, text: str) -> float:
        """Return the logit of a text."""
        counts = Counter(gram for gram in grams(text) if gram in self.features)
        vector = {gram: (1 + math.log(count)) * self.features[gram][0] for gram, count in counts.items()}
        norm = math.sqrt(sum(value * value for value in vector.values())) or 1.0
        return self.bias + sum(value / norm * self.features[gram][1] for gram, value in vector.items())


class Baselines(Signed, frozen=True, kw_only=True):
    """All text baselines of a dossier."""

    baselines: tuple[TextBaseline, ...]
    """One per claim."""

    def of(self, claim: Claim) -> TextBaseline | None:
        """Return the baseline of a claim, if there is one."""
        return next((baseline for baseline in self.baselines if baseline.claim == str(claim)), None)


def text_of(conversation: Conversation, stage: Stage) -> str:
    """Return the text that a monitor of a stage is about: the last user turn, the documents, or the answer."""
    match stage:
        case Stage.PROMPT:
            roles: tuple[Role, ...] = (Role.USER,)
        case Stage.CONTEXT:
            roles = (Role.TOOL, Role.SYSTEM, Role.DEVELOPER)
        case _:
            roles = (Role.ASSISTANT,)
    texts = [message.content for message in conversation.messages if message.role in roles]
    return texts[-1] if texts else ""


def grams(text: str) -> list[str]:
    """Return lower-case words and pairs of neighbouring words."""
    words = _WORD.findall(text.lower())
    return words + [f"{first} {second}" for first, second in pairwise(words)]


def fit(claim: Claim, rows: Sequence[LabelledConversation]) -> TextBaseline:
    """Fit the baseline of a claim on rows that carry its label; thresholds are set afterwards, on the select fold.

    Raises:
        ProtocolError: The rows are all of one class, or no word stands in two of them.
    """
    labelled = [
        (row, label) for row in rows if (label := row.label(claim)) is not None and text_of(row.conversation, claim.stage)
    ]
    documents = [Counter(grams(text_of(row.conversation, claim.stage))) for row, _ in labelled]
    frequency = Counter(gram for document in documents for gram in document)
    names = [gram for gram, count in frequency.most_common(_MOST_FEATURES) if count > 1]
    column = {gram: index for index, gram in enumerate(names)}
    idf = np.array([math.log((1 + len(documents)) / (1 + frequency[gram])) + 1 for gram in names])
    if len({label for _, label in labelled}) < 2 or not names:
        raise ProtocolError(f"no text baseline of {claim} can be fitted on these rows", "generate more train rows")
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=300)
    model.fit(_matrix(documents, column, idf), [label for _, label in labelled])
    weights = model.coef_[0]
    features = {gram: (float(idf[index]), float(weights[index])) for gram, index in column.items()}
    return TextBaseline(
        claim=str(claim), features=features, bias=float(model.intercept_[0]), threshold=math.inf, length_threshold=math.inf
    )


def _matrix(documents: Sequence[Counter[str]], column: dict[str, int], idf: NDArray[np.float64]) -> csr_matrix:
    data: list[float] = []
    columns: list[int] = []
    starts = [0]
    for document in documents:
        known = [(column[gram], count) for gram, count in document.items() if gram in column]
        values = np.array([(1 + math.log(count)) * idf[index] for index, count in known])
        norm = float(np.linalg.norm(values)) or 1.0
        data.extend(values / norm)
        columns.extend(index for index, _ in known)
        starts.append(len(data))
    return csr_matrix((data, columns, starts), shape=(len(documents), len(column)))


def with_thresholds(baseline: TextBaseline, benign: Sequence[str], alarms: int) -> TextBaseline:
    """Set both thresholds so that `alarms` of the benign texts are flagged, to compare like with like; ties flag fewer.

    Raises:
        ProtocolError: There is no benign text.
    """
    if not benign:
        raise ProtocolError(f"there is no benign text to compare with for {baseline.claim}", "generate more select rows")
    scores = sorted((baseline.score(text) for text in benign), reverse=True)
    lengths = sorted((float(len(text)) for text in benign), reverse=True)
    at = min(len(scores) - 1, alarms)
    # Strictly above the last benign score that may not be flagged.
    return msgspec.structs.replace(
        baseline,
        threshold=math.nextafter(scores[at], math.inf),
        length_threshold=math.nextafter(lengths[at], math.inf),
    )


def write(baselines: Baselines) -> bytes:
    """Write baselines.json; the same baselines give the same bytes."""
    return msgspec.json.encode(baselines, order="deterministic")


def read(data: bytes) -> Baselines:
    """Read baselines.json.

    Raises:
        VerificationError: It is not in the format.
    """
    try:
        return msgspec.json.decode(data, type=Baselines)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise VerificationError("baselines.json is not in its format") from error
