"""How often 95 % intervals of a law hold the truth, on made curves: `python -m tests.bench.scaling.coverage`."""

import argparse

import numpy as np

from qml.bench.scaling.growth import BEYOND, _curve
from qml.bench.scaling.law import Law
from qml.bench.scaling.readings import Measure, Reading
from tests.bench.scaling.false_laws import SIZES

TRUTHS = {
    "no floor": (Law("power", 0.0, 5.0, 0.3), 0.03),
    "a floor of 0.2": (Law("floored", 0.2, 10.0, 0.5), 0.03),
    "a floor of 0.02": (Law("floored", 0.02, 10.0, 0.5), 0.03),
}
"""What the truth has -> the law, and the relative scatter of a loss."""


def coverage(name, runs, seeds=3):
    """Shares of the curves with a law whose intervals hold exponent and loss beyond, and how many have which form."""
    law, sd = TRUTHS[name]
    rng, held, forms = np.random.default_rng(1), {"exponent": [], "beyond": []}, {}
    rows = SIZES[-1] * BEYOND
    for _ in range(runs):
        losses = law.at(SIZES)[:, None] * np.exp(sd * rng.normal(size=(len(SIZES), seeds)))
        readings = [Reading(n, found, np.zeros(0), 1.0) for n, found in zip(SIZES, losses, strict=True)]
        curve = _curve("made", Measure("log_loss", False), tuple(readings))
        form = curve.choice.law.form if curve.choice.kind == "law" else curve.choice.kind
        forms[form] = forms.get(form, 0) + 1
        if curve.choice.kind == "law":
            lo, hi = curve.parameter("exponent")
            held["exponent"].append(lo <= law.exponent <= hi)
            (lo,), (hi,) = curve.band([rows])
            held["beyond"].append(lo <= law(rows) <= hi)
    return {key: float(np.mean(found)) for key, found in held.items() if found}, forms


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=int, nargs="?", default=60)
    parser.add_argument("names", nargs="*", default=list(TRUTHS))
    given = parser.parse_args()
    for name in given.names:
        print(name, *coverage(name, given.runs), flush=True)
