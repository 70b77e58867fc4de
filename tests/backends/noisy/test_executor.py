"""The noisy Executor: the reference without noise, float32, rows, checkpoints, memory, and what it refuses."""

import pickle

import numpy as np
import pytest

from qml.backends import executor_named
from qml.backends.backend import Target
from qml.backends.noise import NOISES, GateNoise, NoiseModel, ReadoutError, depolarising, noise_named
from qml.backends.noisy import NoisyExecutor, runner
from qml.backends.noisy.plan import plan_of
from qml.base.errors import CapabilityError, ConfigError, ShapeError
from qml.circuits import Circuit, Gate, Program, angle, basic, input_slot, sel, z_each
from qml.circuits.readout import Probabilities
from qml.circuits.slots import amplitude_tables
from qml.engine import reference
from tests.programs import random_programs, random_values

NOISE = NOISES["depolarising"](p1=0.02, p2=0.05, readout=0.03)
PROGRAM = angle(3) + sel(3, depth=2)


def arguments(rows=5, dtype="float64", program=PROGRAM):
    rng = np.random.default_rng(0)
    inputs, weights = rng.normal(size=(rows, program.n_inputs)), rng.normal(size=program.n_weights)
    return tuple(array.astype(dtype) for array in (inputs, weights, rng.normal(size=(rows, program.n_values))))


def differences(executor, program, inputs, weights, cotangent, step=1e-5):
    """Gradients by central differences of the executor's own values."""

    def loss(x, w):
        return float((executor.forward(program, x, w).values_BK * cotangent).sum())

    found = []
    for number, array in enumerate((inputs, weights)):
        slope = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            ends = []
            for sign in (1, -1):
                moved = [inputs.copy(), weights.copy()]
                moved[number][place] += sign * step
                ends.append(loss(*moved))
            slope[place] = (ends[0] - ends[1]) / (2 * step)
        found.append(slope)
    return found


def test_without_noise_it_is_the_reference():
    rng, compared = np.random.default_rng(0), 0
    for number, program in enumerate(random_programs(3, 24, max_qubits=4, max_gates=14)):
        inputs, weights = random_values(rng, program, 2, row_weights=bool(number % 2))
        cotangent = rng.normal(size=(2, program.n_values))
        if any(table.varies.any() for table in amplitude_tables(program)):
            with pytest.raises(CapabilityError, match="depend on inputs or weights"):
                NoisyExecutor().forward(program, inputs, weights)
            continue
        values = NoisyExecutor().forward(program, inputs, weights).values_BK
        found = NoisyExecutor().vjp(program, inputs, weights, cotangent)
        wanted = reference.gradients(program, inputs, weights, cotangent)
        assert np.abs(values - reference.values(program, inputs, weights)).max() < 1e-12
        assert np.abs(found.inputs_BD - wanted.inputs_BD).max(initial=0) < 1e-11
        assert np.abs(found.weights - wanted.weights).max(initial=0) < 1e-11
        compared += 1
    assert compared >= 18


def test_gradients_under_noise_are_differences():
    noise = NOISE + NoiseModel((GateNoise(depolarising(0.1), "RY", (1,)),))
    executor, (inputs, weights, cotangent) = NoisyExecutor(noise), arguments(2)
    found = executor.vjp(PROGRAM, inputs, weights, cotangent)
    wanted = differences(executor, PROGRAM, inputs, weights, cotangent)
    assert np.abs(found.inputs_BD - wanted[0]).max() < 1e-8
    assert np.abs(found.weights - wanted[1]).max() < 1e-8
    wrong = differences(NoisyExecutor(), PROGRAM, inputs, weights, cotangent)
    assert np.abs(found.weights - wrong[1]).max() > 1e-3, "the differences do not see the noise"


def test_float32_and_a_dtype_of_its_own():
    exact = NoisyExecutor(NOISE).forward(PROGRAM, *arguments()[:2]).values_BK
    for executor in (
        NoisyExecutor(NOISE),
        NoisyExecutor(NOISE, dtype="float64"),
        NoisyExecutor(NOISE, dtype="float32"),
    ):
        inputs, weights, cotangent = arguments(dtype="float32")
        values = executor.forward(PROGRAM, inputs, weights).values_BK
        gradients = executor.vjp(PROGRAM, inputs, weights, cotangent)
        assert values.dtype == gradients.inputs_BD.dtype == gradients.weights.dtype == np.float32
        assert np.abs(values - exact).max() < 1e-6


