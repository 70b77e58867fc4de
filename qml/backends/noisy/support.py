"""Which entries of a Pauli vector can differ from zero behind each operation, and which can reach what is read.

An operation has to act on an entry only where both hold; the rest is left alone, forward and backward:

* a state entry is right wherever it can reach what is read (`reach`), and may be anything elsewhere;
* a bra entry is right wherever the state can differ from zero (`live`), and may be anything elsewhere.

So a group of entries that an operation mixes is skipped where no member is needed behind it, or where all members are
zero before it and are known to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qml.backends.noisy.fusing import Block, Fused, Turn
from qml.circuits.readout import PauliWord

LETTER = {"I": 0, "X": 1, "Y": 2, "Z": 3}


def strides(n_wires: int, wires: Sequence[int]) -> list[int]:
    """How far entries are apart that differ by one letter of each wire; wire 0 is most significant."""
    return [4 ** (n_wires - 1 - wire) for wire in wires]


def groups(n_wires: int, wires: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """First entries `(G,)` of the groups that an operation on `wires` mixes, and offsets `(4**k,)` of the members."""
    mine = strides(n_wires, wires)
    offsets = np.zeros(1, np.int64)
    for stride in mine:
        offsets = (offsets[:, None] + stride * np.arange(4)).ravel()
    rest = np.zeros(1, np.int64)
    for stride in strides(n_wires, [wire for wire in range(n_wires) if wire not in set(wires)]):
        rest = (rest[:, None] + stride * np.arange(4)).ravel()
    return rest, offsets


def pairs(n_wires: int, word: PauliWord) -> tuple[np.ndarray, np.ndarray]:
    """Entries `(N,)` and `(N,)` that a rotation about `word` turns: a' = cos a - sin b, b' = sin a + cos b."""
    index = np.arange(4**n_wires)
    wires, letters = zip(*word, strict=True)
    flip, anti, minus = 0, np.zeros(len(index), bool), np.zeros(len(index), np.int64)
    for stride, letter in zip(strides(n_wires, wires), letters, strict=True):
        mine, turned = index // stride % 4, LETTER[letter]
        flip += turned * stride
        differ = (mine != 0) & (mine != turned)
        anti ^= differ
        forward = (turned % 3) + 1  # letter * turned = i next, in the order X, Y, Z
        minus += np.where(differ, np.where(mine == forward, 1, -1), 0)
    partner = index ^ flip
    # i P Q = i ** (1 + quarters) Q', where quarters counts +1 for each factor i and -1 for each factor -i
    first = anti & ((1 + minus) % 4 == 2)
    return index[first], partner[first]


@dataclass(frozen=True, eq=False)
class Worked:
    """What an operation acts on: first entries of groups, or pairs one behind the other, as 32-bit numbers."""

    forward: np.ndarray
    backward: np.ndarray


def worked(n_wires: int, steps: Sequence[Fused], start: np.ndarray, read: np.ndarray, *, sparse: bool) -> list[Worked]:
    """What each operation has to act on, from the entries `(4**n,)` that start live, and those that are read.

    Args:
        n_wires: of the vectors.
        steps: in order.
        start: booleans `(A,)`, `A = 4**n_wires`.
        read: booleans `(A,)`.
        sparse: False takes everything, which saves the masks of very many entries.
    """
    if not sparse:
        full = {step.wires: groups(n_wires, step.wires)[0].astype(np.uint32) for step in steps}
        return [_all(n_wires, step, full) for step in steps]
    live = [start]
    for step in steps:
        live.append(_through(n_wires, step, live[-1], transposed=False))
    found: list[Worked] = []
    reach = read
    for step, before, behind in zip(reversed(steps), reversed(live[:-1]), reversed(live[1:]), strict=True):
        earlier = _through(n_wires, step, reach, transposed=True)
        found.append(_worked(n_wires, step, (before, behind), (earlier, reach)))
        reach = earlier
    return found[::-1]


def _all(n_wires: int, step: Fused, full: dict) -> Worked:
    if isinstance(step, Turn):
        both = np.stack(pairs(n_wires, step.word), axis=1).ravel().astype(np.uint32)
        return Worked(both, both)
    return Worked(full[step.wires], full[step.wires])


def _through(n_wires: int, step: Fused, mask: np.ndarray, *, transposed: bool) -> np.ndarray:
    """The mask behind an operation, or before it."""
    found = mask.copy()
    if isinstance(step, Turn):
        first, second = pairs(n_wires, step.word)
        found[first] = found[second] = mask[first] | mask[second]
        return found
    rest, offsets = groups(n_wires, step.wires)
    places = rest[:, None] + offsets
    if isinstance(step, Block):
        found[places] = np.any(mask[places], axis=1, keepdims=True)
        return found
    mix = step.matrix.T if transposed else step.matrix
    members = np.ascontiguousarray(mask[places].T)
    for row, offset in enumerate(offsets):
        found[rest + offset] = members[np.flatnonzero(mix[row])].any(axis=0)
    return found


def _worked(n_wires: int, step: Fused, live: tuple, reach: tuple) -> Worked:
    """`live` and `reach` before and behind the operation."""
    if isinstance(step, Turn):
        first, second = pairs(n_wires, step.word)
        needed = (live[0][first] | live[0][second]) & (reach[1][first] | reach[1][second])
        both = np.stack([first[needed], second[needed]], axis=1).ravel().astype(np.uint32)
        return Worked(both, both)
    rest, offsets = groups(n_wires, step.wires)
    places = rest[:, None] + offsets
    lives, reaches = ([mask[places] for mask in masks] for masks in (live, reach))
    any_live, any_reach = lives[0].any(axis=1), reaches[1].any(axis=1)
    if isinstance(step, Block):
        both = rest[any_live & any_reach].astype(np.uint32)
        return Worked(both, both)
    forward = any_reach & (any_live | (reaches[1] & ~reaches[0]).any(axis=1))
    backward = any_live & (any_reach | (lives[0] & ~lives[1]).any(axis=1))
    return Worked(rest[forward].astype(np.uint32), rest[backward].astype(np.uint32))
