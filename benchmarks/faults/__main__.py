"""`python -m benchmarks.faults`: jobs, results and money when a machine misbehaves and the client is killed.

Each fault of a server is crossed with a crash of the client at each step of a submission; then the request is asked
again until it has a result. In the end the server has billed one job, the store has recorded every job that the server
has, and counted what the server bills. Beside it stands what the vendor's client alone leaves behind the same fault.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.faults.matrix import Alone, Found, alone, cell, started, steps_of
from benchmarks.faults.rig import FAULTS, KILLED, RIGS, rig_named
from benchmarks.machine import chosen_cores, description

COLUMNS = ("rig", "fault", "crash at", "calls", "jobs", "recorded", "ran", "live", "results", "billed", "counted")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 if nothing was lost or paid twice, and each control that must lose a job did."""
    options = _options(arguments)
    found: list[Found] = []
    controls: list[Alone] = []
    begun = time.perf_counter()
    print(row(COLUMNS))
    for name in options.rigs:
        rig = rig_named(name)
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            with started(rig, folder / "server") as server:
                for fault in [fault for fault in rig.faults if fault in options.faults]:
                    for step in [step for step in steps_of(rig) if step in (options.steps or steps_of(rig))]:
                        found.append(cell(rig, name, server, fault, step, folder))
                        print(shown(found[-1]), flush=True)
                    if options.control:
                        controls.append(alone(rig, name, server, fault, folder))
                        print(control(controls[-1]), flush=True)
                if options.control:
                    controls.append(alone(rig, name, server, KILLED, folder))
                    print(control(controls[-1]), flush=True)
    wrong = [one for one in found if one.wrong]
    demanded = [one for one in controls if one.demanded]
    missed = [one for one in demanded if one.wrong]
    print(
        f"\n{len(found)} cells in {time.perf_counter() - begun:.0f} s: {len(found) - len(wrong)} with one result, one "
        f"paid job and equal accounts, {len(wrong)} without. Controls: the client alone loses or repeats jobs under "
        f"{sum(bool(one.shows) for one in controls)} of {len(controls)} faults; it must under {len(demanded)}, and "
        f"does under {len(demanded) - len(missed)} of them."
    )
    if options.json:
        options.json.write_text(json.dumps(record(found, controls), indent=1) + "\n", encoding="utf-8")
    return int(bool(wrong or missed))


def record(found: Sequence[Found], controls: Sequence[Alone]) -> dict[str, Any]:
    """What is kept of a run."""
    return {
        "machine": description(chosen_cores(None)),
        "cells": [asdict(one) | {"wrong": one.wrong} for one in found],
        "alone": [asdict(one) | {"shows": one.shows, "wrong": one.wrong} for one in controls],
    }


def row(parts: Sequence[object]) -> str:
    """A line of the table."""
    widths = (8, 13, 11, 5, 4, 8, 4, 4, 7, 6, 7)
    return "  ".join(f"{part!s:{width}}" for part, width in zip(parts, widths, strict=True)).rstrip()


def shown(one: Found) -> str:
    """A cell as a line; a step that never came is in brackets."""
    step = one.step if one.crashed or one.step == "-" else f"({one.step})"
    parts = (one.rig, one.fault, step, one.calls, one.jobs, one.recorded, one.ran, one.live, one.results)
    line = row((*parts, one.billed, one.counted))
    return f"{line}  <- {'; '.join(one.wrong)}" if one.wrong else line


def control(one: Alone) -> str:
    """The client alone as a line."""
    parts = (one.rig, one.fault, "client alone", "", one.jobs, "", one.ran, one.live, one.said == "result", "", "")
    return f"{row(parts):<98}{one.shows or one.wrong or one.said}"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--rigs", nargs="+", default=[*RIGS], help=f"of {', '.join(RIGS)}, or package.module:name")
    parser.add_argument("--faults", nargs="+", default=[*FAULTS], choices=[*FAULTS], metavar="FAULT")
    parser.add_argument("--steps", nargs="+", default=[], metavar="STEP", help='"-" is no crash')
    parser.add_argument("--no-control", dest="control", action="store_false", help="not the client alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the record")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
