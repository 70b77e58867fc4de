"""`python -m benchmarks.epoch`: an epoch of the hybrid beside an epoch of its classical twin, in turns.

Both networks train on the same batches of a recipe's training split; turns of a few batches alternate, so that a
change of the machine's speed meets both. The time spent inside the executor gives the circuit's share.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from qml import config
from qml.backends import Executor, executor_named
from qml.estimators.data_choice import signature_of
from qml.estimators.fits import step_fit

BAR = 1.15


@dataclass
class TimedExecutor:
    """Another Executor, and the wall seconds spent in it."""

    inner: Executor
    seconds: float = field(default=0.0)

    @property
    def capabilities(self):
        """Those of the Executor inside."""
        return self.inner.capabilities

    def forward(self, *arguments: Any, **options: Any):
        """Timed."""
        begin = time.perf_counter()
        values = self.inner.forward(*arguments, **options)
        self.seconds += time.perf_counter() - begin
        return values

    def vjp(self, *arguments: Any, **options: Any):
        """Timed."""
        begin = time.perf_counter()
        gradients = self.inner.vjp(*arguments, **options)
        self.seconds += time.perf_counter() - begin
        return gradients


@dataclass
class Runner:
    """One network in training, and what it has taken so far."""

    step: Any
    state: Any
    wall_s: float = 0.0
    cpu_s: float = 0.0

    def train(self, batches: list[Any]) -> None:
        """Update on each batch, on the clock."""
        wall, cpu = time.perf_counter(), time.process_time()
        for batch in batches:
            self.state, _ = self.step.update(self.state, batch)
        self.wall_s += time.perf_counter() - wall
        self.cpu_s += time.process_time() - cpu


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 if the bar is met."""
    options = _options(arguments)
    job = config.build([f"recipe={options.recipe}"])
    source = job.data.source(0)
    arms = {arm.info.name: arm for arm in job.contestants(signature_of(source), False)}
    timed = TimedExecutor(executor_named(None))
    task = arms["hybrid"].training.task(source.schema.target).prepared(source)
    runners = {}
    for name in ("hybrid", "twin"):
        arm = arms[name]
        spec = replace(arm.spec, executor=timed) if name == "hybrid" else arm.spec
        step = step_fit(spec, replace(arm.training, schedule="constant"), progress=False).step
        runners[name] = Runner(step, step.init(spec.build, task, 0))
    size = arms["hybrid"].training.batch_size
    for runner in runners.values():  # compile, fill caches
        runner.train(list(islice(source.batches("train", size, 0), 3)))
        runner.wall_s = runner.cpu_s = 0.0
    timed.seconds = 0.0
    ratios = [_epoch(runners, source, size, epoch, options.turn) for epoch in range(options.epochs)]
    return _report(options, runners, timed, ratios, source.schema.sizes["train"])


def _epoch(runners: dict[str, Runner], source: Any, size: int, epoch: int, turn: int) -> float:
    """One epoch of both in turns; the ratio of their wall seconds."""
    before = {name: runner.wall_s for name, runner in runners.items()}
    batches = source.batches("train", size, 0, epoch=epoch)
    count = 0
    while chunk := list(islice(batches, turn)):
        for name in sorted(runners, reverse=bool(count % 2)):
            runners[name].train(chunk)
        count += 1
    spent = {name: runner.wall_s - before[name] for name, runner in runners.items()}
    print(f"epoch {epoch + 1}: hybrid {spent['hybrid']:.2f} s, twin {spent['twin']:.2f} s", flush=True)
    return spent["hybrid"] / spent["twin"]


def _report(options: Any, runners: dict[str, Runner], timed: TimedExecutor, ratios: list[float], rows: int) -> int:
    """Print what was found."""
    hybrid, twin = runners["hybrid"], runners["twin"]
    median = statistics.median(ratios)
    print(f"{platform.platform()}, {os.cpu_count()} cores, recipe {options.recipe}, {rows} training rows")
    print(f"hybrid / twin, wall time of an epoch: median {median:.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
    print(f"hybrid / twin, CPU time: {hybrid.cpu_s / twin.cpu_s:.3f}")
    print(f"share of the hybrid's wall time inside the circuit: {timed.seconds / hybrid.wall_s:.1%}")
    print(f"bar: at most {BAR}: {'met' if median <= BAR else 'NOT met'}")
    return 0 if median <= BAR else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.epoch",
        description="Wall and CPU time of a training epoch of the hybrid beside its classical twin, in turns of a "
        "few batches in one process, and the share of time spent in the circuit.",
        epilog="Exit status 0 means that the bar is met. QML_DATA names the folder of data sets.",
    )
    parser.add_argument("--recipe", default="fashion_mnist", help="recipe of conf/recipe (default: fashion_mnist)")
    parser.add_argument("--epochs", type=int, default=5, help="epochs of each network (default: 5)")
    parser.add_argument("--turn", type=int, default=20, help="batches in a turn (default: 20)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
