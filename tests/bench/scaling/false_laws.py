"""How often a law is claimed where the mean loss depends on no rows: `python -m tests.bench.scaling.false_laws`."""

import argparse
from collections import Counter

import numpy as np

from qml.bench.scaling.choice import choose
from qml.bench.scaling.law import Law

SIZES = np.array([1000.0, 3000.0, 10_000.0, 30_000.0, 57_000.0])
PLACE = (np.log(SIZES) - np.log(SIZES).mean()) / np.log(SIZES).std()
SD = 0.02
"""Relative scatter of a loss."""
SCATTER = {
    "independent": lambda rng, seeds: rng.normal(size=(len(SIZES), seeds)),
    "a slope of each seed": lambda rng, seeds: (
        0.3 * rng.normal(size=(len(SIZES), seeds)) + PLACE[:, None] * rng.normal(size=seeds)
    ),
    "a random walk of each seed": lambda rng, seeds: np.cumsum(rng.normal(size=(len(SIZES), seeds)), axis=0),
    "sizes that deviate in all seeds": lambda rng, seeds: (
        rng.normal(size=(len(SIZES), seeds)) + rng.normal(size=(len(SIZES), 1))
    ),
}
"""Scatter -> deviations `(S, J)` in units of `SD`."""
FLAT, FALLING = Law("constant", 0.5, 0.0, 0.0), Law("power", 0.0, 1.0, 0.05)


def shares(name, runs, seeds=3, law=FLAT):
    """Share of each kind of choice over made curves."""
    rng = np.random.default_rng(0)
    made = (law.at(SIZES)[:, None] * np.exp(SD * SCATTER[name](rng, seeds)) for _ in range(runs))
    counts = Counter(choose(SIZES, losses).kind for losses in made)
    return {kind: counts[kind] / runs for kind in ("law", "rises", "constant")}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=int, nargs="?", default=500)
    runs = parser.parse_args().runs
    for seeds, law in ((3, FLAT), (5, FLAT), (3, FALLING)):
        for name in SCATTER:
            found = {kind: f"{100 * share:.1f} %" for kind, share in shares(name, runs, seeds, law).items()}
            print(f"{seeds} seeds, exponent {law.exponent}, {name}: {found}", flush=True)
