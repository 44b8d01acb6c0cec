"""The Merkle tree: equal to another library's at every size, and no changed log or forged proof holds."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion
from pymerkle.proof import InvalidProof

from guard import merkle

GENERATOR = random.Random(6962)
SIZES = [*range(1, 18), 31, 32, 33, 63, 64, 65, *GENERATOR.sample(range(66, 200), 6)]
SIZED = st.integers(2, 40)


def entry(index: int) -> bytes:
    """One entry of a log."""
    return hashlib.sha256(b"entry %d" % index).digest()


def leaves(size: int) -> list[bytes]:
    """The leaf hashes of a log."""
    return [merkle.leaf(entry(index)) for index in range(size)]


def other_tree(size: int) -> InmemoryTree:
    """The same log in pymerkle."""
    tree = InmemoryTree(algorithm="sha256")
    for index in range(size):
        tree.append_entry(entry(index))
    return tree


def forgeries(path: tuple[bytes, ...]) -> list[tuple[bytes, ...]]:
    """Paths that differ from a good one: cut, prolonged, with an altered hash, turned round, with one standing twice."""
    flipped = [(*path[:i], bytes([one[0] ^ 1]) + one[1:], *path[i + 1 :]) for i, one in enumerate(path)]
    dropped = [(*path[:i], *path[i + 1 :]) for i in range(len(path))]
    twice = [(*path[:i], one, *path[i:]) for i, one in enumerate(path)]
    return [found for found in (*flipped, *dropped, *twice, (*path, entry(0)), path[::-1]) if found != path]


def test_the_values_of_the_definition() -> None:
    """The empty tree is the hash of nothing; leaves and nodes are told apart by their first byte."""
    assert merkle.root([]) == hashlib.sha256(b"").digest()
    a, b, c = (hashlib.sha256(b"\x00" + one).digest() for one in (b"a", b"b", b"c"))
    ab = hashlib.sha256(b"\x01" + a + b).digest()
    assert merkle.root([merkle.leaf(b"a")]) == a
    assert merkle.root([a, b, c]) == hashlib.sha256(b"\x01" + ab + c).digest()
    assert merkle.inclusion([a, b, c], 2) == (ab,)
    assert merkle.consistency([a, b, c], 2) == (c,)


@pytest.mark.parametrize("size", SIZES)
def test_roots_are_those_of_another_library(size: int) -> None:
    """At every small size, around powers of two, and at random sizes."""
    assert merkle.root(leaves(size)) == other_tree(size).get_root()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13, 64, 71])
def test_another_library_accepts_our_inclusion_paths(size: int) -> None:
    """With our path in place of its own its checker says yes, and with another leaf no; ours accepts its path."""
    ours, tree = leaves(size), other_tree(size)
    for index in range(size):
        proof, path = tree.prove_inclusion(index + 1), merkle.inclusion(ours, index)
        assert merkle.includes(ours[index], index, size, proof.path[1:], tree.get_root())
        proof.path = [ours[index], *path]
        verify_inclusion(ours[index], tree.get_root(), proof, index=index + 1, size=size)
        with pytest.raises(InvalidProof):
            verify_inclusion(merkle.leaf(b"another"), tree.get_root(), proof)


def test_the_paths_of_the_rfc_s_example() -> None:
    """The tree of seven leaves in section 2.1.5, with its nodes' names."""
    a, b, c, d, e, f, j = leaves(7)
    g, h, i = merkle.root([a, b]), merkle.root([c, d]), merkle.root([e, f])
    k, l = merkle.root([a, b, c, d]), merkle.root([e, f, j])  # noqa: E741
    every = [a, b, c, d, e, f, j]
    assert [merkle.inclusion(every, n) for n in (0, 3, 4, 6)] == [(b, h, l), (c, g, l), (f, j, k), (i, k)]
    assert [merkle.consistency(every, n) for n in (3, 4, 6)] == [(c, d, g, l), (l,), (i, j, k)]


@pytest.mark.parametrize("size", [2, 3, 7, 8, 13, 64, 71])
def test_both_checkers_agree_about_growth(size: int) -> None:
    """For the roots that another library states, its checker and ours say yes; for a forged old root both say no."""
    ours, tree = leaves(size), other_tree(size)
    for first in range(1, size):
        old, new, path = tree.get_root(first), tree.get_root(size), merkle.consistency(ours, first)
        theirs = tree.prove_consistency(first, size)
        verify_consistency(old, new, theirs, prior_size=first, later_size=size)
        assert merkle.extends(first, size, path, old, new)
        with pytest.raises(InvalidProof):
            verify_consistency(entry(first), new, theirs)
        assert not merkle.extends(first, size, path, entry(first), new)


