"""Qiskit's primitives on an Executor, against Qiskit's own: values, shapes, noise, samples, derivatives, refusals."""

from dataclasses import dataclass

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import real_amplitudes, zz_feature_map
from qiskit.primitives import BaseEstimatorV2, BaseSamplerV2, StatevectorEstimator, StatevectorSampler
from qiskit.quantum_info import Pauli, SparsePauliOp, Statevector

from qml.backends import Capabilities, executor_named
from qml.backends.qiskit_circuits import KnownCircuits
from qml.backends.qiskit_estimator import EngineEstimator
from qml.backends.qiskit_jacobian import gradients
from qml.backends.qiskit_sampler import EngineSampler
from qml.backends.reference import ReferenceExecutor
from qml.base.errors import CapabilityError, ConfigError, DataError, ProgramError, ShapeError

EXECUTORS = ["reference", "engine_cpu"]
THREE = SparsePauliOp(["ZII", "XYI", "IIZ"], [0.5, -1.0, 2.0])


def qnn_circuit(n_qubits=3):
    return zz_feature_map(n_qubits, reps=1).compose(real_amplitudes(n_qubits, reps=1))


@dataclass(frozen=True)
class Counted(ReferenceExecutor):
    """Remembers what it was asked."""

    calls: list

    def forward(self, program, inputs_BD, weights, **options):
        self.calls.append((inputs_BD.shape, program.n_values))
        return super().forward(program, inputs_BD, weights, **options)


SHAPES = {  # parameter values, observables
    "one": ((), ()),
    "bindings": ((4,), ()),
    "observables": ((), (3,)),
    "zipped": ((3,), (3,)),
    "table": ((4, 1), (3,)),
    "deep": ((2, 1, 4), (3, 1)),
    "nothing": ((0,), ()),
}


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(("bindings", "observables"), SHAPES.values(), ids=SHAPES)
def test_values_and_shapes_are_those_of_qiskit(executor, bindings, observables):
    circuit = qnn_circuit()
    values = np.random.default_rng(0).normal(size=(*bindings, circuit.num_parameters))
    every = [THREE, Pauli("XZY"), "IIZ"]
    chosen = THREE if observables == () else [every[n] if len(observables) == 1 else [every[n]] for n in range(3)]
    pub = (circuit, chosen, values)
    ours = EngineEstimator(executor=executor).run([pub]).result()[0]
    theirs = StatevectorEstimator().run([pub]).result()[0]
    assert ours.data.evs.shape == theirs.data.evs.shape == np.broadcast_shapes(bindings, observables)
    np.testing.assert_allclose(ours.data.evs, theirs.data.evs, atol=1e-12)
    assert ours.data.stds.shape == ours.data.evs.shape
    assert not ours.data.stds.any()


def test_the_comparison_can_fail():
    circuit = qnn_circuit()
    values = np.random.default_rng(0).normal(size=(2, circuit.num_parameters))
    run = EngineEstimator(executor="reference").run
    ours = run([(circuit, "ZII", values), (circuit, "IIZ", values)]).result()
    assert np.abs(ours[0].data.evs - ours[1].data.evs).max() > 0.01  # bit order
    assert np.abs(ours[0].data.evs - ours[0].data.evs[::-1]).max() > 0.01  # order of bindings


def test_parameters_by_name_and_circuits_without():
    a, b = Parameter("b"), Parameter("a")  # Qiskit sorts by name
    circuit = QuantumCircuit(1)
    circuit.ry(a, 0)
    circuit.rz(b, 0)
    named = {("a", "b"): [[0.1, 0.2], [0.3, 0.4]]}
    fixed = circuit.assign_parameters([0.1, 0.2])
    results = EngineEstimator(executor="reference").run([(circuit, "X", named), (fixed, ["X", "Y"])]).result()
    expected = StatevectorEstimator().run([(circuit, "X", named), (fixed, ["X", "Y"])]).result()
    for ours, theirs in zip(results, expected, strict=True):
        np.testing.assert_allclose(ours.data.evs, theirs.data.evs, atol=1e-12)


def test_pubs_with_one_circuit_are_one_call():
    circuit = qnn_circuit()
    rng = np.random.default_rng(1)
    values = rng.normal(size=(5, circuit.num_parameters))
    shifted = [values[0] + shift for shift in np.eye(circuit.num_parameters)]
    executor = Counted([])
    estimator = EngineEstimator(executor=executor)
    pubs = [(circuit, observable, values) for observable in ("ZII", "IZI", "XXX")]
    results = estimator.run(pubs).result()
    assert executor.calls == [((5, circuit.num_parameters), 3)]
    expected = StatevectorEstimator().run(pubs).result()
    for ours, theirs in zip(results, expected, strict=True):
        np.testing.assert_allclose(ours.data.evs, theirs.data.evs, atol=1e-12)
    executor.calls.clear()
    estimator.run([(circuit, "ZII", row) for row in shifted]).result()
    assert executor.calls == [((len(shifted), circuit.num_parameters), 1)]


