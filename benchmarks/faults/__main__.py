"""`python -m benchmarks.faults`: jobs, results and money when a machine misbehaves and the client is killed.

Each fault of a server is crossed with a crash of the client at each step of a submission; then the request is asked
again until it has a result. In the end the server has billed one job, the store has recorded every job that the server
has, and counted what the server bills. Beside it stands what the vendor's client alone leaves behind the same fault.
With `--json FILE` the record is written after each cell, and the same command at the same commit continues it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.faults.kept import Kept
from benchmarks.faults.matrix import Alone, Found, alone, cell, started, steps_of
from benchmarks.faults.rig import FAULTS, KILLED, RIGS, Rig, Server, rig_named

COLUMNS = ("rig", "fault", "crash at", "calls", "jobs", "recorded", "ran", "live", "results", "billed", "counted")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 if nothing was lost or paid twice, and each control that must lose a job did."""
    options = _options(arguments)
    kept = Kept(options.json)
    found: list[Found | Alone] = []
    begun = time.perf_counter()
    print(row(COLUMNS))
    for name in options.rigs:
        rig = rig_named(name)
        keys = keys_of(rig, options)
        with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
            folder, server = Path(scratch), None
            for key in keys:
                if key not in kept:
                    server = server or stack.enter_context(started(rig, folder / "server"))
                    kept.add(*timed(rig, name, server, key, folder))
                found.append(kept[key])
                print(shown(found[-1]), flush=True)
    print(f"\n{summary(found)} ({time.perf_counter() - begun:.0f} s)")
    return int(any(one.wrong for one in found))


def keys_of(rig: Rig, options: argparse.Namespace) -> list[tuple[str, ...]]:
    """What is run of a rig, in turn: each fault with each step, and behind them its control."""
    keys: list[tuple[str, ...]] = []
    for fault in [fault for fault in rig.faults if fault in options.faults]:
        keys += [(rig.name, fault, step) for step in steps_of(rig) if step in (options.steps or steps_of(rig))]
        keys += [(rig.name, fault)] * options.control
    return keys + [(rig.name, KILLED)] * options.control


def timed(rig: Rig, name: str, server: Server, key: tuple[str, ...], folder: Path) -> tuple[Found | Alone, float]:
    """A cell, or a control, and its seconds."""
    begun, (fault, *steps) = time.perf_counter(), key[1:]
    one = cell(rig, name, server, fault, steps[0], folder) if steps else alone(rig, name, server, fault, folder)
    return one, time.perf_counter() - begun


def summary(found: Sequence[Found | Alone]) -> str:
    """What all of it says."""
    cells = [one for one in found if isinstance(one, Found)]
    controls = [one for one in found if isinstance(one, Alone)]
    wrong = sum(bool(one.wrong) for one in cells)
    demanded = [one for one in controls if one.demanded]
    cut = sum(one.cut and not one.shows for one in controls)
    return (
        f"{len(cells)} cells: {len(cells) - wrong} with one result, one paid job and equal accounts, {wrong} without. "
        f"Controls: of {len(controls)} faults the client alone loses or repeats jobs under "
        f"{sum(bool(one.shows) for one in controls)}, and was cut by the time limit, which shows nothing, under {cut}; "
        f"it must lose or repeat under {len(demanded)}, and does under {sum(not one.wrong for one in demanded)}."
    )


def row(parts: Sequence[object]) -> str:
    """A line of the table."""
    widths = (8, 13, 11, 5, 4, 8, 4, 4, 7, 6, 7)
    return "  ".join(f"{part!s:{width}}" for part, width in zip(parts, widths, strict=True)).rstrip()


def shown(one: Found | Alone) -> str:
    """A cell as a line, with a step that never came in brackets; or the client alone."""
    if isinstance(one, Alone):
        parts = (one.rig, one.fault, "client alone", "", one.jobs, "", one.ran, one.live, one.said == "result", "", "")
        return f"{row(parts):<98}{one.told}"
    step = one.step if one.crashed or one.step == "-" else f"({one.step})"
    parts = (one.rig, one.fault, step, one.calls, one.jobs, one.recorded, one.ran, one.live, one.results)
    line = row((*parts, one.billed, one.counted))
    return f"{line}  <- {' '.join('; '.join(one.wrong).split())}" if one.wrong else line


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--rigs", nargs="+", default=[*RIGS], help=f"of {', '.join(RIGS)}, or package.module:name")
    parser.add_argument("--faults", nargs="+", default=[*FAULTS], choices=[*FAULTS], metavar="FAULT")
    parser.add_argument("--steps", nargs="+", default=[], metavar="STEP", help='"-" is no crash')
    parser.add_argument("--no-control", dest="control", action="store_false", help="not the client alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the record; the same command continues it")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
