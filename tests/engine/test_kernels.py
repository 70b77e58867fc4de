"""The generator of coset kernels, and the cosets it sweeps."""

import numpy as np
import pytest

from qml.engine import layout as L
from qml.engine.cache import ENTRIES, HOMES, generated_source
from qml.engine.kernels import kernel_names, kernel_number, kernel_source
from qml.engine.plan import Block, Plan, Turn
from qml.engine.tile import MOST_TURNS, cosets, coupling, groups, normal_sign, pivots, reading, segments
from qml.engine.verify import apply_word
from tests.engine.plans import random_plan


def test_numbers_and_names_are_one_table():
    assert len(set(kernel_names())) == len(kernel_names())
    for name in kernel_names():
        assert ENTRIES[kernel_number(name)] == name
        if name[0] in "fu" and name.endswith("0"):
            assert kernel_number(name[:-1] + "1") == kernel_number(name) + 1  # as the driver counts on


def test_every_entry_has_a_number_and_a_home():
    for number, name in enumerate(L.ENTRY_NAMES):
        assert getattr(L, f"ENTRY_{name.upper()}") == number
    homes = [name for names in HOMES.values() for name in names]
    assert sorted(homes) == sorted(ENTRIES)


@pytest.mark.parametrize("name", kernel_names())
def test_every_kernel_is_python(name):
    compile(kernel_source(name), name, "exec")


@pytest.mark.parametrize("stem", sorted(HOMES))
def test_the_two_precisions_differ_in_their_lanes_only(stem):
    single, double = generated_source(stem, "float32"), generated_source(stem, "float64")
    changed = [a for a, b in zip(single.splitlines(), double.splitlines(), strict=True) if a != b]
    assert all("lanes32" in line or "TABLE_SHIFT" in line for line in changed)
    compile(double, stem, "exec")


@pytest.mark.parametrize("seed", range(20))
def test_groups_partition_their_turns_and_cosets_partition_the_indices(seed):
    plan = random_plan(np.random.default_rng(seed), 5, n_blocks=8)
    for segment in segments(plan):
        found = groups(segment.mixing)
        assert sorted(t for group in found for t in group) == sorted(segment.mixing)
        for group in found:
            split = cosets(plan.n_qubits, group)
            members = (split.bases[:, None] ^ split.offsets).ravel()
            np.testing.assert_array_equal(np.sort(members), np.arange(2**plan.n_qubits))
            _check_signs(plan.n_qubits, group, split)


def _check_signs(n_qubits: int, group: tuple[Turn, ...], split) -> None:
    """On coset `i` every turn is the normal form (Y, or X) times its sign class."""
    identity = np.eye(2**n_qubits)
    for place, turn in enumerate(group):
        matrix = apply_word(identity, (turn.x, turn.z)).T
        first, second = split.bases, split.bases ^ turn.x
        sign = normal_sign(turn) * (1 - 2 * (split.signs >> place & 1))
        lower = matrix[second, first]
        np.testing.assert_allclose(lower, sign * (1.0 if coupling(turn) else 1j))


def test_segments_keep_the_order_of_blocks():
    diagonal = Block("shared_diagonal", (Turn(0, 1, "shared", 0, 1.0),))
    lane = Block("row_diagonal", (Turn(0, 1, "row", 0, 1.0),))
    mixing = Block("mixing", (Turn(1, 0, "shared", 0, 1.0),))
    shapes = {
        (diagonal, lane, mixing): [(True, True, 1)],
        (lane, diagonal, mixing): [(True, True, 1)],
        (mixing, diagonal, mixing): [(False, False, 1), (True, False, 1)],
        (diagonal, diagonal): [(True, False, 0), (True, False, 0)],
        (mixing, lane): [(False, False, 1), (False, True, 0)],
        (): [],
    }
    for blocks, expected in shapes.items():
        plan = Plan(1, ((),), blocks, ((0, 1),), n_shared=1, n_rows=1)
        found = [(s.table is not None, s.lane is not None, len(s.mixing)) for s in segments(plan)]
        assert found == expected


def test_long_blocks_are_cut_and_bare_turns_get_a_table_in_time():
    turns = tuple(Turn(0b11, 0, "shared", k, 1.0) for k in range(MOST_TURNS + 3))
    plan = Plan(2, ((),) * 2, (Block("mixing", turns),), ((0, 1),), n_shared=len(turns), n_rows=0)
    assert [(s.table, len(s.mixing)) for s in segments(plan)] == [((), MOST_TURNS), (None, 3)]
    assert [s.table for s in segments(plan, most_bare=0)] == [(), ()]


@pytest.mark.parametrize("seed", range(20))
def test_independent_words_are_bits_of_the_reading_order(seed):
    rng = np.random.default_rng(seed)
    n_qubits = seed % 6 + 1
    masks = [int(z) for z in rng.integers(0, 2**n_qubits, int(rng.integers(1, n_qubits + 2)))]
    found = reading(n_qubits, [(0, z) for z in masks] + [(1, 0)])
    if pivots(masks) is None:
        assert found is None
        return
    order = (found.bases[:, None] ^ found.offsets).ravel()
    np.testing.assert_array_equal(np.sort(order), np.arange(2**n_qubits))
    for k, z in enumerate(masks):
        np.testing.assert_array_equal(np.bitwise_count(order & z) & 1, np.arange(2**n_qubits) >> k & 1)


def test_pivots_tell_dependence():
    assert pivots([0b1, 0b11, 0b100]) is not None
    assert pivots([0b1, 0b11, 0b10]) is None