def test_a_circuit_that_was_changed_is_read_again():
    circuit = QuantumCircuit(1)
    circuit.x(0)
    estimator = EngineEstimator(executor="reference")
    assert estimator.run([(circuit, "Z")]).result()[0].data.evs == -1
    circuit.x(0)
    assert estimator.run([(circuit, "Z")]).result()[0].data.evs == 1
    known = KnownCircuits()
    assert known.circuit(circuit) is known.circuit(circuit.copy())


def test_idle_qubits_of_a_large_machine_cost_nothing():
    circuit = QuantumCircuit(100)
    circuit.h(80)
    circuit.cx(80, 3)
    observable = SparsePauliOp.from_sparse_list([("ZZ", [3, 80], 1.0), ("Z", [3], 1.0)], 100)
    assert EngineEstimator(executor="reference").run([(circuit, observable)]).result()[0].data.evs == pytest.approx(1)
    circuit.measure_all()
    counts = EngineSampler(executor="reference", seed=1, shots=50)
    with pytest.raises(CapabilityError, match="100 qubits"):
        counts.run([circuit])


def test_precision_is_a_target_unless_the_estimator_adds_noise():
    circuit = qnn_circuit()
    pub = (circuit, [["ZII"], ["XXI"]], np.random.default_rng(2).normal(size=(3000, circuit.num_parameters)))
    exact = EngineEstimator(executor="reference")
    true = exact.run([pub]).result()[0].data.evs
    asked = exact.run([pub], precision=0.1).result()[0]
    np.testing.assert_array_equal(asked.data.evs, true)
    assert asked.metadata["target_precision"] == 0.1
    assert asked.metadata["exact"]
    noisy = EngineEstimator(precision=0.05, executor="reference", seed=3)
    results = noisy.run([pub, pub, (*pub, 0.2)]).result()
    for result, precision in zip(results, (0.05, 0.05, 0.2), strict=True):
        assert (result.data.evs - true).std() == pytest.approx(precision, rel=0.05)
        np.testing.assert_array_equal(result.data.stds, np.full(true.shape, precision))
        assert not result.metadata["exact"]
    assert np.abs(results[0].data.evs - results[1].data.evs).max() > 0.01
    again = noisy.run([pub]).result()[0].data.evs
    np.testing.assert_array_equal(again, results[0].data.evs)


def test_they_are_what_qiskit_calls_them():
    assert isinstance(EngineEstimator(executor="reference"), BaseEstimatorV2)
    assert isinstance(EngineSampler(executor="reference"), BaseSamplerV2)
    circuit = QuantumCircuit(1, metadata={"name": "mine"})
    result = EngineEstimator(executor="reference").run([(circuit, "Z")]).result()
    assert result.metadata == {"version": 2}
    assert result[0].metadata["circuit_metadata"] == {"name": "mine"}


@pytest.mark.parametrize("executor", EXECUTORS)
def test_derivatives_are_differences(executor):
    circuit = qnn_circuit()
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(4, circuit.num_parameters))
    observables = [THREE, SparsePauliOp("XXI"), THREE, SparsePauliOp("ZZZ")]
    groups = [list(circuit.parameters), list(circuit.parameters)[::-1], [circuit.parameters[2]], []]
    found = gradients(executor_named(executor), KnownCircuits(), [circuit] * 4, observables, rows, groups)

    def value(row, observable):
        return Statevector(circuit.assign_parameters(row)).expectation_value(observable).real

    step = 1e-5
    for row, observable, group, slopes in zip(rows, observables, groups, found, strict=True):
        for parameter, slope in zip(group, slopes, strict=True):
            shift = step * (np.array(circuit.parameters) == parameter)
            expected = (value(row + shift, observable) - value(row - shift, observable)) / (2 * step)
            assert slope == pytest.approx(expected, abs=1e-8)
        assert len(slopes) == len(group)


def test_derivatives_refuse_what_does_not_fit():
    circuit = qnn_circuit()
    row = np.zeros(circuit.num_parameters)
    executor, known = executor_named("reference"), KnownCircuits()
    with pytest.raises(ShapeError, match="give as many of each"):
        gradients(executor, known, [circuit], [THREE, THREE], [row], [[]])
    with pytest.raises(ShapeError, match=r"has 9 parameters; got rows of \[8\] values"):
        gradients(executor, known, [circuit], [THREE], [row[:-1]], [[]])
    with pytest.raises(ShapeError, match=r"has no parameter z; it has \['x\[0\]'"):
        gradients(executor, known, [circuit], [THREE], [row], [[Parameter("z")]])
    with pytest.raises(ProgramError, match="acts on 2 qubits and the circuit has 3"):
        gradients(executor, known, [circuit], [SparsePauliOp("ZZ")], [row], [[]])
    with pytest.raises(DataError, match="not all finite"):
        gradients(executor, known, [circuit], [THREE], [row * np.nan], [[]])


