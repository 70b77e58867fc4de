"""`python -m benchmarks.backends`: one hybrid step on every route, ours and those of peers."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context

from benchmarks.backends.ours import EXACT, Route, run_route
from benchmarks.backends.ours import ROUTES as OURS
from benchmarks.backends.peers import ROUTES as PEERS
from benchmarks.backends.step import Step
from benchmarks.backends.table import table
from benchmarks.backends.task import Answer, Task, exact, task
from benchmarks.machine import description

SLOW = "takes minutes; --slow runs it"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the status is not 0 where a route of ours misses what it promises."""
    options = _options(arguments)
    asked = task(options.shots)
    answer = exact(asked)
    machine = description(sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else [0])
    print(f"{machine['cpu']}, {len(machine['cores'])} cores; 4 qubits, 24 rotations, 8 rows, {options.shots} shots\n")
    ours = _ours(asked, options)
    faults = [fault for route, step in zip(OURS, ours, strict=True) for fault in _faults(route, step, answer, ours)]
    print(table("ours", ours, answer), flush=True)
    theirs = [
        Step(route.name, reason=SLOW) if route.slow and not options.slow else route.run(asked, options.again_below)
        for route in (() if options.no_peers else PEERS)
    ]
    print(table("peers", theirs, answer))
    if options.json:
        rows = [_row(step, answer) for step in (*ours, *theirs)]
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"machine": machine, "task": asked.plain(), "steps": rows}, file, indent=1)
    print("\n".join(faults) or "every route of ours kept its promises: errors, jobs, transpilations")
    return bool(faults)


def _ours(asked: Task, options: argparse.Namespace) -> list[Step]:
    """Each route of ours in a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        return [
            Step(route.name, reason=SLOW)
            if route.slow and not options.slow
            else processes.submit(run_route, place, asked, options.again_below).result()
            for place, route in enumerate(OURS)
        ]


def _faults(route: Route, step: Step, answer: Answer, ours: Sequence[Step]) -> list[str]:
    """Where a route of ours has other counts or a larger error than it promises."""
    if step.answer is None or step.first is None:
        return []
    found = []
    worst = max(step.answer.errors(answer))
    if worst > route.error:
        found.append(f"{step.name}: error {worst:.1e}, promised {route.error:.1e}")
    theirs = next((other.answer for other in ours if other.name == route.like), None)
    if theirs is not None and max(step.answer.errors(theirs)) > EXACT:
        found.append(f"{step.name}: differs from {route.like} by {max(step.answer.errors(theirs)):.1e}")
    for name in ("jobs", "transpilations"):
        promised, counted = getattr(route, name), getattr(step.first, name)
        if promised is not None and promised != counted:
            found.append(f"{step.name}: {counted} {name}, promised {promised}")
    return found


def _row(step: Step, answer: Answer) -> dict:
    row = {**asdict(step), "errors": step.answer.errors(answer) if step.answer else None}
    row.pop("answer")
    return row


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.backends",
        description="Values and gradients of one small hybrid step (4 qubits, 8 rows, 16 weights) on each route: "
        "errors against exact values without noise, circuits, transpilations and jobs asked for, CPU and wall seconds "
        "of the first step and of the next. Braket's routes run where QML_BRAKET_PYTHON names the environment that "
        "`make braket` makes, routes of peers in those that `python -m benchmarks.peers pennylane_qiskit qiskit_ml` "
        "makes.",
        epilog="Exit status 0 means that each route of ours kept its promises.",
    )
    parser.add_argument("--shots", type=int, default=1024, help="of each circuit, on routes that draw (default: 1024)")
    parser.add_argument("--slow", action="store_true", help="also routes that take minutes")
    parser.add_argument("--no-peers", action="store_true", help="our routes only")
    parser.add_argument(
        "--again-below",
        type=float,
        default=60.0,
        help="a second step where the first took fewer seconds (default: 60)",
    )
    parser.add_argument("--json", help="file for the figures")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
