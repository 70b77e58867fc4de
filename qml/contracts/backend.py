"""Does it run Programs as a machine should? Asked of any Backend, against the dense reference."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from qml.backends.backend import Backend, Outcome, Target
from qml.backends.measuring import settings_of
from qml.backends.reference import ReferenceBackend
from qml.backends.transpiling import is_native, transpilations, transpile
from qml.base.errors import CapabilityError, QmlError
from qml.circuits import CIRCUITS, READOUTS, Program
from qml.circuits.angle import Angle
from qml.circuits.gate import Gate
from qml.circuits.slots import slots
from qml.contracts.report import NotApplicable, Report, require, run_checks

ROWS = 4
SIGMAS = 6.0
SHOTS = 2000
SUMS = ["X0 + Z0", "X0 - Z0"]  # drawn from the same random numbers, one of them varies more than is told
REPEATS, FEW = 128, 100  # bindings and shots, of which a variance has a standard error of 13 %
WIDER = 1.6


def check_backend(
    backend: Backend, *, seed: int = 1, n_qubits: int = 2, ideal: bool = True, tolerance: float = 1e-7
) -> Report:
    """Check a Backend: values against the dense reference, shots against their variance, and what it must refuse.

    Exact values are compared within `tolerance`, values from shots within six standard deviations. Also asked: a batch
    equal to its rows and a permuted batch to the permuted values, an empty batch, equal seeds, independent draws of
    rows and of measurement settings, raw counts of the settings of the readout, a native Program run as it is written,
    one transpilation for any number of runs, arguments left alone, pickle, and refusals before anything runs.

    Args:
        backend: what to check; it is run some dozens of times.
        seed: of angles and shots.
        n_qubits: of the circuits.
        ideal: whether its gates and readings are exact; values of a noisy machine are not compared with the reference,
            and shots only with its own exact values, where it has these.
        tolerance: of exact values.

    Example:
        >>> from qml.backends import backend_named
        >>> check_backend(backend_named("reference")).ok
        True
    """
    case = _Case(backend, seed, n_qubits, ideal, tolerance)
    checks: list[tuple[str, Callable[[], Any]]] = [
        (f"{kind} values of {name}", partial(check, program))
        for name, program in case.programs.items()
        for kind, check in (("exact", case.exact_values), ("sampled", case.sampled_values))
    ]
    checks += [
        ("target", case.target_is_a_value),
        ("batch equals its rows", case.rows_alone),
        ("permuted rows", case.permuted),
        ("empty batch", case.empty_batch),
        ("equal seeds, equal draws", case.seeds),
        ("equal rows draw apart", case.rows_draw_apart),
        ("settings draw apart", case.settings_draw_apart),
        ("raw counts", case.counts),
        ("native Programs as they are", case.native),
        ("one transpilation", case.transpiles_once),
        ("arguments left alone", case.arguments_alone),
        ("pickle", case.pickles),
    ]
    checks += [(f"refuses {what}", partial(case.refuses, *asked)) for what, asked in case.refused().items()]
    return run_checks(f"backend {backend.target.name}", checks)


class _Case:
    """One Backend under check, with Programs to try it on."""

    def __init__(self, backend: Backend, seed: int, n_qubits: int, ideal: bool, tolerance: float):
        self.backend, self.seed, self.ideal, self.tolerance = backend, seed, ideal, tolerance
        self.target = backend.target
        self.random = np.random.default_rng(seed)
        self.programs = {f"circuit {name}": make(n_qubits, 1) for name, make in CIRCUITS.items()}
        self.first = CIRCUITS["sel"](n_qubits, 1)
        for name, readout in READOUTS.items():
            self.programs[f"readout {name}"] = self.first.with_readout(readout(n_qubits))

    def angles(self, program: Program, rows: int = ROWS) -> np.ndarray:
        """Slots of random inputs and weights."""
        inputs = self.random.uniform(-1.2, 1.5, (rows, program.n_inputs))
        return slots(program, inputs, self.random.uniform(-1.2, 1.5, program.n_weights))

    def exact(self, program: Program, slots_RS: np.ndarray) -> np.ndarray:
        """Exact values of the machine."""
        self._gives_exact()
        outcome = self.backend.run(program, slots_RS, shots=None, seed=None)
        return self._shaped(program, slots_RS, outcome)

    def drawn(self, program: Program, slots_RS: np.ndarray, seed: int | None = None) -> Outcome:
        """Values of `SHOTS` shots."""
        if not self.target.sampled:
            raise NotApplicable("target.sampled is false")
        outcome = self.backend.run(program, slots_RS, shots=SHOTS, seed=seed or self.seed)
        self._shaped(program, slots_RS, outcome)
        require(outcome.variance_RK is not None, "estimates come without a variance")
        return outcome

    def exact_values(self, program: Program) -> None:
        """Those of the reference."""
        self._applies(program)
        angles = self.angles(program)
        found = self.exact(program, angles)
        if not self.ideal:
            raise NotApplicable("the machine is not ideal")
        gap = float(np.abs(found - _reference(program, angles)).max())
        require(gap <= self.tolerance, f"values are off by {gap:.3g}; {self.tolerance:.3g} is allowed")

    def sampled_values(self, program: Program) -> None:
        """Those of the reference, or of the machine itself, within their variance."""
        self._applies(program)
        if not self.ideal:
            self._gives_exact()
        angles = self.angles(program)
        outcome = self.drawn(program, angles)
        exact = _reference(program, angles) if self.ideal else self.exact(program, angles)
        variance = np.asarray(outcome.variance_RK)
        require(bool((variance >= 0).all()), "a variance is below 0, or not finite")
        spread = np.sqrt(np.maximum(variance, np.median(variance))) + 2 / SHOTS
        worst = float((np.abs(outcome.values_RK - exact) / spread).max())
        require(worst <= SIGMAS, f"a value lies {worst:.1f} standard deviations off")

    def target_is_a_value(self) -> None:
        """The same Target whenever it is asked for, with a digest."""
        require(isinstance(self.target, Target), f"target is {self.target!r}")
        require(self.backend.target.digest == self.target.digest, "two targets of one Backend differ")

    def rows_alone(self) -> None:
        """Each row by itself gives what it gives within a batch."""
        angles = self.angles(self.first)
        whole = self.exact(self.first, angles)
        for row in range(ROWS):
            gap = float(np.abs(self.exact(self.first, angles[row : row + 1])[0] - whole[row]).max())
            require(gap <= self.tolerance, f"row {row} alone is off by {gap:.3g}")

    def permuted(self) -> None:
        """The values follow their rows."""
        angles = self.angles(self.first)
        order = self.random.permutation(ROWS)
        gap = float(np.abs(self.exact(self.first, angles[order]) - self.exact(self.first, angles)[order]).max())
        require(gap <= self.tolerance, f"permuted rows are off by {gap:.3g}")

    def empty_batch(self) -> None:
        """No bindings: no values."""
        angles = self.angles(self.first, rows=0)
        if self.target.exact:
            self.exact(self.first, angles)
        if self.target.sampled:
            self.drawn(self.first, angles)

    def seeds(self) -> None:
        """The same seed is the same draw, another seed another."""
        angles = self.angles(self.first)
        one, again, other = (self.drawn(self.first, angles, seed).values_RK for seed in (3, 3, 4))
        require(bool((one == again).all()), "two runs with one seed differ")
        require(bool((one != other).any()), "two seeds give the same draw")

    def rows_draw_apart(self) -> None:
        """Bindings of equal angles are independent draws."""
        angles = np.repeat(self.angles(self.first, rows=1) + 0.7, 8, axis=0)
        values = self.drawn(self.first, angles).values_RK
        require(bool((values != values[:1]).any()), "eight bindings of equal angles gave equal shots")

    def settings_draw_apart(self) -> None:
        """Sums over two measurement settings spread as their variances say: settings are independent draws."""
        n_qubits = self.first.n_qubits
        turned = Program(n_qubits, (Gate("RY", (0,), (Angle(0.8),)),), READOUTS["pauli"](n_qubits, SUMS))
        self._applies(turned)
        if not self.target.sampled:
            raise NotApplicable("target.sampled is false")
        angles = np.repeat(slots(turned, np.zeros((1, 0)), np.zeros(0)), REPEATS, axis=0)
        outcome = self.backend.run(turned, angles, shots=FEW, seed=self.seed)
        self._shaped(turned, angles, outcome)
        told = np.asarray(outcome.variance_RK).mean(axis=0)
        ratio = float((outcome.values_RK.var(axis=0, ddof=1) / told).max())
        require(
            ratio <= WIDER,
            f"{REPEATS} draws of {' and '.join(SUMS)} vary {ratio:.2f} times as much as is told; {WIDER} is allowed",
        )

    def counts(self) -> None:
        """One a measurement setting, with all shots of each binding."""
        program = self.first.with_readout(READOUTS["xyz"](self.first.n_qubits))
        found = self.drawn(program, self.angles(program)).counts
        if not found:
            raise NotApplicable("it gives no raw counts")
        settings = settings_of(program.readout)
        require(len(found) == len(settings), f"{len(found)} counts for {len(settings)} settings")
        for part, setting in zip(found, settings, strict=True):
            require(part.n_rows == ROWS and np.allclose(part.shots_R, SHOTS), "a binding has not all of its shots")
            require(part.bits_NM.shape[1] == len(setting.wires), "counts are of other qubits than the setting's")

    def native(self) -> None:
        """What transpiling made gives the same values when it is handed in."""
        made = transpile(self.first, self.target)
        if not is_native(made, self.target):
            raise NotApplicable("it is transpiled elsewhere")
        angles = self.angles(self.first)
        wanted, before = self.exact(self.first, angles), transpilations()
        gap = np.abs(self.exact(made, slots(made, angles, np.zeros(0))) - wanted).max()
        require(float(gap) <= self.tolerance, f"the native Program is off by {gap:.3g}")
        require(transpilations() == before, "a native Program was transpiled")

    def transpiles_once(self) -> None:
        """However often it runs."""
        program = CIRCUITS["iqp"](self.first.n_qubits, 2)
        before = transpilations()
        for _ in range(3):
            self.backend.run(program, self.angles(program), shots=None if self.target.exact else SHOTS, seed=self.seed)
        require(transpilations() - before <= 1, f"three runs were {transpilations() - before} transpilations")

    def arguments_alone(self) -> None:
        """The slots are not written on."""
        angles = self.angles(self.first)
        before = angles.copy()
        self.backend.run(self.first, angles, shots=None if self.target.exact else SHOTS, seed=self.seed)
        require(bool((angles == before).all()), "the slots were overwritten")

    def pickles(self) -> None:
        """A Backend brought back from its bytes is the same machine and gives the same values."""
        twin = pickle.loads(pickle.dumps(self.backend))  # noqa: S301
        require(twin.target.digest == self.target.digest, "the target differs after pickle")
        angles = self.angles(self.first)
        shots = None if self.target.exact else SHOTS
        both = [each.run(self.first, angles, shots=shots, seed=self.seed).values_RK for each in (self.backend, twin)]
        require(float(np.abs(both[0] - both[1]).max()) <= self.tolerance, "values differ after pickle")

    def refused(self) -> dict[str, tuple]:
        """What must be refused: the Program, its slots, shots and seed."""
        angles = self.angles(self.first)
        shots = SHOTS if self.target.sampled else None
        bad = angles.copy()
        bad[1, 1] = np.nan
        wide = Program(self.target.n_qubits + 1, (Gate("RX", (0,), (Angle(0.3),)),))
        prepared = CIRCUITS["amplitude"](self.first.n_qubits, 1)
        asked: dict[str, tuple] = {
            "what is too wide": (wide, np.zeros((1, 1)), shots, self.seed),
            "what is no Program": ("sel", angles, shots, self.seed),
            "slots of another number": (self.first, angles[:, 1:], shots, self.seed),
            "slots in a list": (self.first, angles.tolist(), shots, self.seed),
            "slots that are not finite": (self.first, bad, shots, self.seed),
            "amplitudes that vary": (prepared, self.angles(prepared), shots, self.seed),
            "shots=0": (self.first, angles, 0, self.seed),
            "shots=1.5": (self.first, angles, 1.5, self.seed),
        }
        if self.target.sampled:
            asked |= {
                "shots without a seed": (self.first, angles, SHOTS, None),
                "seed=0": (self.first, angles, SHOTS, 0),
            }
        else:
            asked["shots"] = (self.first, angles, SHOTS, self.seed)
        if not self.target.exact:
            asked["exact values"] = (self.first, angles, None, None)
        return asked

    def refuses(self, program: Any, slots_RS: Any, shots: Any, seed: Any) -> None:
        """An error of ours."""
        try:
            self.backend.run(program, slots_RS, shots=shots, seed=seed)
        except QmlError:
            return
        require(False, "it was not refused")

    def _applies(self, program: Program) -> None:
        try:
            transpile(program, self.target)
        except CapabilityError as refusal:
            raise NotApplicable(f"refused: {refusal}") from refusal

    def _gives_exact(self) -> None:
        if not self.target.exact:
            raise NotApplicable("target.exact is false")

    def _shaped(self, program: Program, slots_RS: np.ndarray, outcome: Outcome) -> np.ndarray:
        shape = (len(slots_RS), program.n_values)
        require(outcome.values_RK.shape == shape, f"values have shape {outcome.values_RK.shape}, not {shape}")
        return outcome.values_RK


def _reference(program: Program, slots_RS: np.ndarray) -> np.ndarray:
    return ReferenceBackend().run(program, slots_RS, shots=None, seed=None).values_RK
