"""Validation curves of an arm over its seeds, by epoch and by CPU seconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qml.bench.contestant import Contestant
from qml.bench.report.view import View

POINTS = 80


@dataclass(frozen=True)
class Curve:
    """Mean, lowest and highest over seeds at each x, in units of the metric."""

    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def by_epoch(view: View, arm: Contestant) -> Curve | None:
    """Validation score by epoch; a seed that stopped early keeps its last value. None without two epochs."""
    rank = view.summary.protocol.rank
    curves = [c.curve(rank) for c in arm.cells]
    if not curves or min(len(curve) for curve in curves) < 2:
        return None
    longest = max(curves, key=len)
    width = len(longest)
    table = np.array([[r.value for r in curve] + [curve[-1].value] * (width - len(curve)) for curve in curves])
    x = np.array([record.epoch for record in longest])
    return Curve(x, table.mean(0), table.min(0), table.max(0))


def by_cpu(view: View, arm: Contestant) -> Curve:
    """Best validation score so far by CPU seconds of the chosen fit; one point for arms fitted in one go."""
    rank, sign = view.summary.protocol.rank, view.scale.sign
    curves = [c.curve(rank) for c in arm.cells]
    if min(len(curve) for curve in curves) < 2:
        once = np.array([arm.validation])
        return Curve(np.array([max(arm.typical_cost("cpu_s"), 1e-4)]), once, once, once)
    times = [np.maximum(np.array([r.cpu_s for r in curve]), 1e-4) for curve in curves]
    best = [sign * np.maximum.accumulate([sign * r.value for r in curve]) for curve in curves]
    start, end = max(t[0] for t in times), float(np.mean([t[-1] for t in times]))
    grid = np.geomspace(start, max(end, start * 1.01), POINTS)
    table = np.array([b[np.searchsorted(t, grid, side="right") - 1] for t, b in zip(times, best, strict=True)])
    return Curve(grid, table.mean(0), table.min(0), table.max(0))


def thinned(count: int, most: int = 40) -> list[int]:
    """Numbers of at most about `most` points of a curve, the last among them."""
    step = max(1, -(-count // most))
    return sorted({*range(0, count, step), count - 1})
