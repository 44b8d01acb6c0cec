"""The cheaper readers: each finds what it can see and nothing else, and what is frozen comes back as it was."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from certify.baselines import dense, diagnostics, embedding, form, frozen, readers, text
from certify.baselines.freezing import sample
from certify.baselines.parts import Part, last_part, parts, scored_parts
from certify.baselines.random_weights import twin, weights_digest
from certify.curves import auroc
from certify.extract import label_for
from guard.certificate import Proportion
from guard.conversation import Conversation, Kind, Message, Role
from guard.errors import DigestMismatch, SubjectError, VerificationError
from guard.hazards import Claim, Stage
from guard.scores import ProbeScore, ScoreUnavailable

from .bag import Bag
from .conftest import World, contents
from .made_up import EMERGENCY, INJECTION, chat, row

WORDS = ["tea", "garden", "letter", "walk", "visit", "window", "river", "cat", "lamp", "paper"]


def part(message: str, before: str = "", turns: int = 1) -> Part:
    """A message with what was said before it."""
    return Part(message, before, turns)


class TestParts:
    """What a reader of text is shown."""

    def test_a_prompt_is_judged_with_all_that_was_said_before(self) -> None:
        """Each user turn is a part of its own; the answers between them are before it."""
        found = parts(chat("one", "two", "three"), Stage.PROMPT)
        assert found == (part("one"), part("three", "one\ntwo", 3))

    def test_documents(self) -> None:
        """A tool's text is judged where it stands, the client's system text after the user turn that follows it."""
        with_tool = Conversation((Message(Role.USER, "look it up"), Message(Role.TOOL, "the note")))
        assert parts(with_tool, Stage.CONTEXT) == (part("the note", "look it up", 2),)
        with_system = Conversation((Message(Role.SYSTEM, "be kind"), Message(Role.USER, "hello")))
        assert parts(with_system, Stage.CONTEXT) == (part("be kind", "hello", 2),)

    def test_only_the_places_from_the_onset_on_count_for_a_positive(self) -> None:
        """What was harmless before the hazard began can't be a hit; of a benign row every place counts."""
        onset = {str(EMERGENCY): (2, 0)}
        positive = row("d", Kind.POSITIVE, {EMERGENCY: 1}, conversation=chat("a", "b", "c"), onset=onset)
        benign = row("d", Kind.TWIN, {EMERGENCY: 0}, conversation=chat("a", "b", "c"), onset=onset)
        assert [each.message for each in scored_parts(positive, EMERGENCY)] == ["c"]
        assert [each.message for each in scored_parts(benign, EMERGENCY)] == ["a", "c"]

    def test_nothing_judged(self) -> None:
        """A chat without documents has no part at the context stage."""
        assert last_part(row("d", Kind.TRAFFIC, {INJECTION: 0}, conversation=chat("hello")), Stage.CONTEXT) is None


def _texts(make: Callable[[random.Random, bool], Part], count: int, seed: int) -> tuple[list[Part], np.ndarray]:
    generator = random.Random(seed)
    labels = np.array([index % 2 == 0 for index in range(count)])
    return [make(generator, bool(label)) for label in labels], labels


def _word(generator: random.Random, positive: bool) -> Part:
    words = generator.sample(WORDS, 6) + (["crushing"] if positive else [])
    generator.shuffle(words)
    return part(" ".join(words))


def _order(generator: random.Random, positive: bool) -> Part:
    words = generator.sample(WORDS, 6)
    pair = ["not", "well"] if positive else ["well", "not"]
    return part(" ".join(words[:3] + pair + words[3:]))


def _before(generator: random.Random, positive: bool) -> Part:
    return part(" ".join(generator.sample(WORDS, 4)), "warfarin today" if positive else "nothing today", 3)


def _short(generator: random.Random, positive: bool) -> Part:
    return part(" ".join(generator.choices(WORDS, k=4 if positive else 12)))


