"""What can't be hooked is refused in one line that says why."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import transformers
from torch import nn

from guard.errors import ScoringError, SubjectError
from guard.probes.activations import HookPoint
from guard.subjects.blocks import find_blocks
from guard.subjects.causal import CausalSubject
from guard.subjects.soundness import require_fit
from guard.subjects.taps import hidden, tapped
from guard.subjects.tokenizer import ChatTokenizer

from .conftest import CONFIGS, tiny_tokenizer


class Block(nn.Module):
    """Adds a matrix product to the residual stream."""

    def __init__(self, width: int = 8, *, flat: bool = False) -> None:
        super().__init__()
        self.mix = nn.Linear(width, width)
        self.flat = flat

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return hidden states, or their first token only."""
        return (x + self.mix(x))[:, 0] if self.flat else x + self.mix(x)


class Toy(nn.Module):
    """A model of blocks, run in some order."""

    device = torch.device("cpu")

    def __init__(self, blocks: list[nn.Module], order: list[int] | None = None) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.blocks = nn.ModuleList(blocks)
        self.order = order if order is not None else list(range(len(blocks)))

    def get_input_embeddings(self) -> nn.Module:
        """Return the embedding, as models of transformers do."""
        return self.embed

    def forward(self, input_ids: torch.Tensor, **_options: Any) -> torch.Tensor:
        """Run the blocks."""
        x = self.embed(input_ids)
        for index in self.order:
            found = self.blocks[index](x)
            x = found if found.ndim == 3 else x
        return x


class Bare(Toy):
    """Blocks that stand in no list."""

    def __init__(self) -> None:
        super().__init__([])
        del self.blocks
        self.one = Block()

    def forward(self, input_ids: torch.Tensor, **_options: Any) -> torch.Tensor:
        """Run the one block."""
        return self.one(self.embed(input_ids))


SHARED = Block()


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (Bare(), "no list of blocks"),
        (Toy([Block(), Block()], [0, 1, 0, 1]), "once each, in order"),
        (Toy([Block(), Block()], [1, 0]), "once each, in order"),
        (Toy([Block(), Block(), Block()], [0, 2]), "once each, in order"),
        (Toy([SHARED, SHARED]), "once each, in order"),
        (Toy([Block(flat=True), Block(flat=True)]), "puts out hidden states"),
        (nn.Linear(3, 3), "can't run three tokens"),
        (
            transformers.T5Model(transformers.T5Config(vocab_size=50, d_model=8, d_kv=4, d_ff=8, num_layers=1)),
            "encoder-decoder",
        ),
    ],
)
def test_what_has_no_blocks_is_refused(model: nn.Module, why: str) -> None:
    """No list, looped, shared, out of order, skipped, no hidden states, no language model, or two halves."""
    with pytest.raises(SubjectError, match=why) as caught:
        find_blocks(model)
    assert "\n" not in str(caught.value)


def test_a_norm_at_the_end_of_the_list_is_no_block() -> None:
    """A final norm that stands in the list of blocks is not read as one."""
    blocks = [Block(), Block()]
    assert find_blocks(Toy([*blocks, nn.LayerNorm(8)])) == tuple(blocks)


def test_a_list_inside_a_block_is_not_taken_for_the_blocks() -> None:
    """Two blocks of three parts each are two blocks."""

    class Parts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = nn.ModuleList([Block(), Block(), Block()])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for part in self.parts:
                x = part(x)
            return x

    assert len(find_blocks(Toy([Parts(), Parts()]))) == 2


def _made(config: Any) -> Any:
    torch.manual_seed(3)
    return transformers.AutoModelForCausalLM.from_config(config).eval()


