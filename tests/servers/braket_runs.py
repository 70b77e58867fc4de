"""What a device of Amazon Braket brings back: circuits of a task read from their text and run by our own engine."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import numpy as np

from qml.backends.reference import ReferenceExecutor
from qml.base.seeds import generator
from qml.circuits.bridges.braket import from_braket_qasm
from qml.circuits.program import Program
from qml.circuits.readout import Probabilities


def _header(name: str) -> dict[str, Any]:
    return {"braketSchemaHeader": {"name": name, "version": "1"}}


def programs_of(action: dict[str, Any]) -> list[dict[str, Any]]:
    """The programs of a task, each with lists of values."""
    if "programs" in action:
        return action["programs"]
    return [{**action, "inputs": {name: [value] for name, value in (action.get("inputs") or {}).items()}}]


def n_circuits(program: dict[str, Any]) -> int:
    """Bound circuits of one program."""
    return len(next(iter((program.get("inputs") or {"": [0]}).values())))


def shots_of(action: dict[str, Any], shots: int) -> tuple[int, int]:
    """Circuits of a task and shots of each; 0 shots where they do not divide."""
    circuits = sum(map(n_circuits, programs_of(action)))
    each, rest = divmod(shots, circuits)
    return circuits, 0 if rest else each


def outcomes(program: dict[str, Any], shots: int, seed: int) -> tuple[list[list[list[int]]], list[int]]:
    """Measured bits of each circuit of a program, shot by shot, and the qubits in their order."""
    source, inputs = program["source"], program.get("inputs") or {}
    measured = [int(wire) for wire in re.findall(r"= measure q\[(\d+)\]", source)]
    read = from_braket_qasm(source, list(inputs))
    ready = Program(read.n_qubits, read.gates, Probabilities(tuple(measured)), read.n_inputs)
    rows = np.array(list(inputs.values()), float).T if inputs else np.zeros((1, 0))
    shares = np.maximum(ReferenceExecutor().forward(ready, rows, np.zeros(0)).values_BK, 0)
    draws = generator(seed, "braket")
    found = []
    for row in shares:
        seen = draws.choice(len(row), size=shots, p=row / row.sum())
        found.append(((seen[:, None] >> np.arange(len(measured))[::-1]) & 1).tolist())
    return found, measured


def result_of(task: dict[str, Any]) -> dict[str, Any]:
    """`results.json` of a task."""
    import json

    action = json.loads(task["action"])
    _, shots = shots_of(action, task["shots"])
    seed = 1 + sum(task["token"].encode())
    run = [(program, *outcomes(program, shots, seed + place)) for place, program in enumerate(programs_of(action))]
    if "programs" not in action:
        ((_, ((bits, *_)), measured),) = run
        return _single(task, action, bits, measured)
    metadata = {
        **_header("braket.task_result.program_set_task_metadata"),
        **{"id": task["arn"], "deviceId": task["device"], "requestedShots": task["shots"]},
        **{"successfulShots": task["shots"], "totalFailedExecutables": 0, "createdAt": _now(), "endedAt": _now()},
        "programMetadata": [{"executables": [{}] * len(bits)} for _, bits, _ in run],
    }
    parts = [
        {
            **_header("braket.task_result.program_result"),
            "executableResults": [
                {
                    **_header("braket.task_result.program_set_executable_result"),
                    **{"inputsIndex": place, "measurements": each, "measuredQubits": measured},
                }
                for place, each in enumerate(bits)
            ],
            **{"source": program, "additionalMetadata": {}},
        }
        for program, bits, measured in run
    ]
    name = _header("braket.task_result.program_set_task_result")
    return {**name, "programResults": parts, "taskMetadata": metadata}


def _single(task: dict[str, Any], action: dict[str, Any], bits: list, measured: list[int]) -> dict[str, Any]:
    metadata = _header("braket.task_result.task_metadata")
    metadata |= {"id": task["arn"], "shots": task["shots"], "deviceId": task["device"], "createdAt": _now()}
    return {
        **_header("braket.task_result.gate_model_task_result"),
        **{"measurements": bits, "measuredQubits": measured, "resultTypes": []},
        **{"taskMetadata": metadata, "additionalMetadata": {"action": action}},
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