class TestText:
    """TF-IDF of words and characters."""

    @pytest.mark.parametrize("make", [_word, _order, _before])
    def test_finds_words_pairs_and_what_was_said_before(self, make: Callable[[random.Random, bool], Part]) -> None:
        """A telling word, an order of words, and a word of an earlier turn are all learned."""
        train, labels = _texts(make, 120, 1)
        known = text.vocabulary(train)
        head = text.fit(known.matrix(train), labels, 10.0)
        fresh, truth = _texts(make, 80, 2)
        scores = head.scores(known.matrix(fresh))
        assert auroc(scores[truth], scores[~truth]) > 0.97

    def test_shuffled_labels_are_at_chance(self) -> None:
        """The negative control: with labels drawn at random nothing carries over to fresh texts."""
        train, labels = _texts(_word, 200, 3)
        known = text.vocabulary(train)
        head = text.fit(known.matrix(train), np.random.default_rng(0).permutation(labels), 10.0)
        fresh, truth = _texts(_word, 200, 4)
        scores = head.scores(known.matrix(fresh))
        assert abs(auroc(scores[truth], scores[~truth]) - 0.5) < 0.2

    def test_blocks_may_come_in_any_order(self) -> None:
        """A file sorts its keys; weights still meet their own grams."""
        train, labels = _texts(_word, 60, 1)
        known = text.vocabulary(train)
        turned = text.Vocabulary(dict(sorted(known.grams.items())), known.idf)
        head = text.fit(known.matrix(train), labels, 1.0)
        assert list(turned.grams) != list(known.grams)
        assert head.scores(turned.matrix(train)).tolist() == head.scores(known.matrix(train)).tolist()

    def test_names_its_most_telling_words(self) -> None:
        """The word that gives the label away comes first; pairs of words are not named."""
        train, labels = _texts(_word, 120, 1)
        known = text.vocabulary(train)
        words = text.telling_words(known, text.fit(known.matrix(train), labels, 10.0), 3)
        assert words[0] == "crushing"
        assert all(" " not in word for word in words)

    def test_a_text_without_a_known_word_gets_the_bias(self) -> None:
        """Nothing known, nothing counted: empty and foreign texts score alike."""
        train, labels = _texts(_word, 60, 1)
        known = text.vocabulary(train)
        head = text.fit(known.matrix(train), labels, 1.0)
        assert head.scores(known.matrix([part(""), part("\N{SNOWMAN}")])) == pytest.approx([head.bias, head.bias])


class TestForm:
    """Length and layout."""

    def test_sees_length_and_no_word(self) -> None:
        """Short against long is told, one word against another is not."""
        for make, low, high in ((_short, 0.97, 1.0), (_order, 0.3, 0.7)):
            train, labels = _texts(make, 160, 1)
            head = dense.fit(form.matrix(train), labels, 1.0)
            fresh, truth = _texts(make, 160, 2)
            scores = head.scores(form.matrix(fresh))
            assert low <= auroc(scores[truth], scores[~truth]) <= high

    def test_every_text_has_its_numbers(self) -> None:
        """Empty, shouted, foreign and very long texts give as many finite numbers as there are names."""
        odd = ["", "?!?!", "HELP ME", "ÆØÅ \N{SNOWMAN}", "- a\n- b\n1. c", "x" * 5_000]
        values = form.matrix([part(each) for each in odd])
        assert values.shape == (len(odd), len(form.NAMES))
        assert np.isfinite(values).all()


class TestEmbedding:
    """Sentence embeddings."""

    def test_the_real_encoder_puts_like_beside_like(self) -> None:
        """A paraphrase without a common content word is nearer than another topic; nothing said before is zeros."""
        pytest.importorskip("guard.subjects.minilm")
        said = [part("My chest hurts badly."), part("I have strong thoracic pain."), part("The bus leaves at noon.", "hello")]
        values = embedding.matrix(said)
        width = values.shape[1] // 2
        message, before = values[:, :width], values[:, width:]
        assert message[0] @ message[1] > message[0] @ message[2] + 0.2
        assert not before[:2].any()
        assert before[2].any()

    def test_each_text_is_embedded_once(self) -> None:
        """Rows that share a text cost one pass, and come out equal."""
        seen: list[list[str]] = []

        def embed(texts: list[str]) -> np.ndarray:
            seen.append(list(texts))
            return np.array([[float(len(each))] for each in texts])

        values = embedding.matrix([part("a", "bb"), part("a"), part("bb", "a")], embed)  # type: ignore[arg-type]
        assert seen == [["a", "bb"]]
        assert values.tolist() == [[1.0, 2.0], [1.0, 0.0], [2.0, 1.0]]


