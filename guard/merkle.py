"""The Merkle tree of an append-only log: hashes and proofs, and nothing of what is logged.

Comes in: entries as bytes, or their leaf hashes. Goes out: the root, the path that shows one entry to be in a tree, and the
path that shows one tree to be the beginning of another. All hashes are SHA-256.

Source: RFC 9162, Certificate Transparency 2.0, sections 2.1.1 to 2.1.4; names as there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def leaf(entry: bytes) -> bytes:
    """Return the hash of an entry; the leading 0 keeps an entry from passing for an inner node."""
    return hashlib.sha256(b"\x00" + entry).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """Return the largest power of two that is smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root of a tree (2.1.1); of no leaves, the hash of nothing."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = _split(len(leaves))
    return _node(root(leaves[:middle]), root(leaves[middle:]))


def inclusion(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the path from a leaf to the root (2.1.3.1): the hashes beside it, the lowest first."""
    if len(leaves) == 1:
        return ()
    middle = _split(len(leaves))
    if index < middle:
        return (*inclusion(leaves[:middle], index), root(leaves[middle:]))
    return (*inclusion(leaves[middle:], index - middle), root(leaves[:middle]))


def includes(one: bytes, index: int, size: int, path: Sequence[bytes], top: bytes) -> bool:
    """Say whether a path leads from a leaf, at its place in a tree of `size` leaves, to the root (2.1.3.2)."""
    if not 0 <= index < size:
        return False
    fn, sn, r = index, size - 1, one
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = _node(p, r)
            fn, sn = _to_odd(fn, sn)
        else:
            r = _node(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == top


def consistency(leaves: Sequence[bytes], first: int) -> tuple[bytes, ...]:
    """Return the path that shows the first leaves to be the beginning of all (2.1.4.1); empty if there is nothing to show."""
    if first in {0, len(leaves)}:
        return ()
    return _subproof(leaves, first, whole=True)


def _subproof(leaves: Sequence[bytes], first: int, *, whole: bool) -> tuple[bytes, ...]:
    if first == len(leaves):
        return () if whole else (root(leaves),)
    middle = _split(len(leaves))
    if first <= middle:
        return (*_subproof(leaves[:middle], first, whole=whole), root(leaves[middle:]))
    return (*_subproof(leaves[middle:], first - middle, whole=False), root(leaves[:middle]))


def extends(first: int, second: int, path: Sequence[bytes], earlier: bytes, later: bytes) -> bool:
    """Say whether a path shows that a tree of `second` leaves begins with one of `first` (2.1.4.2)."""
    if not 0 <= first <= second:
        return False
    if first in {0, second}:
        return not path and (earlier == later if first else earlier == root(()))
    hashes = [earlier, *path] if first & (first - 1) == 0 else list(path)
    if not hashes:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = hashes[0]
    for c in hashes[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = _node(c, fr), _node(c, sr)
            fn, sn = _to_odd(fn, sn)
        else:
            sr = _node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == earlier and sr == later


def _to_odd(fn: int, sn: int) -> tuple[int, int]:
    """Shift both to the right until the first is odd or 0."""
    while not fn & 1 and fn:
        fn, sn = fn >> 1, sn >> 1
    return fn, sn
