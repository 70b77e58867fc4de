"""`python -m benchmarks.null`: how often the verdict of a report claims a difference between equal contestants.

A pool of real cells is made once by the harness, or completed: the same arm on several data sets, fixed splits of
each, many seeds on each split. Benchmarks are then drawn from it: seeds of one split are exchangeable, so whoever is
called "hybrid" is no better than whoever is called "twin", and every "better" is false. Then the hybrid is made better
by known amounts, which gives the power. The reading is that of a report: pairing, choice of the champion, intervals,
words.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.machine import chosen_cores, description
from qml.base.errors import DataError
from qml.bench import Store, run_cell
from qml.bench.null import ROLES, SPLIT, Design, ManySets, NewSplits, OneSplit, Pool, Tally, power_curve, simulate
from qml.bench.protocol import Protocol
from qml.data.source import Source
from qml.estimators.arms import SpecArm, arms_for
from qml.estimators.choices import Training
from qml.estimators.data_choice import DataChoice, signature_of
from qml.estimators.terms import Terms
from qml.learn.task import Task
from qml.models import CircuitSpec, HybridSpec

BAR = 0.06
SHIFTS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1)
SCHEMA = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 if no design says "better" too often."""
    options = _options(arguments)
    store = Store(options.store)
    if options.cells:
        fill(store, options)
    begun = time.perf_counter()
    wanted = set(options.data)
    cells = (cell for cell in store if cell.cell.arm.name == options.arm and cell.cell.data in wanted)
    pool = Pool.of(cells, least=1).whole(options.seeds)
    print(f"pool of {options.arm}: {pool.size}")
    found, curves = [], []
    for design in designs_for(pool, options):
        found.append(simulate(pool, design, options.benchmarks))
        print(table(found[-1:], head=len(found) == 1), flush=True)
    for design in designs_for(pool, options) if options.power else []:
        curves.append(power_curve(pool, design, SHIFTS, options.power))
        print(power_table(curves[-1:], head=len(curves) == 1), flush=True)
    kept = record(pool, options, found, curves, time.perf_counter() - begun)
    if options.json:
        options.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    if options.plot:
        from benchmarks.null_plot import draw

        draw(kept, options.plot)
    return 0 if all(max(tally.most, tally.decided_better / tally.benchmarks) <= BAR for tally in found) else 1


def record(
    pool: Pool, options: argparse.Namespace, found: Sequence[Tally], curves: Sequence[Sequence[Tally]], seconds: float
) -> dict[str, Any]:
    """A run as plain values: the machine, the command, the pool, and every count."""
    return {
        "schema": SCHEMA,
        "machine": description(chosen_cores(None)),
        "command": shlex.join(["python", *sys.orig_argv[1:]]),
        "arm": options.arm,
        "pool": pool.size,
        "scores": pool.scores,
        "bar": BAR,
        "seconds": round(seconds, 1),
        "null": [asdict(tally) for tally in found],
        "power": [[asdict(tally) for tally in curve] for curve in curves],
    }


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.null",
        description='How often the verdict of a report says "better" of a contestant that is no better: benchmarks are '
        "drawn from a pool of real cells of one arm, made here by the harness where they are missing. Start the same "
        "command again to continue, or twice at once to share the work.",
    )
    parser.add_argument("--store", type=Path, default=Path("results/null"), help="folder of the pool (%(default)s)")
    parser.add_argument("--arm", default="mlp", help="the arm: hybrid, twin, mlp, boosting, ... (%(default)s)")
    parser.add_argument("--data", nargs="+", default=["breast_cancer", "wine", "digits"], help="data sets of the pool")
    parser.add_argument("--splits", type=int, default=20, help="fixed splits of each data set (%(default)s)")
    parser.add_argument("--seeds", type=int, default=100, help="fits on each split (%(default)s)")
    parser.add_argument("--rows", type=int, default=600, help="training rows of a data set at most (%(default)s)")
    parser.add_argument("--epochs", type=int, default=10, help="passes of a fit (%(default)s)")
    parser.add_argument("--benchmarks", type=int, default=2000, help="simulated benchmarks a design (%(default)s)")
    parser.add_argument("--power", type=int, default=200, help="benchmarks a point of the power curve; 0 for none")
    parser.add_argument("--no-cells", dest="cells", action="store_false", help="run no cell; use those in the store")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write the counts there")
    parser.add_argument(
        "--plot", type=Path, default=None, metavar="FILE", help="draw the power curves there (PNG, SVG)"
    )
    return parser.parse_args(arguments)


