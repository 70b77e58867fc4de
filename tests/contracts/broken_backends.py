"""Backends that break one promise each."""

from dataclasses import dataclass, replace

import numpy as np

from qml.backends.reference import ReferenceBackend
from qml.backends.transpiling import transpile
from qml.circuits import Expectations, PauliSum

BACKEND_FAULTS = {
    "values": "exact values of circuit sel",
    "spread": "sampled values of circuit sel",
    "readout": "exact values of readout probabilities",
    "row": "batch equals its rows",
    "order": "permuted rows",
    "empty": "empty batch",
    "seed": "equal seeds, equal draws",
    "same": "equal seeds, equal draws",
    "equal": "equal rows draw apart",
    "settings": "settings draw apart",
    "shots": "raw counts",
    "again": "one transpilation",
    "writes": "arguments left alone",
    "pickle": "pickle",
    "width": "refuses what is too wide",
    "nan": "refuses slots that are not finite",
    "zero": "refuses seed=0",
    "half": "refuses shots=1.5",
}


@dataclass(frozen=True)
class BrokenBackend:
    """The reference, with one fault."""

    fault: str

    @property
    def target(self):
        return replace(ReferenceBackend(4).target, name="broken")

    def __reduce__(self):
        return (BrokenBackend, ("values" if self.fault == "pickle" else self.fault,))

    def run(self, program, slots_RS, *, shots, seed):
        program, slots_RS, shots, seed = self._asked(program, slots_RS, shots, seed)
        outcome = ReferenceBackend(4).run(program, slots_RS, shots=shots, seed=seed)
        if self.fault == "settings" and len(outcome.counts) == 2:  # both drawn from the random numbers of the first
            whole = program.readout
            words = [PauliSum(((1.0, word),)) for _, word in whole.observables[0].terms]
            parts = [program.with_readout(Expectations((word,))) for word in words]
            ran = [ReferenceBackend(4).run(part, slots_RS, shots=shots, seed=seed).values_RK[:, 0] for part in parts]
            signs = np.array([[factor for factor, _ in one.terms] for one in whole.observables])
            outcome = replace(outcome, values_RK=np.stack(ran, axis=1) @ signs.T)
        values, n_rows = outcome.values_RK.copy(), len(slots_RS)
        if self.fault == "values" or (self.fault == "readout" and "Prob" in type(program.readout).__name__):
            values += 1e-3
        if self.fault == "row":
            values += 0.01 * n_rows
        if self.fault == "order":
            values += 0.01 * np.arange(n_rows)[:, None]
        if self.fault == "spread":
            outcome = replace(outcome, variance_RK=outcome.values_RK * 0 + 1e-12)
        if self.fault == "equal" and n_rows:
            values[:] = values[0]
        if self.fault == "shots" and outcome.counts:
            outcome = replace(outcome, counts=tuple(part.added(part) for part in outcome.counts))
        return replace(outcome, values_RK=values)

    def _asked(self, program, slots_RS, shots, seed):
        if self.fault == "writes":
            slots_RS += 1.0
        if self.fault == "empty" and not len(slots_RS):
            raise IndexError("no rows")
        if self.fault == "seed":
            seed = None if seed is None else int(np.random.default_rng().integers(1, 2**31))
        if self.fault == "same":
            seed = None if seed is None else 7
        if self.fault == "again":
            transpile(
                program,
                replace(self.target, gate_set=("RZ", "SX", "CNOT")),
                seed=int(np.random.default_rng().integers(1, 2**31)),
            )
        if self.fault == "width" and getattr(program, "n_qubits", 0) == 5:
            program = replace(program, n_qubits=1, readout=None)
        if self.fault == "nan":
            slots_RS = np.nan_to_num(slots_RS)
        if self.fault == "zero" and seed == 0:
            seed = 1
        if self.fault == "half" and shots == 1.5:
            shots = 1
        return program, slots_RS, shots, seed
