"""Bad input, through every door: refused in words that help, before anything is computed or allocated."""

import os
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest

from qml import study
from qml.backends import executor_named
from qml.backends.engine import EngineExecutor
from qml.backends.propagation import PropagationExecutor
from qml.backends.shifts import ShiftedExecutor
from qml.base.errors import CapabilityError, ConfigError, DataError, ProgramError, QmlError, ShapeError
from qml.circuits import Probabilities, angle, hardware_efficient, reupload, sel
from qml.engine import reference

PROGRAM = angle(4) + sel(4, depth=2)
WIDE = angle(60) + hardware_efficient(60, depth=1)
MANY = angle(28) + hardware_efficient(28, depth=1)
BAD = (np.nan, np.inf, -np.inf)
EXECUTORS = {
    "engine": EngineExecutor(),
    "reference": executor_named("reference"),
    "shifted": ShiftedExecutor(),
    "propagation": PropagationExecutor(),
}


def arrays(program=PROGRAM, rows=3, dtype=np.float32):
    draw = np.random.default_rng(0)
    inputs, weights = draw.uniform(-1, 1, (rows, program.n_inputs)), draw.uniform(-1, 1, program.n_weights)
    return inputs.astype(dtype), weights.astype(dtype)


# ------------------------------------------------------------------------------------------------ too many qubits
def every_door(program, rows):
    """What runs a Program on so many rows, by name; none of these has run anything yet."""
    inputs, weights = np.zeros((rows, program.n_inputs), np.float32), np.zeros(program.n_weights, np.float32)
    engine, given = EngineExecutor(), (program, inputs, weights)
    return {
        "forward": partial(engine.forward, *given),
        "vjp": partial(engine.vjp, *given, np.zeros((rows, program.n_values), np.float32)),
        "states": partial(engine.states, *given),
        "tangents": partial(engine.tangents, *given),
        "sample": partial(engine.sample, *given, 10, seed=1),
        "study.states": partial(study.states, *given),
        "study.quantum_fisher": partial(study.quantum_fisher, *given),
        "study.jacobian": partial(study.jacobian, *given),
        "study.fidelity_gram": partial(study.fidelity_gram, program, inputs, weights=weights),
        "torch": partial(_torch_layer, program),
        "jax": partial(_jax_pair, program),
        "pennylane": partial(_pennylane, program.n_qubits),
        "qiskit": partial(_qiskit, program.n_qubits),
    }


def _torch_layer(program):
    pytest.importorskip("torch")
    from qml.layers.torch import CircuitLayer

    return CircuitLayer(program)


def _jax_pair(program):
    pytest.importorskip("jax")
    from qml.layers.jax import circuit

    return circuit(program)


def _pennylane(n_qubits, rows=None):
    qp = pytest.importorskip("pennylane")

    @qp.qnode(qp.device("qml.engine", wires=n_qubits))
    def node(x):
        for wire in range(n_qubits):
            qp.RX(x, wire)
        return qp.expval(qp.PauliZ(0)) if rows is None else qp.state()

    return node(0.1 if rows is None else np.linspace(0, 1, rows))


def _qiskit(n_qubits):
    qiskit = pytest.importorskip("qiskit")
    from qiskit.quantum_info import SparsePauliOp

    from qml.backends.qiskit_estimator import EngineEstimator

    circuit = qiskit.QuantumCircuit(n_qubits)
    return EngineEstimator().run([(circuit, SparsePauliOp("Z" * n_qubits))]).result()


def peak_bytes():
    resource = pytest.importorskip("resource")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.parametrize("door", every_door(WIDE, 1))
def test_sixty_qubits_are_refused_with_the_figure_and_the_limit(door):
    ask = every_door(WIDE, 2)[door]
    _refused(ask, r"60 qubits.*GiB.*GiB.*at most \d\d")


@pytest.mark.parametrize("door", ["states", "tangents", "study.states"])
def test_states_of_many_rows_are_refused_before_they_are_made(door, monkeypatch):
    monkeypatch.setenv("QML_MEMORY_GIB", "16")
    _refused(every_door(MANY, 34)[door], r"34 states of 28 qubits.* GiB of memory; 16\.0 GiB")


def test_states_of_many_rows_through_pennylane(monkeypatch):
    monkeypatch.setenv("QML_MEMORY_GIB", "16")
    _refused(partial(_pennylane, 28, 34), r"34 states of 28 qubits.* GiB of memory; 16\.0 GiB")


def _refused(ask, words):
    """A `CapabilityError` with these words, at once and without memory."""
    with pytest.raises(CapabilityError):
        ask()  # packages are imported, tables of small things are made
    before, started = peak_bytes(), time.perf_counter()
    with pytest.raises(CapabilityError, match=words):
        ask()
    assert time.perf_counter() - started < 1
    assert peak_bytes() - before < 64 << 20


