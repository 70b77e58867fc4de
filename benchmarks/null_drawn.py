"""`python -m benchmarks.null_drawn`: the null experiment where the answer is known in full, without a pool of cells.

Every arm is right equally often on a row, by a model of rows and seeds (`qml.bench.null_drawn`), so that every "better"
is false. "seeds" has one test set and few seeds; "choice" has many hybrids, of which a verdict is about the best,
chosen on rows that are test rows under other seeds.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from benchmarks.null import BAR, table
from qml.bench.null import Pool, simulate
from qml.bench.null_drawn import Drawn

SPREADS = ((0.0, 0.3), (1.0, 0.1))
"""What rows and seeds add, as `Drawn.by_row` and `Drawn.by_seed`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 if no headline credits a circuit too often."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.null_drawn",
        description='How often a verdict says "better" of a contestant that is no better: answers are drawn here.',
    )
    parser.add_argument("kind", choices=("seeds", "choice"), help="few seeds on one test set; the best of many hybrids")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[2, 3, 4, 5, 10], help="seeds of a benchmark (%(default)s)"
    )
    parser.add_argument("--hybrids", type=int, nargs="+", default=[1, 20], help="of a choice (%(default)s)")
    parser.add_argument("--rows", type=int, default=300, help="tested in each seed (%(default)s)")
    parser.add_argument("--benchmarks", type=int, default=1000, help="simulated benchmarks a design (%(default)s)")
    options = parser.parse_args(arguments)
    found = []
    for design in designs(options):
        found.append(simulate(Pool({}), design, options.benchmarks))
        print(table(found[-1:], head=len(found) == 1), flush=True)
    return 0 if all(tally.claimed <= BAR for tally in found) else 1


def designs(options: argparse.Namespace) -> list[Drawn]:
    """Those of the command line."""
    if options.kind == "seeds":
        return [Drawn(count, options.rows, by_row=a, by_seed=b) for a, b in SPREADS for count in options.seeds]
    return [
        Drawn(count, options.rows, hybrids, splits, by_row=4.0)
        for splits in (True, False)
        for hybrids in options.hybrids
        for count in options.seeds
    ]


if __name__ == "__main__":
    raise SystemExit(main())