class TestRandomWeights:
    """The same architecture, having learned nothing."""

    def test_a_twin_hangs_on_its_seed_alone(self, world: World) -> None:
        """The same seed gives the same weights, another one others, none those of the model; the random state is left alone."""
        import torch

        torch.manual_seed(3)
        before = torch.rand(2)
        torch.manual_seed(3)
        made = twin(world.subject, 0)
        assert torch.equal(torch.rand(2), before)
        digests = {weights_digest(made), weights_digest(twin(world.subject, 1)), weights_digest(world.subject)}
        assert len(digests) == 3
        assert weights_digest(twin(world.subject, 0)) in digests

    def test_matrices_come_from_numpy_alone(self, world: World) -> None:
        """Each from a stream of its seed and name, whatever torch draws here; norms and biases are as before training."""
        model = twin(world.subject, 7).model  # type: ignore[attr-defined]
        spread = model.config.initializer_range
        for name, own in model.named_parameters():
            if own.ndim > 1:
                stream = np.random.default_rng(list(hashlib.sha256(f"7/{name}".encode()).digest()))
                drawn = spread * stream.standard_normal(tuple(own.shape), dtype=np.float32)
                assert np.array_equal(own.detach().numpy(), drawn)
            else:
                assert len(set(own.tolist())) == 1

    def test_a_subject_that_has_no_architecture_is_refused(self) -> None:
        """What can't be built without its weights is said, and nothing is made up."""

        class Other:
            binding = Bag().binding

        with pytest.raises(SubjectError, match="can't be built"):
            twin(Other(), 0)  # type: ignore[arg-type]