@given(SIZED, st.data())
def test_no_forged_inclusion_holds(size: int, data: st.DataObject) -> None:
    """Another path, place, size, entry or root: none of them passes for the real one."""
    ours, index = leaves(size), data.draw(st.integers(0, size - 1))
    top, path = merkle.root(ours), merkle.inclusion(ours, index)
    assert merkle.includes(ours[index], index, size, path, top)
    assert not any(merkle.includes(ours[index], index, size, other, top) for other in forgeries(path))
    assert not any(merkle.includes(ours[index], place, size, path, top) for place in range(-1, size + 1) if place != index)
    assert not merkle.includes(ours[(index + 1) % size], index, size, path, top)
    assert not merkle.includes(ours[index], index, size, path, entry(0))
    assert not any(merkle.includes(ours[index], index, 0, other, top) for other in (path, ()))


@given(SIZED, st.data())
def test_no_forged_consistency_holds(size: int, data: st.DataObject) -> None:
    """Another path or another root: a log that was rewritten can't be passed off as one that grew."""
    ours, first = leaves(size), data.draw(st.integers(1, size - 1))
    old, new, path = merkle.root(ours[:first]), merkle.root(ours), merkle.consistency(ours, first)
    assert merkle.extends(first, size, path, old, new)
    assert not any(merkle.extends(first, size, other, old, new) for other in forgeries(path))
    assert not merkle.extends(first, size, path, entry(0), new)
    assert not merkle.extends(first, size, path, old, entry(0))
    assert not merkle.extends(size, first, path, new, old)


@given(SIZED, st.integers(0, 5), st.data())
def test_a_log_that_was_changed_has_another_root(size: int, kind: int, data: st.DataObject) -> None:
    """An entry altered, removed, moved or added: the root tells; a changed beginning can't be proved against the old root."""
    ours = leaves(size)
    index = data.draw(st.integers(0, size - 1))
    changed = [*ours]
    match kind:
        case 0:
            changed[index] = merkle.leaf(b"altered")
        case 1:
            del changed[index]
        case 2:
            other = data.draw(st.integers(0, size - 1))
            assume(other != index)
            changed[index], changed[other] = changed[other], changed[index]
        case 3:
            changed.insert(index, merkle.leaf(b"slipped in"))
        case 4:
            changed = changed[:index]
        case _:
            changed.append(changed[-1])
    assert merkle.root(changed) != merkle.root(ours)
    if kind < 3 and changed:
        grown = [*changed, *(merkle.leaf(b"later %d" % number) for number in range(3))]
        path = merkle.consistency(grown, size)
        assert not merkle.extends(size, len(grown), path, merkle.root(ours), merkle.root(grown))


def test_a_cut_tail_is_no_beginning_of_what_was_kept() -> None:
    """Both ways: the longer log extends the shorter, the shorter never the longer, whatever path is offered."""
    long, short = leaves(9), leaves(6)
    assert merkle.extends(6, 9, merkle.consistency(long, 6), merkle.root(short), merkle.root(long))
    for path in ((), merkle.consistency(long, 6), merkle.inclusion(long, 3)):
        assert not merkle.extends(9, 6, path, merkle.root(long), merkle.root(short))
        assert not merkle.extends(9, 9, path, merkle.root(long), merkle.root(short))


def test_every_log_extends_the_empty_one_and_itself() -> None:
    """Nothing needs to be shown, and nothing may be offered; the empty log has one root only."""
    ours, top, empty = leaves(5), merkle.root(leaves(5)), merkle.root([])
    assert merkle.extends(5, 5, (), top, top)
    assert merkle.extends(0, 5, merkle.consistency(ours, 0), empty, top)
    assert not merkle.extends(0, 5, (entry(0),), empty, top)
    assert not merkle.extends(0, 5, (), entry(0), top)
    assert not merkle.extends(5, 5, (), top, entry(0))
    assert not merkle.extends(3, 5, (), merkle.root(ours[:3]), top)
