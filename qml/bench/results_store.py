"""Our own records as a table of results, so that the checks of an audit read them as they read anyone's."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from qml.base.errors import DataError
from qml.bench.cell import CellResult
from qml.bench.results_row import ResultRow, ResultTable

FIELDS = ("arm", "data", "terms", "seed", "n_train", "n_test", "test", "selection", "selection_sd", "cost_s")
FIELDS += ("trials", "failed", "settings", "versions", "circuit", "chosen_on")
ACCURACY = "accuracy"
NO_CIRCUIT = "none"
DIGITS = 12  # of a digest that stands in a row


def table_of(cells: Iterable[CellResult]) -> ResultTable:
    """Cells as a table: a row is one arm under one protocol, its repetitions are the seeds.

    Scores are accuracies where every cell has kept them, for these can be counted in rows; else the ranking metric.

    Args:
        cells: finished ones are used; others are passed over.

    Raises:
        DataError: no finished cell, or cells of different ranking metrics without accuracies.

    Example:
        ```python
        table = table_of(Store("results/store"))
        print([(row.arm, row.test) for row in table.rows])
        ```
    """
    finished = [cell for cell in cells if cell.status == "finished"]
    if not finished:
        raise DataError("Records were to be read as a table; there is no finished cell. Run a benchmark first.")
    metric = _metric(finished)
    groups: dict[tuple[str, str], list[CellResult]] = defaultdict(list)
    for cell in finished:
        groups[cell.cell.protocol_hash, cell.cell.arm_digest].append(cell)
    digests: dict[str, set[str]] = defaultdict(set)
    for cell in finished:
        digests[cell.cell.arm.name].add(cell.cell.arm_digest)
    ordered = (sorted(group, key=lambda cell: cell.cell.seed) for group in groups.values())
    rows = (_row(number, group, metric, digests) for number, group in enumerate(ordered))
    return ResultTable(tuple(rows), frozenset(FIELDS), metric=metric)


def tables_of(cells: Iterable[CellResult]) -> tuple[ResultTable, ...]:
    """Cells of any protocols as few tables: one of accuracies, and one for each ranking metric of those without."""
    groups: dict[str, list[CellResult]] = defaultdict(list)
    for cell in cells:
        if cell.status == "finished":
            groups[_metric([cell])].append(cell)
    return tuple(table_of(group) for group in groups.values())


def _metric(cells: Sequence[CellResult]) -> str:
    """What the scores of the table are."""
    if all(ACCURACY in cell.metrics["test"] and ACCURACY in cell.metrics["validation"] for cell in cells):
        return ACCURACY
    ranks = sorted({cell.protocol.rank for cell in cells})
    if len(ranks) > 1:
        raise DataError(
            f"Cells ranked by {', '.join(ranks)} make no one table. Read the protocols one by one, or keep accuracies."
        )
    return ranks[0]


def _row(number: int, cells: Sequence[CellResult], metric: str, digests: dict[str, set[str]]) -> ResultRow:
    """The cells of one arm and protocol."""
    first = cells[0]
    arm, sizes = first.cell.arm, [cell.data.get("rows", {}) for cell in cells]
    chosen = [cell.metrics["validation"][metric] for cell in cells]
    return ResultRow(
        number,
        f"protocol {first.cell.protocol_hash[:DIGITS]}",
        arm.name if len(digests[arm.name]) == 1 else f"{arm.name} {first.cell.arm_digest[:DIGITS]}",
        first.cell.data,
        terms=first.cell.protocol_hash[:DIGITS],
        n_train=_same([size.get("train") for size in sizes]),
        n_test=_same([size.get("test") for size in sizes]),
        test=tuple(cell.metrics["test"][metric] for cell in cells),
        selection=float(np.mean(chosen)),
        selection_sd=float(np.std(chosen)),
        cost_s=float(np.median([cell.cpu_s for cell in cells])),
        trials=max(len(cell.trials) for cell in cells),
        failed=sum(trial.status == "failed" for cell in cells for trial in cell.trials),
        seeds=tuple(str(cell.cell.seed) for cell in cells),
        settings=json.dumps([dict(cell.best.settings) if cell.best else {} for cell in cells], sort_keys=True),
        versions=json.dumps(first.provenance.get("versions", {}), sort_keys=True),
        circuit=str(arm.details.get("program", NO_CIRCUIT)),
        chosen_on="validation",
    )


def _same(sizes: Sequence[int | None]) -> int | None:
    """The size of a split, where it is that of every seed."""
    return sizes[0] if len(set(sizes)) == 1 else None