@dataclass(frozen=True)
class Estimates(ReferenceExecutor):
    """An executor whose values are estimates."""

    @property
    def capabilities(self):
        return Capabilities("guesses", exact=False, max_qubits=2)


def test_bad_input_is_refused_before_the_job():
    circuit = qnn_circuit()
    n = circuit.num_parameters
    estimator = EngineEstimator(executor="reference")
    with pytest.raises(ValueError, match="inconsistent with last dimension"):
        estimator.run([(circuit, "ZII", np.zeros(n - 1))])
    with pytest.raises(ValueError, match="number of values \\(0\\)"):
        estimator.run([(circuit, "ZII")])
    with pytest.raises(ValueError, match="not broadcastable"):
        estimator.run([(circuit, ["ZII", "IIZ"], np.zeros((3, n)))])
    with pytest.raises(ValueError, match="number of qubits"):
        estimator.run([(circuit, "ZZ", np.zeros(n))])
    with pytest.raises(DataError, match="PUB 1 holds parameter values that are not finite"):
        estimator.run([(circuit, "ZII", np.zeros(n)), (circuit, "ZII", np.full(n, np.inf))])
    with pytest.raises(CapabilityError, match="20 qubits; it runs at most 14"):
        estimator.run([(QuantumCircuit(20), "Z" * 20)])
    middle = QuantumCircuit(1, 1)
    middle.measure(0, 0)
    middle.x(0)
    with pytest.raises(ProgramError, match="follows a measurement"):
        estimator.run([(middle, "Z")])
    for precision in (-0.1, float("nan"), "fine"):
        with pytest.raises(ConfigError, match="precision of 0 or more"):
            EngineEstimator(precision=precision)
    with pytest.raises(CapabilityError, match="'guesses' estimates its own"):
        EngineEstimator(executor=Estimates())


@pytest.mark.parametrize("executor", EXECUTORS)
def test_samples_have_the_distribution_and_shape_of_qiskit(executor):
    theta = ParameterVector("t", 2)
    first, second = ClassicalRegister(2, "first"), ClassicalRegister(9, "second")
    circuit = QuantumCircuit(QuantumRegister(3), first, second)
    circuit.ry(theta[0], 0)
    circuit.cx(0, 1)
    circuit.rx(theta[1], 2)
    circuit.measure([0, 2], [1, 0])
    circuit.measure(1, 10)
    values = np.random.default_rng(5).normal(size=(2, 3, 2))
    ours = EngineSampler(executor=executor, shots=4000, seed=6).run([(circuit, values)]).result()[0].data
    theirs = StatevectorSampler(seed=7).run([(circuit, values)], shots=4000).result()[0].data
    for name in ("first", "second"):
        mine, other = ours[name], theirs[name]
        assert (mine.shape, mine.num_shots, mine.num_bits) == (other.shape, other.num_shots, other.num_bits)
        for place in np.ndindex(2, 3):
            counts, expected = mine.get_counts(place), other.get_counts(place)
            for outcome in {*counts, *expected}:
                assert counts.get(outcome, 0) == pytest.approx(expected.get(outcome, 0), abs=200)


def test_samples_are_a_function_of_seed_pub_and_binding():
    circuit = QuantumCircuit(2)
    circuit.h([0, 1])
    circuit.measure_all()

    def drawn(seed, count=1, shots=64):
        results = EngineSampler(executor="reference", seed=seed).run([circuit] * count, shots=shots).result()
        return [result.data.meas.array.tolist() for result in results]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert drawn(1, 2)[0] == drawn(1)[0]
    assert drawn(1, 2)[0] != drawn(1, 2)[1]
    assert drawn(None) != drawn(None)
    assert len(drawn(1, shots=7)[0]) == 7


def test_sampler_refusals():
    sampler = EngineSampler(executor="reference")
    with pytest.raises(ProgramError, match="PUB 0 measures no qubit"):
        sampler.run([QuantumCircuit(1)])
    theta = Parameter("t")
    circuit = QuantumCircuit(1)
    circuit.rx(theta, 0)
    circuit.measure_all()
    with pytest.raises(ValueError, match="number of values"):
        sampler.run([circuit])
    with pytest.raises(DataError, match="not finite"):
        sampler.run([(circuit, [np.nan])])
    for shots in (0, 1.5, True):
        with pytest.raises(ConfigError, match="shots are a whole number"):
            EngineSampler(shots=shots)
    with pytest.raises(ConfigError, match="a seed is a whole number from 0"):
        EngineSampler(seed=-1)
    with pytest.raises(CapabilityError, match="draws no samples"):
        EngineSampler(executor=Estimates())