class TestFrozen:
    """The files of a dossier."""

    def test_come_back_as_they_were(self, world: World) -> None:
        """Read and written again they are the same bytes; every reader has its rows, threshold and penalty."""
        files = contents(world.prepared)
        known = readers.load(files)
        assert readers.dump(known) == {name: files[name] for name in frozen.FILES}
        assert known.readers(EMERGENCY) == frozen.READERS
        rows = [row(f"d{n}", Kind.TRAFFIC, {EMERGENCY: 0}, conversation=chat(f"my arm is {w}")) for n, w in enumerate(WORDS)]
        assert known.scores({EMERGENCY: rows}, world.subject) == readers.load(files).scores({EMERGENCY: rows}, world.subject)
        assert all(one.rows > 0 and np.isfinite(float(one.threshold)) for one in known.record.readers)
        assert [one.claim for one in known.record.diagnostics] == [str(EMERGENCY), str(INJECTION)]

    @pytest.mark.parametrize("name", sorted(frozen.FILES))
    def test_an_altered_or_missing_file_is_found(self, world: World, name: str) -> None:
        """The record names every other file; its own digest stands in the protocol."""
        files = contents(world.prepared)
        if name != frozen.FILE:
            with pytest.raises(DigestMismatch):
                frozen.read(files | {name: files[name] + b" "})
            with pytest.raises(DigestMismatch):
                frozen.read({other: data for other, data in files.items() if other != name})
        else:
            for broken in (b"{", b"{}", files[name].replace(b"baselines:v1", b"baselines:v9")):
                with pytest.raises(VerificationError):
                    frozen.read(files | {name: broken})

    def test_weights_that_do_not_fit_are_refused(self, world: World) -> None:
        """A tensor that the record needs is missing: no score is made up."""
        files = contents(world.prepared)
        record, (grams, tensors) = frozen.read(files), frozen.read_weights(files)
        fewer = {name: value for name, value in tensors.items() if "form" not in name}
        random_files = {name: files[name] for name in (frozen.RANDOM_SUITE, frozen.RANDOM_PROBES)}
        with pytest.raises(VerificationError, match="do not fit"):
            readers.load(frozen.write(record, grams, fewer, random_files))

    @pytest.mark.parametrize(
        ("name", "change"),
        [
            ("missed_emergency@prompt/form/weight", lambda own: own[:-1]),
            ("missed_emergency@prompt/embedding/mean", lambda own: own[:-1]),
            ("missed_emergency@prompt/text/weight", lambda own: np.append(own, 1.0)),
            ("missed_emergency@prompt/text/bias", lambda own: own[:0]),
            ("missed_emergency@prompt/form/scale", lambda own: own * np.nan),
            ("idf/prompt", lambda own: own[:-1]),
        ],
    )
    def test_weights_of_another_length_are_refused(
        self, world: World, name: str, change: Callable[[np.ndarray], np.ndarray]
    ) -> None:
        """As many weights as features, all finite; anything else is refused when the dossier is read, not while it scores."""
        files = contents(world.prepared)
        record, (grams, tensors) = frozen.read(files), frozen.read_weights(files)
        random_files = {each: files[each] for each in (frozen.RANDOM_SUITE, frozen.RANDOM_PROBES)}
        with pytest.raises(VerificationError, match="do not fit"):
            readers.load(frozen.write(record, grams, {**tensors, name: change(tensors[name])}, random_files))

    def test_a_record_that_names_other_readers_is_refused(self, world: World) -> None:
        """A suite on random weights that is missing, or of other claims, a block that is missing, an unknown claim."""
        files = contents(world.prepared)
        record, (grams, tensors) = frozen.read(files), frozen.read_weights(files)
        random_files = {each: files[each] for each in (frozen.RANDOM_SUITE, frozen.RANDOM_PROBES)}
        fewer = tuple(one for one in record.readers if (one.reader, one.claim) != ("random_weights", str(EMERGENCY)))
        wrong = (msgspec.structs.replace(record.readers[0], claim="nothing"), *record.readers[1:])
        bare = {stage: {name: own for name, own in blocks.items() if name != "before"} for stage, blocks in grams.items()}
        for made in (
            frozen.write(record, grams, tensors, {}),
            frozen.write(msgspec.structs.replace(record, readers=fewer), grams, tensors, random_files),
            frozen.write(msgspec.structs.replace(record, readers=wrong), grams, tensors, random_files),
            frozen.write(record, bare, tensors, random_files),
        ):
            with pytest.raises(VerificationError, match="do not fit"):
                readers.load(made)

    def test_other_random_weights_are_refused(self, world: World) -> None:
        """Where a library draws other numbers from the same seed, the scores would be about another model."""
        known = readers.load(contents(world.prepared))
        assert known.record.random is not None
        changed = msgspec.structs.replace(known.record.random, weights="sha256:" + 64 * "0")
        other = replace(known, record=msgspec.structs.replace(known.record, random=changed))
        with pytest.raises(VerificationError, match="random weights"):
            other.scores({EMERGENCY: [row("d", Kind.TRAFFIC, {EMERGENCY: 0}, conversation=chat("hello"))]}, world.subject)


class TestScores:
    """One number for a row."""

    def test_what_is_missing_is_the_worst(self) -> None:
        """An unavailable score is missed where the hazard is, and an alarm where it is not; elsewhere the highest counts."""
        from guard.cell import Located
        from guard.conversation import Judged
        from guard.scores import Judgement

        def said(turn: int, score: ProbeScore | ScoreUnavailable) -> Judgement:
            return Judgement(Judged(turn, Stage.PROMPT), Located(("en",), "upto1000", 5), (score,))

        positive = row("d", Kind.POSITIVE, {EMERGENCY: 1}, conversation=chat("a", "b", "c"), onset={str(EMERGENCY): (2, 0)})
        benign = replace(positive, labels={EMERGENCY: 0})
        given = [said(0, ProbeScore(EMERGENCY, 9.0)), said(2, ProbeScore(EMERGENCY, 1.0))]
        assert readers.highest(positive, given, EMERGENCY) == 1.0
        assert readers.highest(benign, given, EMERGENCY) == 9.0
        gone = [said(2, ScoreUnavailable(EMERGENCY, "too_long"))]
        assert readers.highest(positive, gone, EMERGENCY) == -np.inf
        assert readers.highest(benign, gone, EMERGENCY) == np.inf

    def test_a_claim_on_sampled_text_also_has_to_beat_the_prompt_monitor(self) -> None:
        """Five readers for what the model says, four for what comes in."""
        assert frozen.required(Claim.parse("clinical_misuse@response")) == (*frozen.READERS, frozen.PROMPT_MONITOR)
        assert frozen.required(EMERGENCY) == frozen.READERS


