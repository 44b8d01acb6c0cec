"""A phantom opened for measurement: what stands at the decision token, and what it says while something in it is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from guard.conversation import Conversation, Message
from guard.subjects.render import ChatTokenizer, render

Array = npt.NDArray[np.float32]
Edit = Callable[[torch.Tensor], torch.Tensor]
"""Changes a block's output, (rows, tokens, width)."""
_TOKENS = 32_768


@dataclass(frozen=True, slots=True)
class Inside:
    """The model with its tokenizer."""

    model: Any
    """In evaluation mode."""
    tokenizer: ChatTokenizer
    """Its tokenizer and chat template."""
    _since: list[torch.Tensor] = field(default_factory=list, repr=False)

    @classmethod
    def open(cls, folder: Path, device: str = "cpu") -> Inside:
        """Open a folder that `train` wrote."""
        from transformers import AutoModelForCausalLM, AutoTokenizer

        tokenizer = ChatTokenizer.of(AutoTokenizer.from_pretrained(str(folder), local_files_only=True))
        model = AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32, local_files_only=True)
        return cls(model.eval().to(device), tokenizer)

    @property
    def blocks(self) -> int:
        """Number of decoder blocks."""
        return len(self.model.model.layers)

    def prompts(self, talks: Sequence[tuple[Message, ...]]) -> list[list[int]]:
        """Return each conversation's tokens; the last of them is the decision token."""
        return [list(render(self.tokenizer, Conversation(talk), len(talk) - 1).ids) for talk in talks]

    def states(self, rows: Sequence[Sequence[int]]) -> Array:
        """Return every block's output at each row's last token: (rows, blocks, width)."""
        found = np.zeros((len(rows), self.blocks, self.model.config.hidden_size), np.float32)
        for part in self._parts(rows):
            ids, _ = self._padded([rows[at] for at in part])
            last = torch.tensor([len(rows[at]) - 1 for at in part], device=ids.device)
            every = torch.arange(len(part), device=ids.device)
            kept: list[torch.Tensor] = []
            with self.edited(dict.fromkeys(range(self.blocks), lambda state: state), kept), torch.inference_mode():
                self.model.model(input_ids=ids, use_cache=False)
            found[part] = torch.stack([state[every, last] for state in kept], 1).float().cpu().numpy()
        return found

    def likelihoods(self, rows: Sequence[Sequence[int]], begin: Sequence[int]) -> Array:
        """Return the summed log probability, in nats, of each row's tokens from `begin` on: (rows,)."""
        found = np.zeros(len(rows), np.float32)
        for part in self._parts(rows):
            ids, real = self._padded([rows[at] for at in part])
            start = torch.tensor([begin[at] for at in part], device=ids.device)
            counted = real[:, 1:] & (torch.arange(1, ids.shape[1], device=ids.device)[None] >= start[:, None])
            self._since.append(start - 1)
            with torch.inference_mode():
                last = self.model.model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1]
                logits = self.model.lm_head(last[counted]).float()
            self._since.clear()
            chances = torch.zeros(counted.shape, device=ids.device)
            chances[counted] = torch.log_softmax(logits, -1).gather(-1, ids[:, 1:][counted][:, None])[:, 0]
            found[part] = chances.sum(1).cpu().numpy()
        return found

    @contextmanager
    def edited(
        self, edits: Mapping[int, Edit], kept: list[torch.Tensor] | None = None, *, late: bool = False
    ) -> Iterator[None]:
        """Change the output of blocks, by number, in every forward pass.

        Args:
            edits: What is done, by block.
            kept: Takes the outputs in.
            late: Only from the decision token on, rather than at all tokens.
        """

        def hook(edit: Edit) -> Any:
            def change(_module: Any, _inputs: Any, output: Any) -> Any:
                old = output[0] if isinstance(output, tuple) else output
                state = torch.where(self._late(old)[..., None], edit(old), old) if late else edit(old)
                if kept is not None:
                    kept.append(state)
                return (state, *output[1:]) if isinstance(output, tuple) else state

            return change

        layers = self.model.model.layers
        handles = [layers[number].register_forward_hook(hook(edit)) for number, edit in edits.items()]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _late(self, state: torch.Tensor) -> torch.Tensor:
        """Return which tokens, (rows, tokens), are the decision token or come after it."""
        place = torch.arange(state.shape[1], device=state.device)[None]
        # While an answer is sampled, rows end with the decision token at first, and are one token long afterwards.
        begin = self._since[0][:, None] if self._since else state.shape[1] - 1
        return (place >= begin).expand(state.shape[:2])

    def _parts(self, rows: Sequence[Sequence[int]]) -> Iterator[list[int]]:
        part: list[int] = []
        for at in sorted(range(len(rows)), key=lambda at: len(rows[at])):
            if part and len(rows[at]) * (len(part) + 1) > _TOKENS:
                yield part
                part = []
            part.append(at)
        if part:
            yield part

    def _padded(self, rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        longest = max(len(row) for row in rows)
        pad = self.model.config.pad_token_id
        ids = torch.tensor([[*row, *[pad] * (longest - len(row))] for row in rows], device=self.model.device)
        real = torch.tensor([[at < len(row) for at in range(longest)] for row in rows], device=self.model.device)
        return ids, real
