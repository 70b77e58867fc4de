"""`python -m benchmarks.mitigation_mitiq`: our folding and extrapolation beside mitiq's, number by number.

mitiq lives in an environment of its own, `python -m benchmarks.peers mitiq`: it pins NumPy below 2.3.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import description
from benchmarks.mitigation import DEVICES, Case
from benchmarks.peers.environments import missing, python_of
from benchmarks.record import RESULTS
from qml.backends.aer import AerBackend
from qml.backends.mitigation.extrapolation import extrapolated
from qml.backends.mitigation.flipping import bound
from qml.backends.mitigation.folding import folded
from qml.backends.noise import NoiseModel, noise_named
from qml.backends.transpiling import compact, transpile
from qml.circuits import Program

WORKER = Path(__file__).with_name("mitigation_mitiq_worker.py")
SCALES = (1, 3, 5)
NAMES = {"CNOT": "cx", "RZ": "rz", "SX": "sx", "PauliX": "x", "Identity": "id"}
TOLERANCE = 1e-9


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 when local folding and the polynomial fits agree everywhere."""
    options = _options(arguments)
    reason = missing("mitiq")
    if reason is not None:
        print(f"mitiq is {reason.replace('benchmarks.peers', 'benchmarks.peers mitiq')}")
        return 2
    case = Case.of(options.depth, options.rows)
    machine = description(sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else [0])
    measured = {device: compare(device, case) for device in options.devices}
    if options.json is not None:
        path = Path(options.json or RESULTS / f"{machine['date'][:10]}-mitigation-mitiq.json")
        rules = {"depth": options.depth, "rows": options.rows, "scales": SCALES}
        path.write_text(json.dumps({"machine": machine, "rules": rules, "devices": measured}, indent=1) + "\n")
    agree = [rows["local"]["apart"] for rows in measured.values()]
    return sum(
        max(*apart["values"], apart["linear"], apart["quadratic"], apart["richardson"]) > TOLERANCE for apart in agree
    )


def compare(device: str, case: Case) -> dict[str, Any]:
    """Both on the same native circuits of one device, exact values, readout without errors; printed as a table."""
    noise = noise_named(device).without_readout()
    native, active = compact(transpile(case.program, AerBackend(noise=noise).target))
    noise = of_wires(noise, active)
    aer = AerBackend(noise=noise)
    wires = [word[0][0] for observable in native.readout.observables for _, word in observable.terms]
    theirs = asked_of_mitiq(
        {
            "n_qubits": native.n_qubits,
            "wires": wires,
            "scales": SCALES,
            "circuits": [written(native, row) for row in case.slots_RS],
            "noise": _as_pairs(noise.to_aer().to_dict()),
        }
    )
    print(f"{device}; " + ", ".join(f"{name} {number}" for name, number in theirs["versions"].items()))
    rows: dict[str, Any] = {"versions": theirs["versions"]}
    for fold in ("local", "global"):
        rows[fold] = one(fold, native, aer, case, theirs[fold])
        _print(fold, rows[fold])
    print()
    return rows


def of_wires(noise: NoiseModel, active: Sequence[int]) -> NoiseModel:
    """The noise of a machine's active qubits, called by their places: mitiq is handed no idle ones."""
    place = {wire: position for position, wire in enumerate(active)}
    gates = tuple(
        replace(entry, wires=entry.wires and tuple(place[wire] for wire in entry.wires))
        for entry in noise.gates
        if set(entry.wires or ()) <= set(active)
    )
    target = noise.target
    if target is not None:
        pairs = [pair for pair in target.coupling or () if set(pair) <= set(active)]
        coupling = tuple((place[a], place[b]) for a, b in pairs)
        target = replace(target, n_qubits=len(active), coupling=coupling)
    return replace(noise, gates=gates, target=target)


