"""What happened: one row a metric, written by training and read by views; neither does the other's work."""

from __future__ import annotations

from dataclasses import dataclass

RECORD_VERSION = 1


@dataclass(frozen=True)
class Record:
    """One number at one moment of one run.

    Args:
        metric: such as "loss", "accuracy", "gradient_norm/quantum".
        value: the number; never NaN (a run that meets NaN stops with an error).
        split: "train", "validation" or "test".
        step: updates done. epoch: passes done, with fraction.
        cpu_s, wall_s: seconds of training so far, carried over a resume.
    """

    metric: str
    value: float
    split: str
    step: int
    epoch: float
    cpu_s: float
    wall_s: float
