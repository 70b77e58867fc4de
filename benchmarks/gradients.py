"""`python -m benchmarks.gradients`: what a gradient from shots costs, how far off it is, and its Gaussian stand-in."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qml.backends import executor_named
from qml.backends.backend import Outcome, Target
from qml.backends.sampled import SampledExecutor
from qml.backends.shifts import ShiftedExecutor, SpsaExecutor
from qml.backends.shifts.directions import RULES, directions
from qml.backends.simulated import SimulatedBackend
from qml.backends.surrogate import SurrogateExecutor
from qml.base.errors import MissingExtraError
from qml.circuits import Circuit, Program, angle, sel


@dataclass
class Counted:
    """A simulated machine that writes down its jobs: bindings and shots of each."""

    inner: SimulatedBackend = field(default_factory=lambda: SimulatedBackend())
    jobs: list[tuple[int, int]] = field(default_factory=list)

    @property
    def target(self) -> Target:
        """The simulator's."""
        return self.inner.target

    def run(self, program: Program, slots_RS: np.ndarray, *, shots: int | None, seed: int | None) -> Outcome:
        """Outcomes of `(R, S)` angles, after a note of them."""
        self.jobs.append((len(slots_RS), shots or 0))
        return self.inner.run(program, slots_RS, shots=shots, seed=seed)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0."""
    options = _options(arguments)
    program = angle(options.qubits) + sel(options.qubits, depth=options.depth)
    random = np.random.default_rng(options.seed)
    inputs = random.uniform(-1, 1, (options.rows, program.n_inputs))
    weights = random.uniform(-np.pi, np.pi, program.n_weights)
    labels = random.choice([-1.0, 1.0], (options.rows, program.n_values))
    print(
        f"{options.qubits} qubits, angle + sel of depth {options.depth}: {program.n_inputs} inputs, "
        f"{program.n_weights} weights, {options.rows} rows; squared error; seed {options.seed}\n"
    )
    cotangent = executor_named("engine_cpu").forward(program, inputs, weights).values_BK - labels
    _steps(program, inputs, weights, cotangent, options, WAYS)
    cotangent[1:] *= 0.05
    print("The same where one row counts (cotangents of the others times 0.05)")
    _steps(program, inputs, weights, cotangent, options, {name: WAYS[name] for name in ("eager", "weighted")})
    print(
        "(all also shift the inputs; weighted cuts a binding's shots into 4 units, which are bindings of their own)\n"
    )
    _rules()
    _distances(program, inputs, weights, options)
    _seconds(program, inputs, weights, labels, options)
    return 0


WAYS: dict[str, Callable[[Any, int], Any]] = {
    "eager": lambda b, shots: ShiftedExecutor(b, shots, plan="eager"),
    "weighted": lambda b, shots: ShiftedExecutor(b, shots, plan="weighted"),
    "eager, 8 angles a row": lambda b, shots: ShiftedExecutor(b, shots, plan="eager", subset=8),
    "weighted, 8 angles a row": lambda b, shots: ShiftedExecutor(b, shots, plan="weighted", subset=8),
    "SPSA, 1 pair, step 0.2": lambda b, shots: SpsaExecutor(b, shots, step=0.2, plan="eager"),
    "SPSA, 8 pairs, step 0.2": lambda b, shots: SpsaExecutor(b, shots, step=0.2, repeats=8, plan="eager"),
}


def _steps(
    program: Program,
    inputs: np.ndarray,
    weights: np.ndarray,
    cotangent: np.ndarray,
    options: Any,
    ways: dict[str, Callable[[Any, int], Any]],
) -> None:
    """Jobs, bindings, shots and the error of the gradient of the weights, for each way to a gradient."""
    exact = executor_named("engine_cpu")
    wanted = exact.vjp(program, inputs, weights, cotangent).weights
    shots = options.shots
    print(f"A step at {shots} shots a binding; error: root mean square over draws, relative to the exact gradient;")
    print("x shots: the error squared times the shots of a step, relative to eager (less is better)")
    print(f"{'':26}{'jobs':>5}{'bindings':>10}{'shots':>10}{'error':>9}{'x shots':>9}")
    base = None
    for name, make in ways.items():
        backend = Counted()
        executor, errors = make(backend, shots), []
        for seed in range(1, options.draws + 1):
            out = executor.forward(program, inputs, weights, seed=seed, keep=True)
            found = executor.vjp(program, inputs, weights, cotangent, seed=seed, residual=out.residual)
            errors.append(np.sum((found.weights - wanted) ** 2))
        jobs = len(backend.jobs) / options.draws
        bindings = sum(job[0] for job in backend.jobs) / options.draws
        spent = sum(job[0] * job[1] for job in backend.jobs) / options.draws
        error = np.sqrt(np.mean(errors)) / np.linalg.norm(wanted)
        base = base or error**2 * spent
        print(f"{name:26}{jobs:5.0f}{bindings:10,.0f}{spent:10,.0f}{error:9.3f}{error**2 * spent / base:9.2f}")
    print()


def _rules() -> None:
    """Evaluations of a row's gradient by each rule."""
    print(f"Evaluations for the gradient of one row{'':9}" + "".join(f"{rule:>11}" for rule in RULES))
    for name, program in _circuits().items():
        counts = [len(directions(program, rule).shift_T) for rule in RULES]
        print(f"{name:48}" + "".join(f"{count:11}" for count in counts))
    print()


