"""Registered is tested: every encoding, ansatz, readout, circuit and executor keeps the promises of its noun."""

import pytest

from qml.backends import BACKENDS, EXECUTORS, backend_named, executor_named
from qml.circuits import ANSATZE, CIRCUITS, ENCODINGS, READOUTS, angle, basic, sel
from qml.contracts import check_backend, check_executor, check_layer, check_layers, check_source
from qml.data import make_source
from qml.layers.jax import circuit
from qml.layers.torch import CircuitLayer

N_QUBITS = 2
PROGRAMS = {f"encoding {name}": make(N_QUBITS) + basic(N_QUBITS, depth=1) for name, make in ENCODINGS.items()}
PROGRAMS |= {f"ansatz {name}": angle(N_QUBITS) + make(N_QUBITS, 1) for name, make in ANSATZE.items()}
PROGRAMS |= {
    f"readout {name}": (angle(N_QUBITS) + sel(N_QUBITS, depth=1)).with_readout(make(N_QUBITS))
    for name, make in READOUTS.items()
}
PROGRAMS |= {f"circuit {name}": make(N_QUBITS, 1) for name, make in CIRCUITS.items()}
QUICK = ["encoding angle"]  # JAX compiles for seconds


@pytest.fixture(scope="module")
def reports():
    """A report on the torch layer of each Program; the two processes of DDP serve all."""
    return check_layers({name: CircuitLayer(program, seed=3) for name, program in PROGRAMS.items()})


@pytest.mark.parametrize("name", PROGRAMS)
def test_torch_layer(reports, name):
    report = reports[name].raise_if_failed()
    assert len(report.names("passed")) == 14, report
    assert report.findings[-2].reason == "one graph"


@pytest.mark.parametrize("name", QUICK)
def test_jax_pair(name):
    passes_everything(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in QUICK])
def test_jax_pair_of_the_others(name):
    passes_everything(name)


def passes_everything(name):
    report = check_layer(circuit(PROGRAMS[name])).raise_if_failed()
    assert not report.names("not applicable"), report


@pytest.mark.parametrize("name", EXECUTORS)
def test_executor(name):
    executor = executor_named(name)
    check_executor(executor, n_qubits=3 if executor.capabilities.name == "engine_cpu" else 2).raise_if_failed()


SERVICES = ("ibm", "braket")  # behind an account; their rooms run them against servers of their own
NOISY = ("fake_ibm",)  # not to be compared with exact values; asked in its own room


@pytest.mark.parametrize("name", [name for name in BACKENDS if name not in (*SERVICES, *NOISY)])
def test_backend(name):
    check_backend(backend_named(name)).raise_if_failed()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["density_matrix", "matrix_product_state"])
def test_methods_of_aer(method):
    check_backend(backend_named("aer", method=method)).raise_if_failed()


@pytest.mark.parametrize("name", ["digits", "diabetes"])
def test_built_in_source(name):
    check_source(make_source(name)).raise_if_failed()