def test_any_number_of_rows_and_threads():
    executor = NoisyExecutor(NOISE, threads=1)
    inputs, weights, cotangent = arguments(37)
    whole = executor.vjp(PROGRAM, inputs, weights, cotangent)
    values = executor.forward(PROGRAM, inputs, weights).values_BK
    several = NoisyExecutor(NOISE, threads=3)
    assert (several.forward(PROGRAM, inputs, weights).values_BK == values).all()
    assert (several.vjp(PROGRAM, inputs, weights, cotangent).weights == whole.weights).all()
    for rows in (slice(0, 1), slice(3, 20)):
        assert (executor.forward(PROGRAM, inputs[rows], weights).values_BK == values[rows]).all()
        part = executor.vjp(PROGRAM, inputs[rows], weights, cotangent[rows])
        assert (part.inputs_BD == whole.inputs_BD[rows]).all()
    own = executor.vjp(PROGRAM, inputs, np.tile(weights, (37, 1)), cotangent)
    assert np.allclose(own.weights.sum(0), whole.weights)


def test_a_row_that_is_not_finite_stays_alone():
    inputs, weights, _ = arguments()
    wanted = NoisyExecutor(NOISE).forward(PROGRAM, inputs, weights).values_BK
    inputs[2, 0] = np.nan
    found = NoisyExecutor(NOISE).forward(PROGRAM, inputs, weights).values_BK
    assert np.isnan(found[2]).all()
    assert (np.delete(found, 2, 0) == np.delete(wanted, 2, 0)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("threads", [1, 2])
def test_what_a_forward_run_keeps_spares_the_gradient_its_sweep(monkeypatch, dtype, threads):
    """To the last bit the same gradient, from one forward sweep in place of two; a store of its own for each batch."""
    executor, given = NoisyExecutor(NOISE, threads=threads), arguments(rows=37, dtype=dtype)
    first = executor.forward(PROGRAM, *given[:2], keep=True)
    other = executor.forward(PROGRAM, *(-array for array in given[:2]), keep=True)
    assert executor.forward(PROGRAM, *given[:2]).residual is None
    wanted = executor.vjp(PROGRAM, *given)
    for attribute in ("values", "slopes"):
        monkeypatch.delattr(runner.Work, attribute)
    for _ in range(2):  # nothing is used up
        found = executor.vjp(PROGRAM, *given, residual=first.residual)
        np.testing.assert_array_equal(found.weights, wanted.weights)
        np.testing.assert_array_equal(found.inputs_BD, wanted.inputs_BD)
    wrong = executor.vjp(PROGRAM, *given, residual=other.residual)
    assert np.abs(wrong.weights - wanted.weights).max() > 1e-3  # it is what was kept that counts


def test_more_than_fits_is_made_anew(monkeypatch):
    executor, given = NoisyExecutor(NOISE), arguments()
    kept = executor.forward(PROGRAM, *given[:2], keep=True).residual
    monkeypatch.setattr(runner, "KEPT_BYTES", sum(store.nbytes for store in kept.stores.values()) - 1)
    less = executor.forward(PROGRAM, *given[:2], keep=True).residual
    assert less.stores is None
    found, wanted = executor.vjp(PROGRAM, *given, residual=less), executor.vjp(PROGRAM, *given)
    np.testing.assert_array_equal(found.weights, wanted.weights)


def test_a_residual_of_something_else_is_left_alone():
    executor, given, short = NoisyExecutor(NOISE), arguments(), arguments(dtype="float32")
    residual = executor.forward(PROGRAM, *given[:2], keep=True).residual
    half = tuple(array[:3] if array.ndim > 1 else array for array in given)
    for asked in (short, half):
        found, wanted = executor.vjp(PROGRAM, *asked, residual=residual), executor.vjp(PROGRAM, *asked)
        np.testing.assert_array_equal(found.weights, wanted.weights)
    again = angle(3) + sel(3, depth=1)
    found = executor.vjp(again, *arguments(program=again), residual=residual)
    np.testing.assert_array_equal(found.weights, executor.vjp(again, *arguments(program=again)).weights)


def test_checkpoints_change_nothing(monkeypatch):
    program = angle(2) + sel(2, depth=9)
    inputs, weights, cotangent = arguments(program=program)
    whole = NoisyExecutor(NOISE).vjp(program, inputs, weights, cotangent)
    plan = plan_of(program, NOISE)
    least = runner.cut_of(plan, 0)
    assert least.n_kept > 1
    assert runner.cut_of(plan).n_kept == 0
    assert runner.bytes_of(plan, least) < runner.bytes_of(plan, runner.cut_of(plan))
    monkeypatch.setattr(runner.cut_of, "__defaults__", (0,))
    parts = NoisyExecutor(NOISE).vjp(program, inputs, weights, cotangent)
    assert np.abs(parts.weights - whole.weights).max() < 1e-14


def test_readout_errors_act_on_what_is_read():
    noise = NoiseModel(readout=(ReadoutError(0.1, 0.3, 0), ReadoutError(0.0, 0.2, 1)))
    flipped = Program(2, (Gate("PauliX", (0,)),))
    none = np.zeros((1, 0)), np.zeros(0)
    assert np.allclose(NoisyExecutor(noise).forward(flipped, *none).values_BK, [[-0.4, 1.0]])
    read = flipped.with_readout(Probabilities((1, 0)))
    assert np.allclose(NoisyExecutor(noise).forward(read, *none).values_BK, [[0.3, 0.7, 0, 0]])


@pytest.mark.parametrize("slopes", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_ten_qubits_in_a_shallow_circuit(slopes):
    program = angle(10) + basic(10, depth=1)
    inputs, weights, cotangent = arguments(2, "float32", program)
    exact = NoisyExecutor(NoiseModel()).forward(program, inputs, weights).values_BK
    assert np.abs(exact - executor_named("engine_cpu").forward(program, inputs, weights).values_BK).max() < 1e-5
    if not slopes:
        return
    assert np.isfinite(NoisyExecutor(NOISE).vjp(program, inputs, weights, cotangent).weights).all()


def test_what_cannot_be_run_is_refused(monkeypatch):
    ok, wide = arguments(), angle(11) + basic(11)
    refused = {
        "at most 10": lambda: NoisyExecutor(NOISE).forward(wide, *arguments(1, program=wide)[:2]),
        "on 3 wires": lambda: NoisyExecutor(NOISE).forward(
            Circuit(3).add("Toffoli", [0, 1, 2]).build(), np.zeros((1, 0)), np.zeros(0)
        ),
        "depend on inputs": lambda: NoisyExecutor(NOISE).forward(
            Program(1, (Gate("Amplitudes", (0,), (input_slot(0), 1.0)),), n_inputs=1), np.ones((1, 1)), np.zeros(0)
        ),
    }
    for message, ask in refused.items():
        with pytest.raises(CapabilityError, match=message):
            ask()
    monkeypatch.setenv("QML_MEMORY_GIB", "0.0001")
    with pytest.raises(CapabilityError, match="mixed states of 3 wires"):
        NoisyExecutor(NOISE).vjp(PROGRAM, *ok)
    monkeypatch.delenv("QML_MEMORY_GIB")
    with pytest.raises(ShapeError, match="cotangent"):
        NoisyExecutor(NOISE).vjp(PROGRAM, *ok[:2], ok[2][:, :1])
    with pytest.raises(ShapeError, match="one dtype"):
        NoisyExecutor(NOISE).forward(PROGRAM, ok[0], ok[1].astype(np.float32))
    for wrong in ({"dtype": "float16"}, {"threads": 0}, {"noise": "fake_manilla"}):
        with pytest.raises(ConfigError):
            NoisyExecutor(**wrong)
    with pytest.raises(ConfigError, match="left out where they differ"):
        NoisyExecutor("fake_manila", target=Target("other", 7, ("RZ", "SX", "CNOT")))


def test_more_wires_than_it_holds_are_counted_where_they_act():
    """A machine may be wide; what counts is what acts on what is read."""
    machine = Target("ring", 12, ("RY", "CNOT"), tuple((wire, (wire + 1) % 12) for wire in range(12)))
    executor = NoisyExecutor(NOISE, target=machine)
    gates = [Gate("RY", (wire,), (input_slot(0),)) for wire in range(12)]
    chain = [Gate("CNOT", (wire, wire + 1)) for wire in range(11)]
    one = np.ones((1, 1)), np.zeros(0)
    near = Program(12, (*gates, *chain), z_each([1]), n_inputs=1)
    assert executor.native(near).gates[12:] == near.gates[12:]
    assert abs(executor.forward(near, *one).values_BK[0, 0]) < 1
    with pytest.raises(CapabilityError, match="acts on 12 wires"):
        executor.forward(near.with_readout(z_each([11])), *one)


def test_is_a_value():
    executor = NoisyExecutor(NOISE)
    assert pickle.loads(pickle.dumps(executor)) == executor  # noqa: S301
    assert executor_named("noisy") == NoisyExecutor(noise_named("none"))
    assert not executor.capabilities.second_order
    assert executor.capabilities.exact
