"""One evaluation of a trained model on a machine as a row, and a table over such rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from qml.base.digest import digest
from qml.base.errors import DataError
from qml.base.files import write_json

VERSION = 1
NAMES = "hardware-*.json"
SHOWN = {"classes": ("accuracy", "log_loss"), "number": ("r2", "rmse")}


@dataclass(frozen=True)
class Score:
    """A metric of the evaluated rows.

    Args:
        value: of these rows.
        se_rows: standard error over rows: how far another draw of rows would lie.
        se_shots: standard deviation over draws of shots; None where values are exact or their variance is not known.
    """

    value: float
    se_rows: float
    se_shots: float | None = None


@dataclass(frozen=True)
class HardwareRecord:
    """What one evaluation gave and what it took.

    Args:
        identity: what decides the scores: the words of the backend, its label, model, data, rows and seeds.
        scores: metric -> score.
        values_rms: root mean square of what the circuit's values differ from exact ones; None for a circuit too wide.
        work: circuits, executions, jobs, transpilations, seconds and money.
        noise: name and digest of the noise.
        calibrations: identities of the machine's calibrations at the time of the runs.
        provenance: versions, machine and time.
    """

    identity: Mapping[str, Any]
    scores: Mapping[str, Score]
    values_rms: float | None
    work: Mapping[str, Any]
    noise: Mapping[str, Any]
    calibrations: Sequence[str] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Content key of what was evaluated."""
        return digest(self.identity)

    def write(self, folder: Path) -> Path:
        """Keep it in `folder`, named by its content key."""
        path = path_of(folder, self.identity)
        write_json(path, {"version": VERSION, **asdict(self)})
        return path

    def line(self) -> dict[str, str]:
        """Cells of a table."""
        words, work = self.identity["backend"], self.work
        shown = [name for name in SHOWN[self.identity["kind"]] if name in self.scores]
        cost = "" if work.get("amount") is None else f"{work['amount']:.2f} {work.get('currency') or ''}".strip()
        return {
            "backend": _machine(words),
            "noise": words["noise"],
            "shots": "exact" if words["shots"] is None else str(words["shots"]),
            "mitigation": "+".join(_name(entry) for entry in words["mitigation"]) or "-",
            **{name: _score(self.scores[name]) for name in shown},
            "rms of values": "" if self.values_rms is None else f"{self.values_rms:.4f}",
            "circuits": f"{work['circuits']:,}",
            "jobs": f"{work['n_jobs']:,}",
            "CPU s": f"{work['cpu_s']:.1f}",
            "cost": cost,
        }


def path_of(folder: Path, identity: Mapping[str, Any]) -> Path:
    """Where the record of that identity lies."""
    return folder / f"hardware-{digest(identity)[:16]}.json"


def read(path: Path) -> HardwareRecord:
    """A record that `HardwareRecord.write` has kept.

    Raises:
        DataError: the file is no such record.
    """
    try:
        plain = json.loads(path.read_text())
        scores = {name: Score(**score) for name, score in plain["scores"].items()}
        rest = {key: plain[key] for key in ("identity", "values_rms", "work", "noise", "calibrations", "provenance")}
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise DataError(f"A record of experiments.hardware was looked for in {path}: {error}. Delete it.") from error
    return HardwareRecord(scores=scores, **rest)


SHARED = ("model", "data", "split", "rows", "seed")  # what records in one table have in common


def records(folder: Path, like: Mapping[str, Any] | None = None) -> list[HardwareRecord]:
    """All records in `folder`; those of the same model and rows where an identity is given; in a table's order."""
    found = [read(path) for path in sorted(folder.glob(NAMES))]
    chosen = [one for one in found if like is None or all(one.identity[key] == like[key] for key in SHARED)]
    return sorted(chosen, key=lambda one: _order(one.identity))


def table(found: Sequence[HardwareRecord]) -> str:
    """A view over records: one line each; what stands behind a score is its standard error over rows, then shots."""
    if not found:
        return "no records"
    lines = [one.line() for one in found]
    heads = list(dict.fromkeys(head for line in lines for head in line))
    heads = [head for head in heads if any(line.get(head) for line in lines)]
    widths = {head: max(len(head), *(len(line.get(head, "")) for line in lines)) for head in heads}
    rows = [dict.fromkeys(heads, ""), *lines]
    rows[0] = {head: head for head in heads}
    return "\n".join("  ".join(f"{row.get(head, ''):<{widths[head]}}" for head in heads).rstrip() for row in rows)


def _order(identity: Mapping[str, Any]) -> tuple:
    words = identity["backend"]
    exact = words["noise"] == "none" and words["shots"] is None
    names = [_name(entry) for entry in words["mitigation"]]
    return identity["model"], not exact, words["executor"], words["noise"], words["shots"] or 0, len(names), names


def _machine(words: Mapping[str, Any]) -> str:
    """Who ran it, with the device where one was named; of a long address its end."""
    device = words.get("options", {}).get("device")
    return words["executor"] if device is None else f"{words['executor']}({str(device).rsplit('/', 1)[-1]})"


def _name(entry: Any) -> str:
    """The name of a mitigation, whose options a mapping gives."""
    return str(next(iter(entry))) if isinstance(entry, Mapping) else str(entry)


def _score(score: Score) -> str:
    shots = "" if score.se_shots is None else f" ±{score.se_shots:.4f}"
    return f"{score.value:.4f} ±{score.se_rows:.4f}{shots}"
