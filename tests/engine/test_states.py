"""States of the engine, phase included, against the dense reference, PennyLane and closed forms."""

import math
import tracemalloc

import numpy as np
import pennylane as qp
import pytest

from qml.backends import executor_named
from qml.backends.engine import EngineExecutor
from qml.backends.reference import ReferenceExecutor
from qml.base.errors import CapabilityError, ConfigError, ShapeError
from qml.base.memory import available_bytes
from qml.circuits import Circuit, Gate, Program, angle, input_slot, sel, weight_slot
from qml.circuits.bridges.pennylane import to_pennylane
from qml.engine.frame import Frame
from qml.engine.states import FinalFrame, compile_states
from tests.programs import ALL_FEATURES, coverage, random_programs, random_values

PROGRAMS = random_programs(seed=5, count=120, max_qubits=5)
BOUNDS = {"float64": 1e-12, "float32": 2e-5}


def test_the_programs_cover_everything():
    assert not ALL_FEATURES - coverage(PROGRAMS)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_states_are_those_of_the_reference(number):
    program, rng = PROGRAMS[number], np.random.default_rng(number)
    inputs, weights = random_values(rng, program, batch=(1, 3, 17)[number % 3], row_weights=number % 4 == 0)
    for dtype, bound in BOUNDS.items():
        found = EngineExecutor().states(program, inputs.astype(dtype), weights.astype(dtype))
        wanted = ReferenceExecutor().states(program, inputs.astype(dtype).astype(float), weights.astype(dtype))
        assert found.dtype == np.result_type(dtype, np.complex64)
        assert found.shape == wanted.shape
        assert np.abs(found - wanted).max() < bound


@pytest.mark.parametrize("number", range(0, 40, 2))
def test_states_are_those_of_pennylane(number):
    program = random_programs(seed=6, count=40, max_qubits=4, preparation="none")[number]
    inputs, weights = random_values(np.random.default_rng(number), program, batch=2)
    script = qp.tape.make_qscript(to_pennylane(program))
    found = EngineExecutor().states(program, inputs, weights)
    for row, state in zip(inputs, found, strict=True):
        gates = script(row, weights).operations
        wanted = qp.execute([qp.tape.QuantumScript(gates, [qp.state()])], _device(program))[0]
        np.testing.assert_allclose(state, wanted, atol=1e-12)


def _device(program):
    return qp.device("default.qubit", wires=program.n_qubits)


QUARTERS = [k * math.pi / 2 for k in range(-9, 10)]


@pytest.mark.parametrize("word", ["X", "Y", "Z", "ZZ", "XY", "YY", "ZX", "II"])
def test_whole_and_quarter_turns_keep_their_phase(word):
    wires = tuple(range(len(word)))
    for first in QUARTERS:
        for last in QUARTERS[::3]:
            gates = [Gate("Hadamard", (0,)), Gate("PauliRot", wires, (first,), word), Gate("S", (0,))]
            gates += [Gate("RY", (0,), (0.3,)), Gate("PauliRot", wires, (last,), word), Gate("PauliY", (0,))]
            program = Program(2, tuple(gates))
            found = EngineExecutor().states(program, np.zeros((1, 0)), np.zeros(0))
            wanted = ReferenceExecutor().states(program, np.zeros((1, 0)), np.zeros(0))
            np.testing.assert_allclose(found, wanted, atol=1e-13)


def test_turns_that_cancel_leave_their_phase():
    x = input_slot(0)
    program = Circuit(1).rx(0, x).rx(0, 2 * math.pi - x).build()
    np.testing.assert_allclose(EngineExecutor().states(program, np.array([[0.7]]), np.zeros(0)), [[-1, 0]], atol=1e-15)


def test_a_phase_may_depend_on_the_row():
    gates = (Gate("PauliX", (0,)), Gate("PhaseShift", (0,), (input_slot(0) * weight_slot(0),)))
    program = Program(1, gates, n_inputs=1, n_weights=1)
    inputs = np.linspace(-4, 4, 7)[:, None]
    for weights in (np.array([1.5]), np.linspace(1, 2, 7)[:, None]):
        found = EngineExecutor().states(program, inputs, weights)
        np.testing.assert_allclose(found[:, 1], np.exp(1j * inputs[:, 0] * weights.reshape(-1)), atol=1e-14)


CLIFFORDS = ("PauliX", "PauliY", "PauliZ", "S", "Sdg", "CNOT", "CZ", "SWAP")


