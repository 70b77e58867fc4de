# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
"""Braket's local simulators: exact probabilities and drawn shots of bindings of one text a measurement setting."""

import numpy as np
from braket.default_simulator import DensityMatrixSimulator, StateVectorSimulator
from braket.devices import LocalSimulator
from braket.ir.openqasm import Program
from braket.program_sets import ProgramSet


class LocalRefusedError(Exception):
    """What a local simulator cannot do."""


class SeededStateVector(StateVectorSimulator):
    """Its simulator of state vectors, drawing shots from a generator that is handed in."""

    draws = None

    def initialize_simulation(self, **options):
        """A simulation whose draws are ours."""
        simulation = super().initialize_simulation(**options)
        if self.draws is not None:
            simulation._rng_generator = self.draws
        return simulation


class SeededDensityMatrix(DensityMatrixSimulator):
    """Its simulator of density matrices, drawing shots from a generator that is handed in."""

    draws = None

    def initialize_simulation(self, **options):
        """A simulation whose draws are ours."""
        simulation = super().initialize_simulation(**options)
        if self.draws is not None:
            simulation._rng_generator = self.draws
        return simulation


SIMULATORS = {"braket_sv": SeededStateVector, "braket_dm": SeededDensityMatrix}


def _device(asked, seed=None):
    for text in asked["texts"]:
        if "adjoint_gradient" in text:
            raise LocalRefusedError(
                "adjoint_gradient was asked of a local simulator, which returns the expectation value in place of the "
                "gradient; leave it out"
            )
    simulator = SIMULATORS[asked["simulator"]]()
    simulator.draws = None if seed is None else np.random.default_rng(seed)
    return LocalSimulator(simulator)


def exact(asked, arrays):
    """Probabilities `(T, R, O)` of the outcomes of each text and binding, `T` texts measuring as many qubits.

    `asked`: simulator, texts, names of the inputs; `arrays`: "values" `(R, N)`, one column a name.
    """
    device, names, values = _device(asked), asked["names"], arrays["values"]
    shares = [[_shares(device, text, names, row) for row in values] for text in asked["texts"]]
    sizes = [len(rows[0]) for rows in shares]
    padded = np.zeros((len(shares), len(values), max(sizes)))
    for place, rows in enumerate(shares):
        padded[place, :, : sizes[place]] = rows
    return padded


def _shares(device, text, names, row):
    inputs = dict(zip(names, map(float, row), strict=True))
    result = device.run(Program(source=text, inputs=inputs), shots=0).result()
    (shares,) = result.values
    return np.asarray(shares)


def sampled(asked, arrays):
    """Outcomes of all bindings of all texts as one program set: bits of each, and the qubits that were measured."""
    device = _device(asked, arrays["seed"].tolist())
    programs = programs_of(asked["texts"], asked["names"], arrays["values"])
    task = device.run(ProgramSet(programs, shots_per_executable=asked["shots"]))
    return measured([entry for entries in task.result() for entry in entries], len(asked["texts"]))


def programs_of(texts, names, values):
    """One Program a text with a list of values for each input; without inputs the text once a row."""
    if not names:
        return [Program(source=text) for text in texts for _ in values]
    inputs = {name: values[:, place].tolist() for place, name in enumerate(names)}
    return [Program(source=text, inputs=inputs) for text in texts]


def measured(entries, n_texts):
    """Bits `(R, S, M)` and qubits `(M,)` of each text, as `bits0`, `qubits0`, `bits1` ...; `R` entries a text."""
    found, n_rows = {}, len(entries) // n_texts
    for place in range(n_texts):
        mine = entries[place * n_rows : (place + 1) * n_rows]
        found[f"bits{place}"] = np.stack([np.asarray(entry.measurements, np.uint8) for entry in mine])
        found[f"qubits{place}"] = np.asarray(mine[0].measured_qubits, np.int64)
    return found
