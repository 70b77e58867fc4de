"""A run as a JSON file: everything that was measured, with the machine, so that tables and plots need nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.bars import Verdict
from benchmarks.machine import short_name
from benchmarks.peers.environments import ROOT
from benchmarks.rounds import Contender, Result, Rules
from benchmarks.workload import Size

SCHEMA = 1
RESULTS = ROOT / "benchmarks" / "results"


def record(
    machine: Mapping[str, Any],
    rules: Rules,
    device: str,
    contenders: Sequence[Contender],
    measured: Mapping[Size, Sequence[Result]],
    found: Sequence[Verdict],
    **more: Any,
) -> dict[str, Any]:
    """A run as plain values; see `benchmarks/README.md` for what each key holds.

    Args:
        machine: from `benchmarks.machine.description`.
        rules: how long and how often.
        device: "cpu" or "cuda".
        contenders: who was asked, with versions.
        measured: results of each size.
        found: ratios and bars.
        **more: further sections, such as `bounds` and `memory`.
    """
    peers = [
        {**asdict(c.peer), "versions": c.versions, "missing": c.missing, "devices": list(c.peer.devices)}
        for c in contenders
    ]
    sizes = [{"size": _triple(size), "results": [r.row() for r in rows]} for size, rows in measured.items()]
    bars = [{**asdict(verdict), "size": _triple(verdict.size), "met": verdict.met} for verdict in found]
    kept = {"schema": SCHEMA, "machine": dict(machine), "rules": asdict(rules), "device": device, "peers": peers}
    return {**kept, "sizes": sizes, "bars": bars, **more}


def dated(machine: Mapping[str, Any]) -> Path:
    """Where the record of a run on this machine is kept: one file a day."""
    return RESULTS / f"{machine['date'][:10]}-{short_name(machine)}.json"


def write(kept: Mapping[str, Any], path: Path) -> None:
    """Write a record, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1) + "\n")


def read(path: Path) -> dict[str, Any]:
    """Read a record.

    Raises:
        ValueError: the file is no record of this schema.
    """
    kept = json.loads(path.read_text())
    if not isinstance(kept, dict) or kept.get("schema") != SCHEMA:
        raise ValueError(f"{path} is no result of `python -m benchmarks.step --json` of schema {SCHEMA}.")
    return kept


def _triple(size: Size) -> list[int]:
    return [size.n_qubits, size.depth, size.rows]
