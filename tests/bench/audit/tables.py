"""Tables of results for tests: a sound one, and the same with one fault planted."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np

from qml.bench.results_row import ResultRow, ResultTable

ALL = frozenset(("arm", "data", "n_train", "n_test", "test", "train", "versions", "circuit", "chosen_on", "trials"))
SEEDS = 5


def sound_rows(n_sets=6, arms=("hybrid", "svm", "mlp"), n_train=240, n_test=60, seed=0):
    """Rows of arms whose every figure is what it says."""
    draw = np.random.default_rng(seed)
    rows = []
    for arm in arms:
        for number in range(n_sets):
            test = tuple((draw.integers(35, 59, SEEDS) / n_test).tolist())
            train = tuple((draw.integers(180, 239, SEEDS) / n_train).tolist())
            rows.append(
                ResultRow(
                    len(rows),
                    f"results.csv:{len(rows) + 2}",
                    arm,
                    f"curves-{number + 2}d",
                    n_train=n_train,
                    n_test=n_test,
                    test=test,
                    train=train,
                    test_mean=float(np.mean(test)),
                    test_sd=float(np.std(test)),
                    selection=float(draw.integers(170, 230) / n_train),
                    cost_s=float(draw.uniform(1, 100)),
                    trials=12,
                    versions="numpy 2.3.5",
                    circuit="ab12",
                    chosen_on="validation",
                )
            )
    return rows


def sound(**options):
    return ResultTable(tuple(sound_rows(**options)), ALL)


def changed(table, number, **values):
    """The table with some fields of one row replaced, and its moments made right again."""
    rows = list(table.rows)
    if "test" in values and "test_mean" not in values:
        test = values["test"]
        values |= {"test_mean": float(np.mean(test)), "test_sd": float(np.std(test))}
    rows[number] = replace(rows[number], **values)
    return replace(table, rows=tuple(rows))


def extended(table, more):
    """The table with rows added at its end."""
    rows = [*table.rows]
    for row in more:
        rows.append(replace(row, number=len(rows), place=f"results.csv:{len(rows) + 2}"))
    return replace(table, rows=tuple(rows))


def write(path, rows, columns):
    """A CSV file with a header."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return path
