"""Whether a peer computed the right numbers; nothing of a wrong peer is timed."""

from __future__ import annotations

import numpy as np

from benchmarks.workload import Answer, Size

TOLERANCE = 1e-4


def errors(size: Size, answer: Answer, right: Answer) -> dict[str, float]:
    """Largest error of loss, values and gradients, each over the size of the right numbers.

    That size is at least one, and at least the square root of the rows, of which float32 sums carry the rounding.
    A shape that does not fit is an infinite error, and so is a NaN.
    """
    pairs = {
        "loss": (np.array(answer.loss), np.array(right.loss)),
        "values": (answer.values_BK, right.values_BK),
        "input gradient": (answer.inputs_BD, right.inputs_BD),
        "weight gradient": (answer.weights_P, right.weights_P),
    }
    found = {}
    for name, (mine, theirs) in pairs.items():
        if mine is None or theirs is None:
            continue
        if mine.shape != theirs.shape or not np.isfinite(mine).all():
            found[name] = float("inf")
            continue
        scale = max(1.0, float(np.abs(theirs).max()), size.rows**0.5)
        found[name] = float(np.abs(mine - theirs).max()) / scale
    return found


def disagreement(found: dict[str, float]) -> str | None:
    """What is wrong, in words, or None."""
    wrong = [f"{name} by {error:.1e}" for name, error in found.items() if not error <= TOLERANCE]
    return f"wrong: differs from the float64 reference in the {', the '.join(wrong)}; not timed" if wrong else None
