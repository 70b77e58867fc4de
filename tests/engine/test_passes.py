"""Every pass keeps its promise on random circuits, the checker notices one that does not, and the Plans are short."""

import math
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qml.circuits.angle import input_slot, weight_slot
from qml.circuits.gate import Gate
from qml.circuits.program import Program
from qml.circuits.readout import Probabilities
from qml.engine import passes as rewriting
from qml.engine.compile import compile_fresh
from qml.engine.frame import anticommute
from qml.engine.lower import lower
from qml.engine.passes import Pass, run_passes
from qml.engine.plan import Block, Draft, Plan, Turn, one_by_one
from qml.engine.verify import PassError, plan_gradients, run_plan
from tests.programs import programs, random_programs


def draft_of(turns, words=((0, 1),), n_qubits=2, initial=False):
    shared = 1 + max((turn.column for turn in turns if turn.kind == "shared"), default=-1)
    rows = 1 + max((turn.column for turn in turns if turn.kind == "row"), default=-1)
    plan = Plan(n_qubits, ((),) * n_qubits, one_by_one(turns), words, shared, rows, initial)
    return Draft(plan, (1,) * len(words))


def constant(x, z, angle):
    return Turn(x, z, "constant", -1, 0.0, angle)


def shared(x, z, column, coefficient=1.0, angle=0.0):
    return Turn(x, z, "shared", column, coefficient, angle)


def row(x, z, column, coefficient=1.0):
    return Turn(x, z, "row", column, coefficient, 0.0)


# ------------------------------------------------------------------------------- promises over random circuits


@settings(max_examples=60, deadline=None)
@given(programs(max_qubits=4, max_gates=14), st.booleans())
def test_every_pass_keeps_its_promise(program, row_weights):
    run_passes(lower(program, row_weights).draft, verify=True)


turns = st.builds(
    lambda masks, kind, column, quarter, free: (
        Turn(*masks, kind, column, quarter or free, 0.0)
        if kind != "constant"
        else constant(*masks, quarter * math.pi / 2 + (free if abs(free) > 0.5 else 0.0))
    ),
    st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(any),
    st.sampled_from(["constant", "shared", "row"]),
    st.integers(0, 1),
    st.integers(-4, 4),
    st.floats(0.1, 1),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(turns, max_size=16), st.booleans(), st.integers(1, 63))
def test_every_pass_keeps_its_promise_on_random_turns(some, initial, word):
    run_passes(draft_of(some, ((word >> 3, word & 7), (0, 1), (0, 0)), 3, initial), verify=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(turns, max_size=16), st.booleans())
def test_blocks_are_what_they_say(some, initial):
    plan = run_passes(draft_of(some, ((0, 1), (3, 0), (0, 6)), 3, initial)).plan
    for bit, turns in enumerate(plan.prefix):
        assert all(turn.x | turn.z == 1 << bit for turn in turns)
    for block in plan.blocks:
        assert block.turns
        assert not any(anticommute(*a[:2], *b[:2]) for a in block.turns for b in block.turns)
        for turn in block.turns:
            assert bool(turn.x) == (block.kind == "mixing")
            assert block.kind == "mixing" or (turn.kind == "row") == (block.kind == "row_diagonal")
    assert not initial or not any(plan.prefix)


# ------------------------------------------------------------------------------------- the checker is checked


def wrong_sign(draft):
    first, *rest = draft.plan.turns
    flipped = first._replace(coefficient=-first.coefficient, constant=-first.constant)
    return replace(draft, plan=replace(draft.plan, blocks=one_by_one([flipped, *rest])))


def drop_last(draft):
    return replace(draft, plan=replace(draft.plan, blocks=draft.plan.blocks[:-1]))


def swap_first_two(draft):
    first, second, *rest = draft.plan.blocks
    return replace(draft, plan=replace(draft.plan, blocks=(second, first, *rest)))


def read_another_word(draft):
    return replace(draft, plan=replace(draft.plan, words=((0, 2), *draft.plan.words[1:])))


def flip_a_sign(draft):
    return replace(draft, signs=(-1, 1, 1))


@pytest.mark.parametrize("wrong", [wrong_sign, drop_last, swap_first_two, read_another_word, flip_a_sign])
@pytest.mark.parametrize("keeps", ["unitary", "values"])
@pytest.mark.parametrize("initial", [False, True])
def test_a_wrong_pass_is_noticed(wrong, keeps, initial):
    words = ((0, 1), (1, 0), (1, 1))
    draft = draft_of([shared(1, 0, 0), row(1, 1, 0), shared(3, 2, 1, 0.5)], words, initial=initial)
    run_passes(draft, verify=True)
    with pytest.raises(PassError, match=f"'broken' must keep the {keeps}"):
        run_passes(draft, [Pass("broken", wrong, keeps)], verify=True)


def test_verification_is_asked_for_by_the_environment(monkeypatch):
    draft = draft_of([shared(1, 0, 0), shared(1, 1, 1)])
    broken = [Pass("broken", wrong_sign, "unitary")]
    run_passes(draft, broken)
    monkeypatch.setenv(rewriting.VERIFY_VARIABLE, "1")
    with pytest.raises(PassError):
        run_passes(draft, broken)