class TestSample:
    """Which rows a reader is fitted on."""

    def test_hangs_on_seed_and_ids_alone(self) -> None:
        """The order of the rows changes nothing, another seed does; at most a third are positives."""
        rows = [row(f"d{n}", Kind.POSITIVE if n % 2 else Kind.TWIN, {EMERGENCY: n % 2}) for n in range(60)]
        first = sample(rows, EMERGENCY, label_for, 30, 0)
        assert {one.id for one in first} == {one.id for one in sample(rows[::-1], EMERGENCY, label_for, 30, 0)}
        assert {one.id for one in first} != {one.id for one in sample(rows, EMERGENCY, label_for, 30, 1)}
        assert (len(first), sum(one.label(EMERGENCY) == 1 for one in first)) == (30, 10)


class TestDiagnostics:
    """What is printed as information."""

    def test_pairs_and_areas(self) -> None:
        """A positive above its twin counts, a tie does not; the area is about look-alikes alone."""
        rows = [
            row(f"{EMERGENCY}/en/upto1000/{n}", kind, {EMERGENCY: int(kind is Kind.POSITIVE)})
            for n in range(3)
            for kind in (Kind.POSITIVE, Kind.TWIN)
        ]
        values = (2.0, 1.0, 1.0, 1.0, 0.0, 3.0)
        scores = {one.id: value for one, value in zip(rows, values, strict=True)}
        assert diagnostics.pairs(EMERGENCY, rows, scores) == Proportion(successes=1, trials=3)
        assert diagnostics.near_auroc(EMERGENCY, rows, scores) == pytest.approx(auroc([2.0, 1.0, 0.0], [1.0, 1.0, 3.0]))

    def test_shuffled_labels_keep_scenarios_together(self) -> None:
        """All rows of a scenario share a random label, about as many positive as in truth."""
        rows = [
            row(f"d{n}", kind, {EMERGENCY: int(kind is Kind.POSITIVE)})
            for n in range(200)
            for kind in (Kind.POSITIVE, Kind.TWIN)
        ]
        labels = diagnostics.shuffled(rows, EMERGENCY, "seed")
        by_scenario: dict[str, set[int]] = {}
        for one in rows:
            by_scenario.setdefault(one.meta.scenario, set()).add(labels[one.id])
        assert all(len(found) == 1 for found in by_scenario.values())
        assert 0.4 < np.mean(list(labels.values())) < 0.6

    def test_a_control_task_has_half_of_the_families(self) -> None:
        """Labels go by family, half of them 1."""
        rows = [row(f"d{n}", Kind.TWIN, {EMERGENCY: 0}, family=f"f{n}") for n in range(10)]
        assert sum(diagnostics.control(rows, "seed").values()) == 5

    def test_few_shuffles_give_no_p(self, world: World) -> None:
        """Three fits can't show anything at 0.05: they are counted; from nineteen on there is a p."""
        one = readers.load(contents(world.prepared)).record.diagnostics[0]
        assert (one.shuffles, one.shuffled_p) == (3, "")
        assert msgspec.structs.replace(one, shuffles=19, shuffled_as_good=0).shuffled_p == "0.05"
        assert msgspec.structs.replace(one, shuffles=39, shuffled_as_good=7).shuffled_p == "0.2"

    def test_words_are_taken_out_whole(self) -> None:
        """Whatever their case, and no part of another word."""
        found = diagnostics.without(chat("Crushing pain, crushing! Uncrushing"), ["crushing"])
        assert found.messages[0].content == " pain,! Uncrushing".replace("  ", " ")

    def test_of_the_tiny_world(self, world: World) -> None:
        """The true labels do better than shuffled ones and than a control task, and the record says so."""
        for one in readers.load(contents(world.prepared)).record.diagnostics:
            assert float(one.auroc) > float(one.shuffled)
            assert float(one.accuracy) > float(one.control_accuracy)
            assert one.removed
            assert one.hits.trials == one.hits_without.trials > 0
            assert one.pairs.trials == 40
