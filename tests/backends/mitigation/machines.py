"""A machine whose every error is known: depolarising behind gates on two wires, and confusion of what is read."""

import pickle
from dataclasses import dataclass, field, replace

import numpy as np

from qml.backends.backend import Limits, Outcome, Target
from qml.backends.counts import Counts
from qml.backends.measuring import basis_gates, outcome_of, settings_of
from qml.backends.reference import ReferenceBackend
from qml.backends.transpiling import is_native, transpile
from qml.circuits import Probabilities
from qml.circuits.slots import slots

NATIVE = ("RZ", "SX", "PauliX", "CNOT")
ERRORS = ((0.02, 0.06), (0.05, 0.01), (0.03, 0.09), (0.01, 0.04), (0.08, 0.02))


@dataclass(frozen=True)
class KnownBackend:
    """Dense and exact; what it does to a circuit follows from its fields alone.

    `kept` is the share of a state that each gate on two wires leaves, the rest being the uniform one; `errors` are
    (e0, e1) of each wire; `together` is the chance that the first two wires read are both flipped.
    """

    n_qubits: int = 3
    kept: float = 1.0
    errors: tuple = ERRORS
    together: float = 0.0
    gate_set: tuple = ()
    raw: bool = True
    limits: Limits = field(default=Limits())
    ran: list = field(default_factory=list, compare=False)

    @property
    def target(self):
        told = (self.kept, self.errors, self.together)
        return Target("known", self.n_qubits, self.gate_set, limits=self.limits, options=(("errors", told),))

    def run(self, program, slots_RS, *, shots, seed):
        if not is_native(program, self.target):
            native = transpile(program, self.target)
            slots_RS = slots(native, np.asarray(slots_RS, float), np.zeros(0))
            program = native
        self.ran.append((program, len(slots_RS), shots))
        rng = None if shots is None else np.random.default_rng(seed)
        counts = [self._read(program, slots_RS, setting, shots, rng) for setting in settings_of(program.readout)]
        if isinstance(program.readout, Probabilities) and shots is None:
            order = [sorted(program.readout.wires).index(wire) for wire in program.readout.wires]
            return Outcome(counts[0].of_bits(order).frequencies_RO())
        outcome = outcome_of(program.readout, counts, len(slots_RS))
        if shots is None:
            return Outcome(outcome.values_RK)
        return outcome if self.raw else Outcome(outcome.values_RK, outcome.variance_RK)

    def _read(self, program, slots_RS, setting, shots, rng):
        wires = setting.wires
        gates = (*program.gates, *basis_gates(setting))
        turned = replace(program, gates=gates, readout=Probabilities(wires))
        share = ReferenceBackend().run(turned, slots_RS, shots=None, seed=None).values_RK
        left = self.kept ** sum(len(gate.wires) > 1 for gate in program.gates)
        share = left * share + (1 - left) / share.shape[1]
        if len(wires) > 1:
            both = 3 << len(wires) - 2
            share = (1 - self.together) * share + self.together * share[:, np.arange(share.shape[1]) ^ both]
        matrix = np.eye(1)
        for wire in wires:
            e0, e1 = self.errors[wire]
            matrix = np.kron(matrix, [[1 - e0, e1], [e0, 1 - e1]])
        share = share @ matrix.T
        times = share if shots is None else rng.multinomial(shots, share / share.sum(1, keepdims=True))
        bits = np.arange(share.shape[1])[:, None] >> np.arange(len(wires))[::-1] & 1
        seen = times.ravel() > 0
        row = np.repeat(np.arange(len(share)), share.shape[1])[seen]
        return Counts(len(share), row, np.tile(bits, (len(share), 1))[seen].astype(np.uint8), times.ravel()[seen])


class ValuesOnly:
    """A machine that refuses to be run and says that it gives no outcomes."""

    target = Target("estimator", 3, counts=False)

    def run(self, *_, **__):
        raise RuntimeError("ran")


def copied(backend):
    """What another process gets of it."""
    return pickle.loads(pickle.dumps(backend))  # noqa: S301