def test_the_oracle_agrees_with_closed_forms_and_differences():
    plan = Plan(1, ((row(1, 1, 0),),), (Block("mixing", (shared(1, 0, 0),)),), ((0, 1), (1, 0)), 1, 1)
    rows_BM, shared_S = np.array([[0.4], [1.3]]), np.array([0.9])
    wanted = np.stack([np.cos(rows_BM[:, 0]) * np.cos(0.9), np.sin(rows_BM[:, 0])], axis=1)
    np.testing.assert_allclose(run_plan(plan, rows_BM, shared_S), wanted, atol=1e-14)
    cotangent_BW = np.array([[1.0, 2.0], [0.5, -1.0]])
    found = plan_gradients(plan, rows_BM, shared_S, cotangent_BW)
    slope = -np.sin(rows_BM[:, 0]) * np.cos(0.9) * cotangent_BW[:, 0] + np.cos(rows_BM[:, 0]) * cotangent_BW[:, 1]
    np.testing.assert_allclose(found.rows_BM[:, 0], slope, atol=1e-14)
    np.testing.assert_allclose(
        found.shared_S, [-np.sin(0.9) * np.sum(np.cos(rows_BM[:, 0]) * cotangent_BW[:, 0])], atol=1e-14
    )


# ------------------------------------------------------------------------------------------------- one by one


def test_what_lies_outside_the_light_cone_is_dropped():
    before = draft_of([shared(2, 0, 0), shared(1, 0, 1), shared(0, 1, 2)])
    assert rewriting.drop_unread(before).plan.turns == (shared(1, 0, 1),)


def test_leading_phases_are_dropped_only_from_a_product_state():
    turns = [shared(0, 3, 0), shared(1, 0, 1), shared(0, 2, 2), shared(0, 1, 3)]
    assert rewriting.drop_leading_phases(draft_of(turns)).plan.turns == (turns[1], turns[3])
    assert rewriting.drop_leading_phases(draft_of(turns, initial=True)).plan.turns == tuple(turns)


def test_turns_merge_where_they_can_meet():
    meeting = draft_of([shared(1, 0, 0), shared(2, 0, 1), shared(1, 0, 0, 0.5, 0.1), constant(1, 0, 0.2)])
    assert rewriting.merge_meeting(meeting).plan.turns == (shared(1, 0, 0, 1.5, 0.1 + 0.2), shared(2, 0, 1))
    apart = draft_of([shared(1, 0, 0), shared(0, 1, 1), shared(1, 0, 0)])
    assert len(rewriting.merge_meeting(apart).plan.turns) == 3


def test_what_cancels_lets_its_neighbours_meet():
    nested = [shared(1, 0, 0), row(0, 1, 0), shared(1, 1, 1), shared(1, 1, 1, -1.0), row(0, 1, 0, -1.0)]
    assert rewriting.merge_meeting(draft_of(nested)).plan.turns == (shared(1, 0, 0),)


def test_a_row_turn_that_becomes_constant_changes_its_block():
    cancelling = [row(0, 1, 0), constant(0, 1, 0.3), row(0, 1, 0, -1.0), row(0, 3, 1)]
    plan = rewriting.group_blocks(draft_of(cancelling)).plan
    assert {block.kind: block.turns for block in plan.blocks} == {
        "row_diagonal": (row(0, 3, 1),),
        "shared_diagonal": (constant(0, 1, 0.3),),
    }


@pytest.mark.parametrize(
    ("turn", "stays"),
    [
        (constant(0, 1, math.pi / 2), False),
        (constant(0, 1, 0.3), True),
        (constant(1, 0, math.pi), False),
        (constant(1, 0, -math.pi / 2), True),
        (constant(3, 2, 4 * math.pi), False),
        (constant(0, 1, 3 * math.pi / 2 + 1e-9), True),
    ],
)
def test_which_constants_are_folded(turn, stays):
    draft = draft_of([turn, shared(1, 0, 0), shared(3, 1, 1)])
    after = rewriting.fold_quarter_turns(draft)
    assert len(after.plan.turns) == 2 + stays


def test_four_t_gates_leave_no_trace():
    gates = tuple(Gate("T", (0,)) for _ in range(4))
    program = Program(1, (Gate("RX", (0,), (weight_slot(0),)), *gates, Gate("RY", (0,), (weight_slot(1),))), None, 0, 2)
    assert len(compile_fresh(program).plan.turns) == 2


def test_a_circuit_and_its_inverse_are_nothing():
    for program in random_programs(seed=3, count=30, max_qubits=4, max_gates=10, preparation="none"):
        if {"Unitary", "FermionicSWAP"} & {gate.name for gate in program.gates}:
            continue  # the inverse is another product of turns: equal, but not term by term
        both = program.tied(program.inverse)
        assert len(compile_fresh(both.with_readout(Probabilities((0,)))).plan.turns) == 0, program.gates


# --------------------------------------------------------------------------------------------- shape and speed


def benchmark_circuit(n_qubits, depth):
    gates = [Gate("RY", (wire,), (input_slot(wire),)) for wire in range(n_qubits)]
    for layer in range(depth):
        for wire in range(n_qubits):
            first = 3 * (layer * n_qubits + wire)
            gates.append(Gate("Rot", (wire,), tuple(weight_slot(first + k) for k in range(3))))
        gates += [Gate("CNOT", (wire, (wire + 1) % n_qubits)) for wire in range(n_qubits)]
    return Program(n_qubits, tuple(gates), None, n_qubits, 3 * n_qubits * depth)


def test_the_benchmark_circuit_has_six_blocks():
    plan = compile_fresh(benchmark_circuit(8, 4)).plan
    layout = [(block.kind, len(block.turns)) for block in plan.blocks]
    assert layout == [("shared_diagonal", 8), ("mixing", 8)] + 2 * [("shared_diagonal", 16), ("mixing", 8)]
    assert [len(turns) for turns in plan.prefix] == [4] * 8  # RY of the input, RZ RY RZ of the first layer
    assert not plan.initial


def test_deep_and_wide_circuits_compile_quickly():
    compile_fresh(benchmark_circuit(2, 1))
    for program, limit in ((benchmark_circuit(16, 10), 0.8), (benchmark_circuit(16, 42), 2.0)):
        start = time.process_time()
        compile_fresh(program)
        assert time.process_time() - start < limit