def fill(store: Store, options: argparse.Namespace) -> None:
    """Run the cells of the pool that are missing."""
    begun, ran = time.perf_counter(), 0
    for name in options.data:
        data = choice(name, options.rows)
        arm = contestant(options.arm, data)
        for split in range(options.splits):
            terms, source = protocol(data, split, options), data.source(split)
            for seed in terms.seeds:
                done = run_cell(
                    arm,
                    lambda _, source=source: source,
                    learnt,
                    terms,
                    seed,
                    store,
                )
                ran += done is not None
            print(f"{name}, split {split}: {ran} cells run in {time.perf_counter() - begun:.0f} s", flush=True)


def learnt(source: Source) -> Task:
    """What the arm learns.

    Raises:
        DataError: the data set has no target.
    """
    target = source.schema.target
    if target is None:
        raise DataError(f"A pool needs labelled data; {source.schema.name!r} has no target. Name another data set.")
    return Training().task(target)


def choice(name: str, rows: int) -> DataChoice:
    """A data set with so many training rows at most."""
    whole = DataChoice(name)
    return replace(whole, rows=rows) if (whole.source(0).schema.sizes["train"] or 0) > rows else whole


def contestant(name: str, data: DataChoice) -> SpecArm:
    """The arm of the pool, with fixed settings; a hybrid has four qubits."""
    hybrid = HybridSpec(circuit=CircuitSpec("sel", 4, 2))
    return arms_for(hybrid, [name], Training(), signature_of(data.source(0)), searched=False, progress=False)[0]


def protocol(data: DataChoice, split: int, options: argparse.Namespace) -> Protocol:
    """The terms of the cells of one split, whose seeds move the fit alone."""
    terms = Terms("null", seeds=tuple(range(options.seeds)), epochs=options.epochs)
    made = terms.protocol(data, signature_of(data.source(split)))
    return replace(made, source=(*made.source, (SPLIT, f"{split:03d}")))


def designs_for(pool: Pool, options: argparse.Namespace) -> list[Design]:
    """The designs that the pool is large enough for, as a recipe has them."""
    splits = min(len(rows) for rows in pool.cells.values())
    seeds = min(len(row) for row in pool.units)
    counts = sorted({min(count, seeds // len(ROLES)) for count in (2, 3, 5, 10)})
    made: list[Design] = [NewSplits(min(10, splits)), *(OneSplit(count) for count in counts)]
    return [*made, *(ManySets(sets, min(5, seeds // len(ROLES))) for sets in (8, 12, 30) if sets <= len(pool.units))]


def table(found: Sequence[Tally], *, head: bool = True) -> str:
    """What was said of contestants that do not differ, a row a design, in per cent.

    "better, most": of the comparison that says it most often; "decide": by any of those that decide the headline;
    "any better" and "any claim": by any of all five; "headline": it credits the circuit.
    """
    heads = ("benchmarks", "better, most", "decide", "any better", "any claim", "headline")
    lines = [f"{'no difference':44s} " + " ".join(f"{name:>12s}" for name in heads)] if head else []
    for tally in found:
        n = tally.benchmarks
        shares = (tally.most, tally.decided_better / n, tally.any_better / n, tally.any_claim / n, tally.claimed)
        lines.append(f"{tally.title:44s} {n:12d} " + " ".join(f"{100 * share:11.1f}%" for share in shares))
    return "\n".join(lines)


def power_table(curves: Sequence[Sequence[Tally]], *, head: bool = True) -> str:
    """Share of benchmarks that say "better" than the twin, a row a design, a column a true difference."""
    lines = [f"{'better than the twin by':44s} " + " ".join(f"{shift:>8g}" for shift in SHIFTS)] if head else []
    for curve in curves:
        lines.append(f"{curve[0].title:44s} " + " ".join(f"{100 * tally.better('twin'):7.1f}%" for tally in curve))
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
