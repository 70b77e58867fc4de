"""What the cells of one contestant say at each number of training rows: a loss by seed, and by block of test rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qml.base.errors import DataError
from qml.bench.balance import fitting_rank
from qml.bench.cell import CellResult
from qml.bench.contestant import Contestant
from qml.bench.judged import BLOCKS, blocks_of, left_out
from qml.bench.scale import LABELS
from qml.bench.summary import Summary


@dataclass(frozen=True)
class Measure:
    """A loss that may follow a law: zero is perfect, lower is better.

    Args:
        metric: the metric of the cells that it is made of.
        turned: whether the loss is 1 - metric, of a share that is good when high.

    Example:
        >>> Measure("log_loss", False).label, Measure("accuracy", True).label, Measure("auc", True).label
        ('log-loss', 'error', '1 − AUC')
    """

    metric: str
    turned: bool

    @property
    def label(self) -> str:
        """In words."""
        if not self.turned:
            return LABELS.get(self.metric, self.metric.replace("_", " "))
        short = {"accuracy": "error", "balanced_accuracy": "balanced error"}
        return short.get(self.metric, f"1 \N{MINUS SIGN} {LABELS.get(self.metric, self.metric.replace('_', ' '))}")

    @property
    def axis(self) -> str:
        """With its unit, for an axis.

        Example:
            >>> Measure("log_loss", False).axis, Measure("accuracy", True).axis, Measure("auc", True).axis
            ('log-loss, nats', 'error, share of rows', '1 − AUC')
        """
        units = {"log_loss": "nats", "rmse": "units of the target", "accuracy": "share of rows"}
        return ", ".join([self.label, *([units[self.metric]] if self.metric in units else [])])

    @property
    def name(self) -> str:
        """For files: "log_loss", "error", "balanced_error", "1-auc"."""
        short = {"accuracy": "error", "balanced_accuracy": "balanced_error"}
        return short.get(self.metric, f"1-{self.metric}") if self.turned else self.metric

    def of(self, value: float | np.ndarray) -> float | np.ndarray:
        """The loss of values of the metric: one, or `(N,)`."""
        return 1.0 - value if self.turned else value


@dataclass(frozen=True, eq=False)
class Reading:
    """One contestant at one number of training rows.

    Args:
        rows: training rows, mean over seeds.
        losses: `(J,)` by seed, in the order of the seeds of the protocol.
        by_rows: `(G,)` deviations of the mean loss by which blocks of test rows count, with sum 0 and the jackknife's
            standard error as root of their sum of squares; empty where seeds have test rows of their own.
        stretch: factor of the standard error over seeds for test rows shared between splits; 1 with one test set.
        failed: seeds in which every trial failed, so that the loss is that of a constant answer.
    """

    rows: float
    losses: np.ndarray
    by_rows: np.ndarray
    stretch: float
    failed: int = 0

    @property
    def mean(self) -> float:
        """Geometric mean of the loss over seeds, as laws and intervals have it; arithmetic where a loss is 0."""
        if not (self.losses > 0).all():
            return float(self.losses.mean())
        return float(np.exp(np.log(self.losses).mean()))


def measures_of(summary: Summary) -> tuple[Measure, ...]:
    """The losses that are drawn for a data set: log-loss and the error that fits its classes; RMSE for a number.

    The error is 1 minus the ranking metric where that is a share of right answers or an area, else 1 minus the metric
    that fits the balance of the classes (`qml.bench.balance.fitting_rank`).
    """
    cells = [cell for arm in summary.arms for cell in arm.every]
    known = set(cells[0].metric_facts)
    if not summary.labels:
        return tuple(Measure(name, False) for name in ("rmse",) if name in known)
    counts = list(summary.data.get("classes", {}).get("train", {}).values())
    fits = ("accuracy", "balanced_accuracy", "auc")
    rank = summary.protocol.rank if summary.protocol.rank in fits else fitting_rank(counts) if counts else "accuracy"
    found = [Measure("log_loss", False), Measure(rank, True)]
    return tuple(measure for measure in found if measure.metric in known)


def reading_of(summary: Summary, arm: Contestant, measure: Measure) -> Reading | None:
    """What one contestant lost on test rows; None where a seed or the metric is lacking.

    Args:
        summary: of one number of training rows.
        arm: one of its contestants.
        measure: which loss.
    """
    cells = [cell for cell in arm.judged if measure.metric in cell.counted["test"]]
    if {cell.cell.seed for cell in cells} != set(summary.protocol.seeds):
        return None
    losses = np.array([measure.of(cell.counted["test"][measure.metric]) for cell in cells])
    rows = float(np.mean([cell.data["rows"]["train"] for cell in cells]))
    failed = sum(cell.status == "failed" for cell in cells)
    if not summary.fixed_test:
        tested = float(np.mean([cell.data["rows"]["test"] for cell in cells]))
        learnt = float(np.mean([_total(cell) for cell in cells])) - tested
        stretch = float(np.sqrt(1 + len(cells) * tested / max(learnt, 1.0)))
        return Reading(rows, losses, np.zeros(0), stretch, failed)
    return Reading(rows, losses, _deviations([_left_out(cell, measure) for cell in cells]), 1.0, failed)


def _total(cell: CellResult) -> int:
    """Different rows of all splits."""
    return int(cell.data.get("total", sum(cell.data["rows"].values())))


def _deviations(left: Sequence[np.ndarray]) -> np.ndarray:
    """Deviations of the mean over seeds by blocks, `(G,)`; empty where a metric is not defined without some block."""
    sizes = {len(values) for values in left}
    if len(sizes) != 1 or min(sizes) < 2:
        return np.zeros(0)
    mean = np.mean(left, axis=0)
    return np.sqrt((len(mean) - 1) / len(mean)) * (mean.mean() - mean)


def _left_out(cell: CellResult, measure: Measure) -> np.ndarray:
    """The loss of one cell with one block of test rows left out at a time `(G,)`."""
    found, wanted = cell.arrays.get("test_predictions"), cell.arrays.get("test_targets")
    if measure.metric == cell.protocol.rank and len(cell.arrays.get("test_left_out", ())):
        return np.asarray(measure.of(cell.arrays["test_left_out"]))
    if found is None or wanted is None:
        return np.zeros(0)
    if measure.metric in ("log_loss", "accuracy", "balanced_accuracy"):
        return np.asarray(measure.of(_by_sums(measure.metric, found, wanted.astype(int))))
    from qml.learn.metrics import class_metrics, number_metrics

    metrics = {metric.name: metric for metric in (*class_metrics(2), *number_metrics())}
    if measure.metric not in metrics:
        raise DataError(f"The metric {measure.metric!r} cannot be computed again from predictions, so it has no law.")
    return np.asarray(measure.of(left_out(metrics[measure.metric], found, wanted)))


def _by_sums(metric: str, found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """A metric that is made of sums over rows, one block left out at a time: sums of all, less those of a block."""
    block, groups = blocks_of(len(wanted)), min(BLOCKS, len(wanted))
    if metric == "log_loss":
        picked = found[np.arange(len(wanted)), wanted]
        values = -np.log(np.clip(picked, np.finfo(found.dtype).eps, 1.0), dtype=np.float64)
    else:
        values = (found.argmax(axis=1) == wanted).astype(np.float64)
    classes = wanted if metric == "balanced_accuracy" else np.zeros(len(wanted), int)
    width = int(classes.max()) + 1
    place = block * width + classes
    sums = np.bincount(place, weights=values, minlength=groups * width).reshape(groups, width)
    counts = np.bincount(place, minlength=groups * width).reshape(groups, width)
    held = counts.sum(axis=0) > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = (sums.sum(axis=0) - sums)[:, held] / (counts.sum(axis=0) - counts)[:, held]
    return np.nanmean(shares, axis=1)  # a class that only the left-out block holds is not counted there
