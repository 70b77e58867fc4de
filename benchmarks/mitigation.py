"""`python -m benchmarks.mitigation`: what each mitigation makes of the error on devices, and what it costs."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import description
from benchmarks.record import RESULTS
from qml.backends.aer import AerBackend
from qml.backends.backend import Backend, Outcome, Target
from qml.backends.measuring import settings_of
from qml.backends.mitigation import mitigated
from qml.backends.noise import noise_named
from qml.backends.reference import ReferenceExecutor
from qml.backends.transpiling import transpile
from qml.circuits import Program, angle, basic
from qml.circuits.slots import slots

DEVICES = ("fake_manila", "fake_lagos", "fake_guadalupe")
ARMS: dict[str, list[Any]] = {
    "raw": [],
    "readout": ["readout"],
    "m3": ["m3"],
    "twirled_readout": ["twirled_readout"],
    "zne linear": ["zne"],
    "zne exponential": [{"zne": {"method": "exponential"}}],
    "readout + zne linear": ["readout", "zne"],
    "readout + zne quadratic": ["readout", {"zne": {"method": "quadratic"}}],
    "readout + zne exponential": ["readout", {"zne": {"method": "exponential"}}],
    "readout + zne exponential, global": ["readout", {"zne": {"method": "exponential", "fold": "global"}}],
}


@dataclass(frozen=True)
class CountingBackend:
    """Counts what goes through to another Backend: jobs, bound circuits, shots."""

    inner: Backend
    jobs: list[tuple[int, int]] = field(default_factory=list, compare=False)

    @property
    def target(self) -> Target:
        return self.inner.target

    def run(self, program: Program, slots_RS: np.ndarray, *, shots: int | None, seed: int | None) -> Outcome:
        circuits = len(slots_RS) * (len(settings_of(program.readout)) if shots else 1)
        self.jobs.append((circuits, circuits * (shots or 0)))
        return self.inner.run(program, slots_RS, shots=shots, seed=seed)


@dataclass(frozen=True)
class Case:
    """Circuits with their exact values."""

    program: Program
    slots_RS: np.ndarray
    exact_RK: np.ndarray

    @classmethod
    def of(cls, depth: int, rows: int) -> Case:
        """The classifier of four qubits: angles of the inputs before every layer, <Z> of each qubit."""
        layer = angle(4) + basic(4, depth=1)
        program = layer
        for _ in range(depth - 1):
            program = program + layer
        rng = np.random.default_rng(0)
        inputs, weights = rng.normal(size=(rows, 4)), rng.normal(size=program.n_weights)
        exact = ReferenceExecutor().forward(program, inputs, weights).values_BK
        return cls(program, slots(program, inputs, weights), exact)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 when readout mitigation and both together reduce the error on every device."""
    options = _options(arguments)
    machine = description(sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else [0])
    packages = {name: version(name) for name in ("numpy", "qiskit", "qiskit-aer")}
    print(f"{machine['cpu']}; " + ", ".join(f"{name} {number}" for name, number in packages.items()))
    print(f"4 qubits, {options.depth} layers, {options.rows} rows, {options.shots} shots, {options.seeds} seeds\n")
    case = Case.of(options.depth, options.rows)
    measured = {device: measure(device, case, options.shots, options.seeds) for device in options.devices}
    kept = {
        "machine": machine,
        "packages": packages,
        "rules": {key: getattr(options, key) for key in ("depth", "rows", "shots", "seeds")},
        "devices": measured,
    }
    if options.json is not None:
        path = Path(options.json or RESULTS / f"{machine['date'][:10]}-mitigation.json")
        path.write_text(json.dumps(kept, indent=1) + "\n")
        draw(kept, path.with_suffix(".png"))
    return sum(not reduced(rows["arms"]) for rows in measured.values())


def reduced(arms: Mapping[str, Mapping[str, float]]) -> bool:
    """Whether readout mitigation, and it with extrapolation, have a smaller error than none."""
    raw = arms["raw"]["rms"]
    return arms["readout"]["rms"] < raw and arms["readout + zne linear"]["rms"] < raw