# ------------------------------------------------------------------------------------------------ weights
@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", EXECUTORS)
@pytest.mark.parametrize("sets", ["one", "a set a row"])
def test_executors_refuse_weights_that_are_not_finite(name, bad, sets):
    executor, (inputs, weights) = EXECUTORS[name], arrays()
    weights[5] = weights[9] = bad
    where = r"2 of the 24 weights .*'weights'\[0, 1, 2\] = "
    if sets != "one":
        weights = np.stack([arrays()[1], weights, weights])
        where = r"4 of the 72 weights .*'weights'\[0, 1, 2\] of row 1 = "
    cotangent = np.ones((3, 4), np.float32)
    asks = [executor.forward, partial(executor.vjp, cotangent_BK=cotangent)]
    if executor.capabilities.states:
        asks += [executor.states, executor.tangents, partial(executor.sample, shots=10, seed=1)]
    for ask in asks:
        with pytest.raises(DataError, match=where):
            ask(PROGRAM, inputs, weights)


@pytest.mark.parametrize("bad", BAD)
def test_so_do_few_rows_of_many_qubits(bad):
    program = angle(14) + hardware_efficient(14, depth=1)
    inputs, weights = arrays(program, rows=1)
    weights[0] = bad
    with pytest.raises(DataError, match="not finite"):
        EngineExecutor().forward(program, inputs, weights)


def test_weights_that_no_turn_reads_as_they_are_count_too():
    program = reupload(2, n_inputs=3, depth=2)
    inputs, weights = arrays(program)
    weights[-1] = np.nan
    with pytest.raises(DataError, match="not finite"):
        EngineExecutor().forward(program, inputs, weights)


def test_large_finite_weights_are_none_of_these():
    inputs, weights = arrays()
    weights[0] = 3e38
    assert EngineExecutor().forward(PROGRAM, inputs, weights).values_BK.shape == (3, 4)


def test_study_refuses_them():
    inputs, weights = arrays(dtype=np.float64)
    weights[3] = np.nan
    for ask in (study.states, study.quantum_fisher, study.fisher_information, study.jacobian):
        with pytest.raises(DataError, match="not finite"):
            ask(PROGRAM, inputs, weights)
    for ask in (study.fidelity_gram, study.projected_gram):
        with pytest.raises(DataError, match="not finite"):
            ask(PROGRAM, inputs, weights=weights)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("executor", [None, "reference", ShiftedExecutor()])
def test_jax_refuses_them_inside_and_outside_of_jit(bad, executor):
    jax = pytest.importorskip("jax")
    from qml.layers.jax import circuit

    pair = circuit(angle(3) + sel(3, depth=1), executor=executor)
    inputs, params = jax.numpy.ones((5, 3)), pair.init(0)
    spoilt = {"weights": params["weights"].at[0, 1, 2].set(bad)}

    def loss(params, inputs):
        return pair.apply(params, inputs).sum()

    with pytest.raises(DataError, match=r"1 of the 9 weights .*'weights'\[0, 1, 2\] = "):
        pair.apply(spoilt, inputs)
    for ask in (jax.jit(pair.apply), jax.jit(jax.grad(loss)), jax.grad(loss)):
        with pytest.raises((jax.errors.JaxRuntimeError, ValueError), match=r"not finite|NaN or infinite"):
            jax.block_until_ready(ask(spoilt, inputs))
        assert jax.numpy.isfinite(jax.tree.leaves(ask(params, inputs))[0]).all()


def test_jax_keeps_mapped_weights_in_their_rows():
    jax = pytest.importorskip("jax")
    from qml.layers.jax import circuit

    pair = circuit(angle(3) + sel(3, depth=1))
    sets = jax.numpy.stack([pair.init(seed)["weights"] for seed in range(3)]).at[1].set(jax.numpy.nan)
    values = jax.jit(jax.vmap(lambda w: pair.apply({"weights": w}, jax.numpy.ones((2, 3)))))(sets)
    assert jax.numpy.isnan(values).all(axis=(1, 2)).tolist() == [False, True, False]


# ------------------------------------------------------------------------------------------------ strides of NumPy
def layouts(array):
    """The same numbers as `array` `(B, N)`, laid out otherwise."""
    rows, columns = array.shape
    apart = np.full((2 * rows, 3 * columns), np.nan, array.dtype)
    apart[::2, ::3] = array
    return {
        "columns first": np.asfortranarray(array),
        "transposed": np.ascontiguousarray(array.T).T,
        "backwards": np.ascontiguousarray(array[::-1, ::-1])[::-1, ::-1],
        "sliced": apart[::2, ::3],
        "read only": _read_only(array),
        "unaligned": _unaligned(array),
    }


def _read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def _unaligned(array):
    raw = np.zeros(array.nbytes + 1, np.uint8)[1:]
    view = raw.view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


@pytest.mark.parametrize("layout", layouts(np.zeros((1, 1))))
@pytest.mark.parametrize("name", EXECUTORS)
def test_arrays_of_any_strides_give_the_same_values(name, layout):
    executor, (inputs, weights) = EXECUTORS[name], arrays(rows=5)
    cotangent = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
    found = [layouts(inputs)[layout], layouts(weights[None])[layout][0], layouts(cotangent)[layout]]
    _same(executor.forward(PROGRAM, *found[:2]), executor.forward(PROGRAM, inputs, weights))
    _same(executor.vjp(PROGRAM, *found), executor.vjp(PROGRAM, inputs, weights, cotangent))
    if executor.capabilities.states:
        assert np.array_equal(executor.states(PROGRAM, *found[:2]), executor.states(PROGRAM, inputs, weights))