def one(fold: str, native: Program, aer: AerBackend, case: Case, theirs: dict[str, Any]) -> dict[str, Any]:
    """One way to fold: how far values and fits are apart, errors, gates and seconds of folding."""
    start = time.process_time()
    programs = [folded(native, aer.target, scale, fold) for scale in SCALES]
    seconds = time.process_time() - start
    values = np.stack([aer.run(p, bound(p, case.slots_RS), shots=None, seed=None).values_RK for p in programs])
    their_values = np.array(theirs["values"])
    apart: dict[str, Any] = {"values": np.abs(values - their_values).max(axis=(1, 2)).tolist()}
    errors = {"raw": [_rms(values[0] - case.exact_RK), _rms(their_values[0] - case.exact_RK)]}
    fell = {}
    for name, found in theirs["extrapolated"].items():
        scales = SCALES[:2] if "(" in name else SCALES
        fit = extrapolated(scales, values[: len(scales)], None, name.partition(" ")[0], np.zeros(values.shape[2]))
        their_fit = np.array(found, dtype=float)
        both = ~fit.fell_back_RK & np.isfinite(their_fit)
        apart[name] = float(np.abs(fit.values_RK - their_fit)[both].max(initial=0))
        errors[name] = [_rms(fit.values_RK - case.exact_RK), _rms((their_fit - case.exact_RK)[np.isfinite(their_fit)])]
        fell[name] = [int(fit.fell_back_RK.sum()), int((~np.isfinite(their_fit)).sum()), int(both.size)]
    return {
        "apart": apart,
        "rms": errors,
        "without": fell,
        "gates": [dict(Counter(NAMES[gate.name] for gate in program.gates)) for program in programs],
        "gates_mitiq": theirs["gates"],
        "fold_cpu_s": seconds,
        "fold_cpu_s_mitiq": theirs["fold_cpu_s"],
    }


def _print(fold: str, row: dict[str, Any]) -> None:
    print(
        f"  {fold} folding: values at scales {SCALES} are "
        + ", ".join(f"{a:.1e}" for a in row["apart"]["values"])
        + " apart"
    )
    print(f"    gates at scale 3: ours {row['gates'][1]}, mitiq {row['gates_mitiq'][1]}")
    print(f"    folding: ours {row['fold_cpu_s']:.3f} CPU s for all rows, mitiq {row['fold_cpu_s_mitiq']:.3f}")
    print(f"    {'':22}{'rms ours':>10}{'rms mitiq':>11}{'apart':>10}{'fell back':>11}{'mitiq: none':>13}")
    print(f"    {'raw':22}{row['rms']['raw'][0]:10.4f}{row['rms']['raw'][1]:11.4f}")
    for name, (ours, none, size) in row["without"].items():
        mine, their = row["rms"][name]
        print(f"    {name:22}{mine:10.4f}{their:11.4f}{row['apart'][name]:10.1e}{ours:7} of {size}{none:9} of {size}")


def written(native: Program, slots_S: np.ndarray) -> list[list[Any]]:
    """A bound circuit as plain lists, in Qiskit's words."""
    made = []
    for gate in native.gates:
        angles = [
            angle.constant + sum(term.coefficient * slots_S[term.slots[0].index] for term in angle.terms)
            for angle in gate.angles
        ]
        made.append([NAMES[gate.name], list(gate.wires), angles])
    return made


def asked_of_mitiq(request: dict[str, Any]) -> dict[str, Any]:
    """What the worker answers."""
    done = subprocess.run(
        [str(python_of("mitiq")), str(WORKER)], input=json.dumps(request), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"mitiq's process failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def _as_pairs(value: Any) -> Any:
    """Arrays and complex numbers as plain values."""
    if isinstance(value, np.ndarray) and np.iscomplexobj(value):
        return {"re": value.real.tolist(), "im": value.imag.tolist()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {str(key): _as_pairs(item) for key, item in value.items()}
    return [_as_pairs(item) for item in value] if isinstance(value, (list, tuple)) else value


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.mitigation_mitiq",
        description="The same native circuits with the noise of three devices, folded and extrapolated by this toolkit "
        "and by mitiq, exact values of Aer's density matrix: how far values and fits are apart, errors against exact "
        "values, gates, and the CPU seconds of folding.",
        epilog="mitiq's environment: `python -m benchmarks.peers mitiq`. Exit status 0 means that locally folded "
        "values and polynomial fits agree to 1e-9; 2 that the environment is missing.",
    )
    parser.add_argument("--devices", nargs="+", default=DEVICES, metavar="NAME", help="default: all three")
    parser.add_argument("--depth", type=int, default=2, help="layers (default: 2)")
    parser.add_argument("--rows", type=int, default=8, help="rows of inputs (default: 8)")
    parser.add_argument("--json", nargs="?", const="", metavar="FILE", help="record")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