def test_a_model_that_reads_ahead_is_refused() -> None:
    """An encoder that is offered as a language model sees later tokens: what nests would not be what was judged."""
    size = {"vocab_size": 60, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    model = _made(transformers.BertConfig(**size))
    with pytest.raises(SubjectError, match="not causal"):
        _reading(model)


def test_a_model_without_a_cache_is_refused() -> None:
    """A model that keeps nothing would be read anew for each token: refused."""
    config = transformers.OpenAIGPTConfig(vocab_size=60, n_embd=16, n_layer=2, n_head=2, n_positions=32)
    with pytest.raises(SubjectError, match="keeps nothing"):
        _reading(_made(config))


def test_weights_that_are_not_finite_are_refused() -> None:
    """A model whose activations are not numbers is found when it is loaded."""
    model = _made(CONFIGS["llama"]())
    with torch.no_grad():
        model.model.layers[1].mlp.up_proj.weight[0, 0] = float("nan")
    with pytest.raises(SubjectError, match="not finite"):
        _reading(model)


def test_a_cache_that_gives_other_numbers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where decoding would not read what reading at rest reads, the two would be judged differently."""
    model = _made(CONFIGS["llama"]())
    original = model.forward

    def forgetful(input_ids: torch.Tensor, cache: Any = None, **options: Any) -> Any:
        """Drop what was read before."""
        return original(input_ids=input_ids, cache=None, **options)

    monkeypatch.setattr(model, "forward", forgetful)
    with pytest.raises(SubjectError, match="goes on from its cache"):
        _reading(model)


def _reading(model: Any) -> CausalSubject:
    """Wrap a model with a context of 32 tokens."""

    class Binding:
        context = 32

    parts: dict[str, Any] = {"binding": Binding(), "tokenizer": None, "system": None, "stop_ids": frozenset()}
    return CausalSubject(model=model, blocks=find_blocks(model), **parts)


def test_a_multimodal_wrapper_is_read_at_its_language_model() -> None:
    """Blocks that do not run on text, and the wrapper around those that do, are no obstacle."""
    size = {"num_hidden_layers": 4, "hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2}
    text = size | {"num_hidden_layers": 2, "vocab_size": 60, "num_key_value_heads": 1, "head_dim": 8}
    config = transformers.Gemma3Config(text_config=text, vision_config=size | {"image_size": 28, "patch_size": 14})
    subject = _reading(_made(config))
    assert (subject.layers, subject.width) == (2, 16)
    assert HookPoint(1, "mlp_out") in subject.hook_points


def test_a_tokenizer_that_is_too_large_is_refused() -> None:
    """Ids without an embedding are another model's, unless they are markers that no conversation is rendered to."""
    model = _made(transformers.LlamaConfig(**{**CONFIGS["llama"]().to_dict(), "vocab_size": 300}))
    with pytest.raises(SubjectError, match="knows 300 tokens"):
        require_fit(model, ChatTokenizer.of(tiny_tokenizer()))
    whole = tiny_tokenizer()
    fitting = _made(transformers.LlamaConfig(**{**CONFIGS["llama"]().to_dict(), "vocab_size": len(whole)}))
    whole.add_tokens(["<image>"])
    require_fit(fitting, ChatTokenizer.of(whole))
    whole.chat_template += "<image>"
    with pytest.raises(SubjectError):
        require_fit(fitting, ChatTokenizer.of(whole))


def test_what_is_no_hidden_state_is_refused() -> None:
    """A flat output, an empty tuple and a number are not (rows, tokens, width)."""
    for output in (torch.zeros(3, 4), (), (1.0,), None):
        with pytest.raises(ScoringError):
            hidden(output)


def test_an_error_inside_a_tapped_pass_leaves_no_hook(build: Callable[..., CausalSubject]) -> None:
    """Hooks are removed whatever happens in between."""
    subject = build()
    before = dict(subject.blocks[0]._forward_hooks)
    with pytest.raises(ZeroDivisionError), tapped(subject.blocks, [HookPoint(0)]):
        _ = 1 / 0
    assert dict(subject.blocks[0]._forward_hooks) == before