def _circuits() -> dict[str, Program]:
    found = {}
    for gate in ("CRX", "SingleExcitation", "ControlledPhaseShift"):
        circuit = Circuit(2)
        found[f"one {gate}"] = circuit.add(gate, (0, 1), circuit.weights("w", (1,))[0]).build()
    for n in (4, 8):
        circuit = Circuit(n)
        cost, mixer = circuit.weights("w", (2,))
        for wire in range(n):
            circuit.add("IsingZZ", (wire, (wire + 1) % n), cost)
        for wire in range(n):
            circuit.rx(wire, mixer)
        found[f"one layer of QAOA on a ring of {n}"] = circuit.build()
    return found


def _distances(program: Program, inputs: np.ndarray, weights: np.ndarray, options: Any) -> None:
    """The surrogate beside the multinomial it stands for."""
    exact = executor_named("engine_cpu").forward(program, inputs, weights).values_BK
    row = int(np.abs(exact).max(axis=1).argmax())
    rows = np.repeat(inputs[row : row + 1], options.samples, axis=0)
    value = int(np.abs(exact[row]).argmax())
    print(f"Surrogate and multinomial, {options.samples:,} draws of two values of one row; <Z> = ", end="")
    print(" and ".join(f"{exact[row, k]:.3f}" for k in (0, value)))
    print(f"{'shots':>7}{'KS distance':>20}{'beyond [-1, 1]':>22}{'covariance of all values, off by':>40}")
    for shots in (8, 32, 128, 1024):
        drawn = [
            one.forward(program, rows, weights, seed=1).values_BK
            for one in (SurrogateExecutor(shots=shots), SampledExecutor(shots=shots))
        ]
        ks = [_distance(drawn[0][:, k], drawn[1][:, k]) for k in (0, value)]
        beyond = [np.mean(np.abs(drawn[0][:, k]) > 1) for k in (0, value)]
        gap = np.abs(np.cov(drawn[0].T) - np.cov(drawn[1].T)).max() * shots
        print(f"{shots:7}{ks[0]:12.3f}{ks[1]:8.3f}{beyond[0]:14.1%}{beyond[1]:8.1%}{gap:40.3f}")
    print("(covariances of one shot; the largest difference of an entry, sampling errors of both included)\n")


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    """Kolmogorov-Smirnov distance of two samples."""
    both = np.sort(np.concatenate([one, other]))
    shares = [np.searchsorted(np.sort(part), both, "right") / len(part) for part in (one, other)]
    return float(np.abs(shares[0] - shares[1]).max())


def _seconds(program: Program, inputs: np.ndarray, weights: np.ndarray, labels: np.ndarray, options: Any) -> None:
    """CPU seconds of a step: values, and the gradient of inputs and weights."""
    print(f"CPU milliseconds of a step (median of {options.repeats}), {options.shots} shots where there are any")
    makers: dict[str, Callable[[], Any]] = {
        "engine_cpu (exact)": lambda: executor_named("engine_cpu"),
        "surrogate": lambda: SurrogateExecutor(shots=options.shots),
        "sampled, eager": lambda: SampledExecutor(shots=options.shots, plan="eager"),
        "sampled, weighted": lambda: SampledExecutor(shots=options.shots, plan="weighted"),
        "lightning.qubit (exact)": lambda: executor_named("lightning"),
    }
    for name, make in makers.items():
        try:
            executor = make()
        except MissingExtraError as error:
            print(f"{name:26}{error}")
            continue
        taken = []
        for seed in range(1, options.repeats + 2):
            started = time.process_time()
            out = executor.forward(program, inputs, weights, seed=seed, keep=True)
            executor.vjp(program, inputs, weights, out.values_BK - labels, seed=seed, residual=out.residual)
            taken.append(time.process_time() - started)
        print(f"{name:26}{1e3 * np.median(taken[1:]):10.2f}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gradients", description=__doc__)
    parser.add_argument("--qubits", type=int, default=4)
    parser.add_argument("--depth", type=int, default=3, help="of the ansatz")
    parser.add_argument("--rows", type=int, default=8, help="of the batch")
    parser.add_argument("--shots", type=int, default=64, help="of each binding")
    parser.add_argument("--draws", type=int, default=40, help="gradients from which an error is estimated")
    parser.add_argument("--samples", type=int, default=20000, help="for distances of distributions")
    parser.add_argument("--repeats", type=int, default=7, help="timings")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
