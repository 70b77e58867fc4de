"""`python -m benchmarks.mps`: a line of 50 qubits through Aer's matrix product states, against exact light cones.

Values of a batch and a gradient by the shift rule, as one run each, are compared with those of the engine on the light
cone of each observable: an exact simulator of few qubits, and another rule for derivatives. The gradient is that of
sum(values x cotangent) with a cotangent drawn beforehand, to inputs and weights.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import chosen_cores, description
from qml.backends.aer import AerBackend
from qml.backends.engine import EngineExecutor
from qml.backends.executor import Gradients
from qml.backends.shifts import ShiftedExecutor
from qml.base.threads import default_threads
from qml.circuits import Program, angle, hardware_efficient, light_cone

TOLERANCE = 1e-8
SCHEMA = 1


@dataclass(frozen=True)
class Timed:
    """What a call gave, and what it took in seconds."""

    answer: Any
    cpu_s: float
    wall_s: float


@dataclass
class CountingBackend:
    """A machine that notes how many bindings each of its runs had."""

    inner: AerBackend
    bindings: list[int]

    @property
    def target(self):
        return self.inner.target

    def run(self, program, slots_RS, *, shots, seed):
        self.bindings.append(len(slots_RS))
        return self.inner.run(program, slots_RS, shots=shots, seed=seed)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 if everything agrees within 1e-8."""
    options = _options(arguments)
    n = options.qubits
    program = angle(n) + hardware_efficient(n, depth=options.layers, rotations=options.rotations)
    random = np.random.default_rng(options.seed)
    inputs = random.uniform(-np.pi, np.pi, (options.rows, n))
    weights = random.uniform(-np.pi, np.pi, program.n_weights)
    cotangent = random.normal(size=(options.rows, n))

    machine = CountingBackend(AerBackend("matrix_product_state", max_bond=options.bond), [])
    shifted = ShiftedExecutor(machine)
    values = _timed(lambda: shifted.forward(program, inputs, weights).values_BK)
    slopes = _timed(lambda: shifted.vjp(program, inputs, weights, cotangent))
    cones = [light_cone(program, value) for value in range(n)]
    exact_values(cones[:1], inputs, weights)  # compile or load the kernels
    exact = _timed(lambda: exact_values(cones, inputs, weights))
    exact_slopes = _timed(lambda: exact_gradients(cones, inputs, weights, cotangent))

    rows = [
        (f"values, {options.rows} x {n}", machine.bindings[0], values, exact, worst(values.answer, exact.answer)),
        *(
            (f"gradient of {what}", sum(machine.bindings[1:]), slopes, exact_slopes, worst(found, wanted))
            for what, found, wanted in (
                ("inputs", slopes.answer.inputs_BD, exact_slopes.answer.inputs_BD),
                ("weights", slopes.answer.weights, exact_slopes.answer.weights),
            )
        ),
    ]
    widest, runs = max(cone.n_qubits for cone in cones), len(machine.bindings)
    if options.json:
        options.json.write_text(json.dumps(_kept(options, program, widest, rows, runs), indent=1) + "\n", "utf-8")
    return _printed(options, program, widest, rows, runs)


def exact_values(cones: Sequence[Program], inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Each observable by the engine on its light cone."""
    return np.concatenate([EngineExecutor().forward(cone, inputs, weights).values_BK for cone in cones], axis=1)


def exact_gradients(
    cones: Sequence[Program], inputs: np.ndarray, weights: np.ndarray, cotangent: np.ndarray
) -> Gradients:
    """The sum over observables of the engine's gradients on their light cones."""
    parts = [
        EngineExecutor().vjp(cone, inputs, weights, cotangent[:, k : k + 1].copy()) for k, cone in enumerate(cones)
    ]
    return Gradients(np.sum([part.inputs_BD for part in parts], axis=0), np.sum([p.weights for p in parts], axis=0))


def worst(found: np.ndarray, wanted: np.ndarray) -> float:
    """The largest difference of two arrays of one shape."""
    return float(np.abs(found - wanted).max()) if found.shape == wanted.shape else float("inf")


def _timed(call: Callable[[], Any]) -> Timed:
    cpu, wall = time.process_time(), time.perf_counter()
    answer = call()
    return Timed(answer, time.process_time() - cpu, time.perf_counter() - wall)


def _kept(options: argparse.Namespace, program: Program, widest: int, rows: list[tuple], runs: int) -> dict[str, Any]:
    """The figures with the machine, the command and the versions that they are of."""
    return {
        "schema": SCHEMA,
        "machine": description(chosen_cores(None)),
        "command": shlex.join(["python", *sys.orig_argv[1:]]),
        "versions": {name: version(name) for name in ("qiskit-aer", "qiskit", "numpy")},
        "threads": default_threads(),
        "asked": {name: value for name, value in vars(options).items() if name != "json"},
        "weights": program.n_weights,
        "widest_cone": widest,
        "runs_of_aer": runs,
        "tolerance": TOLERANCE,
        "rows": [
            {
                "what": what,
                "bindings": bindings,
                "aer": {"cpu_s": aer.cpu_s, "wall_s": aer.wall_s},
                "engine": {"cpu_s": engine.cpu_s, "wall_s": engine.wall_s},
                "worst_error": error,
            }
            for what, bindings, aer, engine, error in rows
        ],
        "met": all(error <= TOLERANCE for *_, error in rows),
    }


def _printed(options: argparse.Namespace, program: Program, widest: int, rows: list[tuple], runs: int) -> int:
    print(
        f"{options.qubits} qubits on a line, {options.layers} layers (RY(x); R{' R'.join(options.rotations)} on each "
        f"wire, CZ between neighbours), <Z> of each; {program.n_weights} weights, {options.rows} rows"
    )
    print(
        f"light cones of at most {widest} qubits; float64; {default_threads()} threads; angles uniform in +-pi; "
        f"bond dimension {options.bond or 'not bounded'}; {runs} runs of Aer"
    )
    print(
        f"  {'':<18}{'bindings':>9}{'Aer cpu s':>11}{'wall s':>9}{'engine cpu s':>14}{'wall s':>9}{'worst error':>13}"
    )
    for what, bindings, aer, engine, error in rows:
        print(
            f"  {what:<18}{bindings:>9,}{aer.cpu_s:>11.2f}{aer.wall_s:>9.2f}{engine.cpu_s:>14.2f}{engine.wall_s:>9.2f}"
            f"{error:>13.1e}"
        )
    held = all(error <= TOLERANCE for *_, error in rows)
    print(f"  all agree within {TOLERANCE:g}" if held else f"  AN ERROR EXCEEDS {TOLERANCE:g}")
    return 0 if held else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qubits", type=int, default=50)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--rotations", default="Y", help="axes on each wire of a layer")
    parser.add_argument("--bond", type=int, default=None, help="largest bond dimension; not bounded when left out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write the figures there")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