def measure(device: str, case: Case, shots: int, seeds: int) -> dict[str, Any]:
    """All arms on one device, printed as a table."""
    aer = AerBackend(noise=noise_named(device))
    native = transpile(case.program, aer.target)
    pairs = sum(len(gate.wires) == 2 for gate in native.gates)
    wires = list(native.readout.wires)
    print(f"{device}: {pairs} gates on two qubits, read on qubits {wires}")
    head = ("limit", "rms", "+-", "told", "fell back", "jobs", "circuits", "shots", "CPU s")
    print(f"  {'':36}" + "".join(f"{title:>11}" for title in head))
    arms = {}
    for name, words in ARMS.items():
        arms[name] = row = one(aer, words, case, shots, seeds)
        cells = [f"{row[key]:.4f}" for key in ("limit", "rms", "rms_error", "told")]
        cells += [f"{100 * row['fell_back']:.0f} %" if row["fell_back"] is not None else ""]
        cells += [f"{row[key]:,}" for key in ("jobs", "circuits", "shots")] + [f"{row['cpu_s']:.2f}"]
        print(f"  {name:36}" + "".join(f"{cell:>11}" for cell in cells), flush=True)
    print()
    return {"pairs": pairs, "wires": wires, "arms": arms}


def one(aer: AerBackend, words: list[Any], case: Case, shots: int, seeds: int) -> dict[str, Any]:
    """One arm: its error without end of shots, from shots over several seeds, and its cost of a first run."""
    limit = mitigated(aer, words).run(case.program, case.slots_RS, shots=None, seed=None).values_RK
    errors, told, fell = [], [], []
    counting, cpu = CountingBackend(aer), 0.0
    for seed in range(1, seeds + 1):
        counting = CountingBackend(aer)
        calibrated = [_seeded(word, seed) for word in words]  # a calibration of its own
        start = time.process_time()
        outcome = mitigated(counting, calibrated).run(case.program, case.slots_RS, shots=shots, seed=seed)
        cpu += time.process_time() - start
        errors.append(_rms(outcome.values_RK - case.exact_RK))
        told.append(np.sqrt(np.mean(outcome.variance_RK)))
        extrapolation = outcome.record.get("extrapolation", {})
        if "fell_back" in extrapolation:
            fell.append(extrapolation["fell_back"] / extrapolation["of_values"])
    return {
        "limit": _rms(limit - case.exact_RK),
        "rms": float(np.mean(errors)),
        "rms_error": float(np.std(errors, ddof=1) / np.sqrt(seeds)) if seeds > 1 else float("nan"),
        "told": float(np.mean(told)),
        "fell_back": float(np.mean(fell)) if fell else None,
        "jobs": len(counting.jobs),
        "circuits": sum(circuits for circuits, _ in counting.jobs),
        "shots": sum(executions for _, executions in counting.jobs),
        "cpu_s": cpu / seeds,
    }


def _seeded(word: Any, seed: int) -> dict[str, dict[str, Any]]:
    """The mitigation of that name with its calibration drawn anew."""
    ((name, options),) = word.items() if isinstance(word, dict) else ((word, {}),)
    return {name: options if name == "zne" else {**options, "seed": seed}}


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def draw(kept: Mapping[str, Any], path: Path) -> None:
    """Write the picture of a record: errors of each arm on each device."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    devices = kept["devices"]
    figure, panels = plt.subplots(1, len(devices), figsize=(3.6 * len(devices), 3.6), sharey=True, layout="constrained")
    for axes, (device, rows) in zip(np.atleast_1d(panels), devices.items(), strict=True):
        names = list(rows["arms"])[::-1]
        arms = [rows["arms"][name] for name in names]
        axes.barh(names, [arm["rms"] for arm in arms], xerr=[arm["rms_error"] for arm in arms], color="#56b4e9")
        axes.plot([arm["limit"] for arm in arms], names, "D", color="#d55e00", markersize=4, linestyle="none")
        axes.set_title(f"{device}, {rows['pairs']} two-qubit gates", fontsize=9)
        axes.set_xlabel("root-mean-square error of <Z>")
    figure.suptitle(f"bars: {kept['rules']['shots']} shots a circuit; diamonds: shots without end", fontsize=9)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.mitigation",
        description="Errors of <Z> against exact values on Aer with the noise of three devices, of every mitigation "
        "alone and of readout mitigation inside extrapolation: without end of shots (limit), from shots (rms, mean "
        "over seeds with its standard error, each with a calibration of its own), what the variance tells of it, and "
        "what a first run takes: jobs, circuits and shots, calibration included.",
        epilog="Exit status 0 means that readout mitigation, and it with extrapolation, reduced the error everywhere.",
    )
    parser.add_argument("--devices", nargs="+", default=DEVICES, metavar="NAME", help="default: all three")
    parser.add_argument("--depth", type=int, default=2, help="layers (default: 2)")
    parser.add_argument("--rows", type=int, default=8, help="rows of inputs (default: 8)")
    parser.add_argument("--shots", type=int, default=4096, help="of each circuit (default: 4096)")
    parser.add_argument("--seeds", type=int, default=5, help="draws (default: 5)")
    parser.add_argument("--json", nargs="?", const="", metavar="FILE", help="record, and a picture beside it")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
