"""`python -m tests.engine.gpu.agreement`: how far the emulated kernels are from the dense oracle, as a table."""

import argparse

import numpy as np
import pytest

from tests.engine.gpu.emulated import emulated_driver
from tests.engine.gpu.runs import run_case
from tests.engine.gpu.test_kernels import TILE, layers
from tests.engine.plans import arrays, random_case


def error(result, expected) -> dict[str, float]:
    """Largest difference of each array, relative to the larger of 1 and the largest number expected."""
    wanted = arrays(expected)
    return {
        name: float(np.abs(values - wanted[name]).max(initial=0) / max(1.0, np.abs(wanted[name]).max(initial=0)))
        for name, values in arrays(result).items()
    }


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.engine.gpu.agreement", description=__doc__)
    parser.add_argument("--plans", type=int, default=100, help="random Plans of each kind (default: 100)")
    plans = parser.parse_args().plans
    rng = np.random.default_rng(0)
    kinds = {f"layers, n={n}": [(layers(n, d, b), None)] for n, d, b in SIZES}
    kinds["random Plans, n=1..6"] = [(_random(rng, int(rng.integers(1, 7))), None) for _ in range(plans)]
    kinds["random Plans, n=7 in tiles of 6"] = [(_random(rng, 7), TILE) for _ in range(plans)]
    print("| circuits | precision | values | row gradients | shared gradients | gradients of amplitudes |")
    print("|---|---|--:|--:|--:|--:|")
    with pytest.MonkeyPatch.context() as patch:
        driver = emulated_driver(patch)
        for kind, cases in kinds.items():
            for dtype in ("float32", "float64"):
                found = [error(run_case(driver, case, dtype, tile=tile), case.expected()) for case, tile in cases]
                names = ("words_BW", "rows_BM", "shared_S", "initial_BA")
                worst = [max((f[name] for f in found if name in f), default=None) for name in names]
                cells = [kind, dtype, *("-" if value is None else f"{value:.1e}" for value in worst)]
                print("| " + " | ".join(cells) + " |", flush=True)


def _random(rng, n_qubits):
    return random_case(rng, n_qubits, int(rng.integers(1, 5)), initial=1 if rng.random() < 0.3 else None)


SIZES = ((4, 2, 40), (5, 3, 10), (6, 3, 5), (7, 3, 5), (8, 4, 5), (9, 3, 3), (10, 6, 3), (11, 3, 3), (12, 4, 3))
SIZES += ((13, 2, 2), (14, 2, 2))

if __name__ == "__main__":
    main()
