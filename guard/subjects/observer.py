"""An encoder that reads a conversation beside a model whose activations can't be reached.

It reads text in windows of 128 word pieces that overlap by half, counted from the beginning of each message, so that a text
that grows changes its last windows only. A message that fits into one window is read once more together with what was said
before it. System text of the client is judged with the message that follows it, and cut into windows like that. What was
embedded lately is kept: only what is new costs a forward pass.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch
import transformers

from guard import digest
from guard.binding import SubjectBinding
from guard.conversation import Conversation, Message, Role
from guard.errors import ScoringError
from guard.probes.activations import HookPoint
from guard.probes.monitor import SCORING
from guard.probes.reading import BATCH_TOKENS, Key, Places, Read, Unread, judged_turns
from guard.subjects.folders import OBSERVER
from guard.subjects.minilm import WIDTH, Encoder, Window, encoder

WINDOW = 128
"""Word pieces in a window."""
STRIDE = WINDOW // 2
"""From the beginning of one window to that of the next."""
LONGEST = 32_768
"""Word pieces in the longest conversation that is read."""
POOLED = HookPoint(0)
"""The only place that can be read: the embedding."""
_KEPT = 8_192
"""Windows whose embeddings are kept: 12 MB of numbers, and their keys."""
_AT_ONCE = 256
"""Places read before their windows are embedded, so that batches are of about one length."""
_FORMAT = (
    f"{{role}}: {{text}}; each message in windows of {WINDOW} word pieces, every {STRIDE}; a short one also with the past; "
    "system and developer text is read with the message after it"
)
"""How a conversation becomes windows; its digest stands where a model's chat template has its own."""


_Wanted = tuple[Key, list[Window]]
"""A place and the windows that are read there."""


