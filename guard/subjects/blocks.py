"""Finding a decoder's blocks, by watching it run rather than by a table of names."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from guard.errors import ScoringError, SubjectError
from guard.subjects.taps import hidden

_REMEDY = "use a decoder-only chat model"


def sample(model: Any) -> tuple[int, int, int, int]:
    """Return four ids from the middle of a model's vocabulary, where no control tokens are."""
    size = int(model.get_input_embeddings().weight.shape[0])
    return size // 5, 2 * size // 5, 3 * size // 5, 4 * size // 5


def run_three(model: Any) -> None:
    """Let a model read three tokens, for whoever is watching.

    Raises:
        SubjectError: It can't.
    """
    try:
        with torch.inference_mode():
            ids = torch.tensor([sample(model)[:3]], device=model.device)
            model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False)
    except Exception as error:
        raise SubjectError(f"the model can't run three tokens ({type(error).__name__})", _REMEDY) from error


def find_blocks(model: nn.Module) -> tuple[nn.Module, ...]:
    """Return a decoder's blocks, in order.

    They are the longest outermost module list whose members are called once each, in order, and put out hidden states of
    one width. A norm at its end is not a block.

    Raises:
        SubjectError: There is no such list; says why.
    """
    if getattr(getattr(model, "config", None), "is_encoder_decoder", False):
        raise SubjectError("the model can't be hooked: it is an encoder-decoder", _REMEDY)
    lists = {name: tuple(module) for name, module in model.named_modules() if isinstance(module, nn.ModuleList)}
    calls: dict[str, list[tuple[int, int]]] = {name: [] for name in lists}
    handles = [
        member.register_forward_hook(_watch(calls[name], index))
        for name, members in lists.items()
        for index, member in enumerate(members)
    ]
    try:
        run_three(model)
    finally:
        for handle in handles:
            handle.remove()
    heard = {name for name in lists if calls[name]}
    outer = [name for name in heard if not any(name.startswith(f"{other}.") for other in heard)]
    running = [name for name in outer if [index for index, _ in calls[name]] == list(range(len(lists[name])))]
    even = [name for name in running if len({width for _, width in calls[name]}) == 1]
    if not even:
        raise SubjectError(f"the model can't be hooked: {_why_not(lists, outer, running)}", _REMEDY)
    blocks = max((lists[name] for name in even), key=len)
    return tuple(block for block in blocks if block is not blocks[-1] or _mixes(block)) or blocks


def _why_not(lists: Mapping[str, Any], outer: Sequence[str], running: Sequence[str]) -> str:
    if not lists:
        return "it has no list of blocks"
    if not outer:
        return "none of its lists of modules puts out hidden states"
    return "its blocks differ in width" if running else "it does not run its blocks once each, in order"


def _mixes(block: nn.Module) -> bool:
    """Tell a block from a norm: something in it is a matrix."""
    return any(parameter.ndim > 1 for parameter in block.parameters())


def _watch(calls: list[tuple[int, int]], index: int) -> Any:
    def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
        with contextlib.suppress(ScoringError):
            found = hidden(output)
            if found.shape[:2] == (1, 3):
                calls.append((index, found.shape[2]))

    return hook
