"""`python -m benchmarks.propagation`: Pauli propagation on a line of qubits, beside the engine on each light cone."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np

from qml.backends.engine import EngineExecutor
from qml.backends.propagation import PropagationExecutor
from qml.circuits import angle, hardware_efficient, light_cone

ROUNDING = 1e-12


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 if every error stays within its bound."""
    options = _options(arguments)
    n = options.qubits
    program = angle(n) + hardware_efficient(n, depth=options.layers)
    random = np.random.default_rng(options.seed)
    inputs = random.uniform(-options.angles, options.angles, (1, n))
    weights = random.uniform(-options.angles, options.angles, program.n_weights)
    executor = PropagationExecutor(max_error=options.max_error)
    executor.bounded(light_cone(program, 0), inputs, weights)  # compile or load the kernels
    started = time.perf_counter()
    found = executor.bounded(program, inputs, weights)
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    slopes = [executor.vjp(program, inputs, weights, row[None]).weights for row in np.eye(n)]
    slope_seconds = time.perf_counter() - started
    worst = [_compare(program, value, inputs, weights, found, slopes[value]) for value in range(n)]
    values, gradients = zip(*worst, strict=True)
    print(
        f"{n} qubits on a line, {options.layers} layers (RY(x); RY RZ on each wire, CZ between neighbours), <Z> of each"
    )
    print(f"angles uniform within +-{options.angles:g} rad; max_error {options.max_error:g}; float64")
    print(f"  {n} values                    {seconds:8.2f} s   most words {found.n_terms_BK.max():,}")
    print(f"  {n} x {program.n_weights} gradients           {slope_seconds:8.2f} s")
    print(
        f"  error of a value, worst      {max(v for v, _ in values):.2e}   its bound, worst {found.errors_BK.max():.2e}"
    )
    print(f"  error of a gradient, worst   {max(gradients):.2e}   its bound        {options.max_error:.2e}")
    held = all(error <= bound + ROUNDING for error, bound in values) and max(gradients) <= options.max_error + ROUNDING
    print("  every error lies within its bound" if held else "  AN ERROR EXCEEDS ITS BOUND")
    return 0 if held else 1


def _compare(program, value, inputs, weights, found, slopes):
    """Error and bound of one value, and the worst error of its gradient, by the engine on its light cone."""
    cone = light_cone(program, value)
    engine = EngineExecutor()
    exact = engine.forward(cone, inputs, weights).values_BK[0, 0]
    gradient = engine.vjp(cone, inputs, weights, np.ones((1, 1))).weights
    error = abs(found.values_BK[0, value] - exact)
    return (error, found.errors_BK[0, value]), float(np.abs(slopes - gradient).max())


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.propagation",
        description="Expectation values and gradients of a circuit that no state vector holds, by Pauli propagation "
        "with truncation; each is compared with the state vector of its own light cone.",
        epilog="Exit status 0 means that every error lies within its reported bound.",
    )
    parser.add_argument("--qubits", type=int, default=50)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--max-error", type=float, default=1e-3)
    parser.add_argument("--angles", type=float, default=3.0, help="largest angle, radians (default: 3)")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