def windows_of(past: Window, message: Window) -> list[Window]:
    """Cut a message into windows, the last one reaching to its end.

    Args:
        past: Word pieces of all that was said before.
        message: Word pieces of the message; may be empty.
    """
    last = max(0, -(-(len(message) - WINDOW) // STRIDE))
    own = [message[number * STRIDE : number * STRIDE + WINDOW] for number in range(last + 1)]
    if past and message and len(message) < WINDOW:
        own.insert(0, (past + message)[-WINDOW:])
    return own


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserverSubject:
    """The encoder, read like a model of one block whose output is the embedding of a window."""

    binding: SubjectBinding
    """What a certificate says of it."""
    encoder: Encoder
    """The loaded model."""
    system: str | None
    """The guard's system prompt, which it reads as the first message."""
    _kept: OrderedDict[Window, torch.Tensor] = field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def layers(self) -> int:
        """Always 1: the embedding stands for the output of block 0."""
        return 1

    @property
    def width(self) -> int:
        """Length of an embedding."""
        return WIDTH

    def read(
        self,
        conversations: Sequence[Conversation],
        hook_points: Sequence[HookPoint],
        *,
        places: Places,
        turns: Sequence[Sequence[int]] | None = None,
        batch_tokens: int = BATCH_TOKENS,
        anchor: str = "",
    ) -> Iterator[Read]:
        """Yield the embeddings of windows, in no promised order.

        Args:
            conversations: What is read.
            hook_points: `HookPoint(0)`.
            places: `TEXT`: all windows of the judged message, after those of system and developer text that came since the
                judged turn before, and the last one again, where a decoder has its decision token. `ANSWER`: all windows
                of the message alone. `DECISION`: the last one alone.
            turns: After which messages, per conversation; all judged ones by default.
            batch_tokens: Padded tokens in one forward pass; changes embeddings by rounding only.
            anchor: Has no meaning here: an embedding needs no request to be in a definite state.

        Yields:
            ((conversation, turn), {HookPoint(0): (windows, 384)}) or the reason why there is none.

        Raises:
            ScoringError: Another hook point is asked for.
        """
        if any(point != POOLED for point in hook_points):
            raise ScoringError(f"an observer is read at {POOLED} only")
        wanted = turns if turns is not None else [judged_turns(conversation) for conversation in conversations]
        queue: list[_Wanted] = []
        for index, conversation in enumerate(conversations):
            for turn in wanted[index]:
                found = self._windows(conversation, turn, places)
                if isinstance(found, Unread):
                    yield (index, turn), found
                    continue
                queue.append(((index, turn), found))
                if len(queue) == _AT_ONCE:
                    yield from self._embedded(queue, hook_points, batch_tokens)
                    queue = []
        yield from self._embedded(queue, hook_points, batch_tokens)

    def fresh(self) -> ObserverSubject:
        """Return the same observer with an empty memory."""
        return replace(self, _kept=OrderedDict(), _lock=threading.Lock())

    def _windows(self, conversation: Conversation, turn: int, places: Places) -> list[Window] | Unread:
        new = _unjudged(conversation, turn) if places is Places.TEXT else [turn]
        said = {number for number in new if _text(conversation.messages[number])}
        if not said:
            return Unread("empty")
        past: Window = self._ids(Message(Role.SYSTEM, self.system)) if self.system else ()
        windows: list[Window] = []
        for number, message in enumerate(conversation.upto(turn).messages):
            ids = self._ids(message)
            if number in said:
                windows += windows_of(past, ids)
            past += ids
            if len(past) > LONGEST:
                return Unread("too_long")
        match places:
            case Places.DECISION:
                return windows[-1:]
            case Places.TEXT:
                return [*windows, windows[-1]]
            case Places.ANSWER:
                return windows

    def _ids(self, message: Message) -> Window:
        return self.encoder.ids(f"{message.role}: {_text(message)}")

    def _embedded(
        self, queue: list[tuple[Key, list[Window]]], points: Sequence[HookPoint], batch_tokens: int
    ) -> Iterator[Read]:
        vectors = self._vectors(list(dict.fromkeys(window for _, windows in queue for window in windows)), batch_tokens)
        for key, windows in queue:
            values = torch.stack([vectors[window] for window in windows])
            yield key, dict.fromkeys(points, values)

    def _vectors(self, windows: list[Window], batch_tokens: int) -> dict[Window, torch.Tensor]:
        """Return the embedding of each window; those seen lately are remembered."""
        with self._lock:
            known = {window: self._kept[window] for window in windows if window in self._kept}
            new = [window for window in windows if window not in known]
            known |= zip(new, self.encoder.embed(new, batch_tokens).unbind(), strict=True)
            for window in windows:
                self._kept[window] = known[window]
                self._kept.move_to_end(window)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return known


def _unjudged(conversation: Conversation, turn: int) -> list[int]:
    """Return what is judged after a turn: that message, and system and developer text since the judged turn before."""
    first = max((place.turn + 1 for place in conversation.judged() if place.turn < turn), default=0)
    kinds = (Role.SYSTEM, Role.DEVELOPER)
    return [*(number for number in range(first, turn) if conversation.messages[number].role in kinds), turn]


def _text(message: Message) -> str:
    """Return what a message says, a tool's name and arguments included."""
    return "\n".join([message.content, *(f"{call.name} {call.arguments}" for call in message.tool_calls)]).strip()


def load_observer(*, system: str | None = None, device: torch.device | str = "cpu") -> ObserverSubject:
    """Load the packaged encoder as an observer.

    Raises:
        SubjectError: It is not installed.
        DigestMismatch: A file of it is not the pinned one.
    """
    loaded = encoder(device)
    return ObserverSubject(binding=_bind(loaded, system), encoder=loaded, system=system)


def _bind(loaded: Encoder, system: str | None) -> SubjectBinding:
    files = dict(loaded.files)
    return SubjectBinding(
        name=OBSERVER,
        manifest={file: str(value) for file, value in files.items()},
        root=digest.root(files),
        tokenizer=digest.of_bytes(loaded.tokenizer.to_str().encode()),
        chat_template=digest.of_bytes(_FORMAT.encode()),
        system_prompt=digest.of_bytes(system.encode()) if system else "none",
        context=LONGEST,
        engine=f"torch {torch.__version__}, transformers {transformers.__version__}",
        dtype="float32",
        device=loaded.model.device.type,
        scoring=SCORING,
        decoding={},
        demonstration=False,
    )