def test_one_row_for_all_is_copied():
    inputs, weights = arrays(rows=1)
    many = np.broadcast_to(inputs, (5, 4))
    found = EngineExecutor().forward(PROGRAM, many, weights).values_BK
    assert np.array_equal(found, EngineExecutor().forward(PROGRAM, many.copy(), weights).values_BK)


def _same(found, wanted):
    for name in ("values_BK", "inputs_BD", "weights"):
        if (array := getattr(wanted, name, None)) is not None:
            np.testing.assert_array_equal(getattr(found, name), array)


@pytest.mark.parametrize("dtype", [np.float16, np.int64, np.complex64, np.float64, bool])
def test_executors_refuse_mixed_and_other_numbers(dtype):
    inputs, weights = arrays()
    with pytest.raises(QmlError, match="float32"):
        EngineExecutor().forward(PROGRAM, inputs.astype(dtype), weights)
    with pytest.raises(QmlError, match="float32"):
        EngineExecutor().forward(PROGRAM, inputs, weights.astype(dtype))


def test_executors_refuse_wrong_shapes():
    inputs, weights = arrays()
    for given in (
        (inputs[0], weights),
        (inputs, weights[:-1]),
        (inputs[:, :2], weights),
        (inputs, weights[None, None]),
    ):
        with pytest.raises(ShapeError, match="needs"):
            EngineExecutor().forward(PROGRAM, *given)
    with pytest.raises(ShapeError, match="cotangent"):
        EngineExecutor().vjp(PROGRAM, inputs, weights, np.ones((2, 4), np.float32))


# ------------------------------------------------------------------------------------------------ no Pauli form
def test_pennylane_observables_without_a_pauli_form_are_refused():
    qp = pytest.importorskip("pennylane")
    from qml.circuits.bridges.pennylane import from_pennylane

    def function(inputs):
        qp.RX(inputs[..., 0], 0)
        return qp.expval(qp.NumberOperator(0))

    with pytest.raises(CapabilityError, match=r"NumberOperator.*Pauli form"):
        qp.QNode(lambda: function(np.zeros(1)), qp.device("qml.engine", wires=1))()
    with pytest.raises(ProgramError, match=r"NumberOperator.*Pauli|Pauli.*NumberOperator"):
        from_pennylane(function, {}, n_inputs=1, n_qubits=1)


def test_qiskit_observables_without_a_pauli_form_are_refused():
    qiskit = pytest.importorskip("qiskit")
    from qiskit.quantum_info import SparsePauliOp

    from qml.circuits.bridges.qiskit import from_qiskit

    circuit = qiskit.QuantumCircuit(2)
    for observable in ("no observable", np.eye(3), SparsePauliOp(["ZZ"], [1j])):
        with pytest.raises(ProgramError, match=r"(?i)pauli|real"):
            from_qiskit(circuit, observables=[observable])


# ------------------------------------------------------------------------------------------------ instruction sets
@pytest.mark.parametrize("word", ["24", "avx9", "", "-64", "1024"])
def test_an_unknown_instruction_set_is_refused(word):
    """Asked in a process of its own: it is read once, when the engine is first imported."""
    text = "import sys, qml.engine.vector"
    environment = {**os.environ, "QML_VECTOR_BYTES": word}
    found = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, env=environment, check=False)
    assert found.returncode == 1
    last = found.stderr.strip().splitlines()[-1]
    assert "ConfigError" in last
    assert f"QML_VECTOR_BYTES is {word!r}; it must be 16, 32 or 64" in last


def test_an_unknown_gpu_is_refused(capsys):
    from qml.engine.gpu.report import main, rows

    with pytest.raises(ConfigError, match=r"'sm_91'.*sm_90"):
        list(rows(["sm_91"], [(4, 2)], ["float32"]))
    with pytest.raises(SystemExit):
        main(["--arch", "sm_91"])
    assert "invalid choice: 'sm_91'" in capsys.readouterr().err


def test_probabilities_of_too_many_wires_are_refused():
    program = (angle(20) + hardware_efficient(20, depth=1)).with_readout(Probabilities((0,)))
    inputs, weights = arrays(program, rows=1)
    with pytest.raises(CapabilityError, match="Probabilities"):
        PropagationExecutor().forward(program, inputs, weights)


def test_the_oracle_itself_sees_a_wrong_value():
    inputs, weights = arrays()
    found = EngineExecutor().forward(PROGRAM, inputs, weights).values_BK
    assert np.allclose(found, reference.values(PROGRAM, inputs, weights), atol=1e-5)
    assert not np.allclose(found, reference.values(PROGRAM, inputs[::-1], weights), atol=1e-5)
