"""What the service says of a device, as a Target, with its limits and its price."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qml.backends.backend import Limits, Target
from qml.circuits.bridges.braket_gates import ROW_OF

PROGRAM = "braket.ir.openqasm.program"
PROGRAM_SET = "braket.ir.openqasm.program_set"
UNUSED = ("Toffoli", "CSWAP", "PSWAP", "IsingXY", "CPhaseShift00", "CPhaseShift01", "CPhaseShift10", "U3")
"""Rows that some devices take and that a Program is not transpiled into: the service takes them apart again."""


def target_of(arn: str, said: Mapping[str, Any], options: tuple[tuple[str, Any], ...] = ()) -> Target:
    """The device as a Target: the gates that its service takes, all pairs of qubits, and the limits of one task.

    Args:
        arn: of the device.
        said: what the worker brought: `properties`, the JSON of its capabilities.
        options: what answers depend on besides.

    Example:
        >>> capabilities = {
        ...     "service": {"shotsRange": [1, 1000]},
        ...     "paradigm": {"qubitCount": 4},
        ...     "action": {"braket.ir.openqasm.program": {"supportedOperations": ["rx", "rz", "cnot"]}},
        ... }
        >>> target = target_of("arn:aws:braket:us-east-1::device/qpu/maker/Four", {"properties": capabilities})
        >>> target.name, target.gate_set, target.limits
        ('maker/Four', ('CNOT', 'RX', 'RZ'), Limits(circuits=1, shots=1000, executions=1000))
    """
    properties = said["properties"]
    action = properties.get("action", {})
    taken = action.get(PROGRAM, {}).get("supportedOperations") or []
    rows = sorted({ROW_OF[name] for name in taken if name in ROW_OF} - set(UNUSED))
    return Target(
        name_of(arn),
        int(properties["paradigm"]["qubitCount"]),
        tuple(rows),
        limits=limits_of(properties),
        exact=False,
        queued=True,
        options=options,
        verbatim=False,
        price="tasks and shots, or minutes of a simulator, to AWS",
        measured=False,
    )


def name_of(arn: str) -> str:
    """A device by its maker and name.

    Example:
        >>> name_of("arn:aws:braket:::device/quantum-simulator/amazon/sv1")
        'amazon/sv1'
    """
    return "/".join(arn.split("/")[-2:])


def limits_of(properties: Mapping[str, Any]) -> Limits:
    """Of one task: of a program set where the device takes them, else one circuit."""
    most = int(properties["service"]["shotsRange"][1])
    several = properties.get("action", {}).get(PROGRAM_SET)
    if several is None:
        return Limits(1, most, most)
    return Limits(int(several["maximumExecutables"]), most, int(several["maximumTotalShots"]))


def least_of(properties: Mapping[str, Any]) -> tuple[int, int]:
    """Fewest shots of a circuit and of a whole task."""
    several = properties.get("action", {}).get(PROGRAM_SET) or {}
    return int(properties["service"]["shotsRange"][0]), int(several.get("minimumTotalShots") or 1)


def price_of(properties: Mapping[str, Any]) -> tuple[float, str] | None:
    """The device's own price in USD and its unit, such as "shot"; None where it names none.

    Example:
        >>> price_of({"service": {"deviceCost": {"price": 0.25, "unit": "minute"}}})
        (0.25, 'minute')
    """
    said = properties["service"].get("deviceCost")
    return None if not said else (float(said["price"]), str(said["unit"]))


def calibration_of(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What a device says of its errors and times, and when it was told."""
    kept = {name: properties[name] for name in ("standardized", "provider") if properties.get(name)}
    when = properties["service"].get("updatedAt")
    return {**kept, **({"updatedAt": when} if when else {})}
