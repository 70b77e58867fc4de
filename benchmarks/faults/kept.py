"""The record of the fault matrix: written after each cell, so that a run that is ended keeps what it has found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.faults.matrix import Alone, Found
from benchmarks.machine import chosen_cores, description
from qml.base.files import write_json

SCHEMA = 1
DERIVED = ("wrong", "shows", "seconds")


class Kept:
    """What the matrix has found, by cell; on disk after each one, where a file is named.

    A file of the same commit is continued: what is in it is not run again.

    Args:
        path: of the file; None keeps nothing.

    Raises:
        SystemExit: the file holds a run of another commit, or of files that no commit has.
    """

    def __init__(self, path: Path | None):
        self.path, self.machine = path, description(chosen_cores(None))
        self._rows: dict[tuple[str, ...], tuple[Found | Alone, float]] = {}
        if path is not None and path.exists():
            self._continue(path)

    def __contains__(self, key: tuple[str, ...]) -> bool:
        return key in self._rows

    def __getitem__(self, key: tuple[str, ...]) -> Found | Alone:
        return self._rows[key][0]

    def add(self, one: Found | Alone, seconds: float) -> None:
        """Keep a cell or a control, and what it took."""
        self._rows[key_of(one)] = (one, round(seconds, 2))
        if self.path is not None:
            write_json(self.path, self.record())

    def record(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "schema": SCHEMA,
            "machine": self.machine,
            "cells": [asdict(one) | {"wrong": list(one.wrong), "seconds": seconds} for one, seconds in self._of(Found)],
            "alone": [
                asdict(one) | {"shows": one.shows, "wrong": one.wrong, "seconds": seconds}
                for one, seconds in self._of(Alone)
            ],
        }

    def _of(self, kind: type) -> Iterator[tuple[Any, float]]:
        return (row for row in self._rows.values() if isinstance(row[0], kind))

    def _continue(self, path: Path) -> None:
        """Take over what a file holds."""
        kept = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(kept, dict) or kept.get("schema") != SCHEMA or "cells" not in kept:
            raise SystemExit(f"{path} is no record of `python -m benchmarks.faults` of schema {SCHEMA}. Name another.")
        theirs, ours = kept["machine"]["commit"], self.machine["commit"]
        if theirs != ours or not ours or ours.endswith("-dirty"):
            raise SystemExit(
                f"{path} holds a run of commit {theirs or 'unknown'}; this is {ours or 'unknown'}. A record is "
                "continued at its own commit, without changed files. Name another file, or remove it."
            )
        self.machine = kept["machine"]
        for kind, rows in ((Found, kept["cells"]), (Alone, kept["alone"])):
            for row in rows:
                one = kind(**{name: value for name, value in row.items() if name not in DERIVED})
                self._rows[key_of(one)] = (one, row["seconds"])


def key_of(one: Found | Alone) -> tuple[str, ...]:
    """What names a cell: rig, fault and step; of a control, rig and fault."""
    return (one.rig, one.fault, one.step) if isinstance(one, Found) else (one.rig, one.fault)