@pytest.mark.parametrize("seed", range(10))
def test_cliffords_are_all_frame(seed):
    rng = np.random.default_rng(seed)
    names = [str(name) for name in rng.choice(CLIFFORDS, 30)]
    wires = [tuple(map(int, rng.permutation(3)[: 2 if name in ("CNOT", "CZ", "SWAP") else 1])) for name in names]
    program = Program(3, tuple(Gate(name, w) for name, w in zip(names, wires, strict=True)))
    assert not compile_states(program).plan.turns
    np.testing.assert_array_equal(
        EngineExecutor().states(program, np.zeros((1, 0)), np.zeros(0)).round(12),
        ReferenceExecutor().states(program, np.zeros((1, 0)), np.zeros(0)).round(12),
    )


def test_a_wrong_row_of_the_frame_is_seen():
    frame = Frame(1)
    frame.absorb("Y", (0,))
    image = frame.image(((0, "X"),))
    right = FinalFrame(1, [(image.x, image.z)], [image.sign], frame.origin)
    wrong = FinalFrame(1, [(image.x, image.z)], [-image.sign], frame.origin)
    ket, wanted = np.array([[0.6, 0.8 + 0j]]), np.array([[-0.8j, 0.6j]])
    phase = np.exp(1j * np.array([frame.phase]))
    np.testing.assert_allclose(right.place(ket.copy(), phase), wanted, atol=1e-15)
    assert np.abs(wrong.place(ket.copy(), phase) - wanted).max() > 0.5


def test_rows_do_not_know_one_another():
    program, rng = angle(6) + sel(6, depth=2), np.random.default_rng(1)
    for dtype in BOUNDS:
        inputs, weights = (a.astype(dtype) for a in random_values(rng, program, batch=41))
        whole = EngineExecutor().states(program, inputs, weights)
        order = rng.permutation(41)
        np.testing.assert_array_equal(EngineExecutor().states(program, inputs[order], weights), whole[order])
        for row in (0, 17, 40):
            np.testing.assert_array_equal(
                EngineExecutor().states(program, inputs[row : row + 1], weights)[0], whole[row]
            )


@pytest.mark.parametrize("dtype", BOUNDS)
def test_any_number_of_threads_gives_the_same_bits(dtype):
    program = angle(8) + sel(8, depth=4)
    inputs, weights = (a.astype(dtype) for a in random_values(np.random.default_rng(2), program, batch=700))
    one = EngineExecutor(threads=1).states(program, inputs, weights)
    for threads in (2, 5):
        np.testing.assert_array_equal(EngineExecutor(threads=threads).states(program, inputs, weights), one)


def test_a_broken_row_stays_alone():
    program = angle(4) + sel(4, depth=1)
    inputs, weights = random_values(np.random.default_rng(3), program, batch=20)
    clean = EngineExecutor().states(program, inputs, weights)
    inputs[7, 2] = np.nan
    states = EngineExecutor().states(program, inputs, weights)
    assert np.isnan(states[7]).all()
    np.testing.assert_array_equal(np.delete(states, 7, 0), np.delete(clean, 7, 0))


def test_no_rows():
    program = angle(3) + sel(3)
    assert EngineExecutor().states(program, np.zeros((0, 3)), np.zeros(9)).shape == (0, 8)


def test_a_readout_plays_no_part():
    program = Circuit(2).ry(0, 0.4).ry(1, 1.1).cnot([0, 1]).build()
    other = program.with_readout(Circuit(2).build().readout)
    given = np.zeros((1, 0)), np.zeros(0)
    np.testing.assert_array_equal(EngineExecutor().states(program, *given), EngineExecutor().states(other, *given))


# ------------------------------------------------------------------------------------------------ memory


def test_more_states_than_memory_are_refused_before_they_are_allocated(monkeypatch):
    program = angle(18)
    inputs = np.zeros((5000, 18))
    monkeypatch.setenv("QML_MEMORY_GIB", "1.5")
    tracemalloc.start()
    with pytest.raises(CapabilityError, match=r"5000 states of 18 qubits .* needs 19\.\d GiB .*; 1\.5 GiB can be had"):
        EngineExecutor().states(program, inputs, np.zeros(0))
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()


def test_a_small_run_is_never_refused(monkeypatch):
    monkeypatch.setenv("QML_MEMORY_GIB", "0.001")
    assert EngineExecutor().states(angle(4), np.zeros((3, 4)), np.zeros(0)).shape == (3, 16)


def test_a_memory_that_is_no_number_is_told(monkeypatch):
    monkeypatch.setenv("QML_MEMORY_GIB", "plenty")
    with pytest.raises(ConfigError, match="plenty"):
        available_bytes()


def test_widths_that_nobody_runs_are_refused():
    for name in ("engine_cpu", "reference"):
        executor = executor_named(name)
        assert executor.capabilities.states
        with pytest.raises(CapabilityError, match="qubits"):
            executor.states(Program(60), np.zeros((1, 0)), np.zeros(0))


def test_shapes_are_checked():
    with pytest.raises(ShapeError):
        EngineExecutor().states(angle(3), np.zeros((2, 4)), np.zeros(0))
