"""The calibration of a Qiskit backend: gate errors and durations of its target, T1, T2 and readout of its qubits."""

from __future__ import annotations

from typing import Any

from qml.backends.noise.calibration import Calibration, GateCalibration, QubitCalibration
from qml.base.errors import ConfigError
from qml.base.extras import require

require("qiskit", extra="qiskit", purpose="The calibration of a Qiskit backend")
from qml.circuits.bridges.qiskit_gates import ROW_OF

NOT_GATES = ("measure", "delay", "reset", "barrier", "if_else", "while_loop", "for_loop", "switch_case", "break_loop")
NOT_GATES += ("continue_loop", "box", "store")


def calibration_of_qiskit(backend: Any, *, name: str = "") -> Calibration:
    """The figures of a Qiskit `BackendV2`; nothing is submitted.

    Args:
        backend: real or fake.
        name: the backend's own when left out.

    Raises:
        ConfigError: it has no list of gates by wires, or a gate that no row of the gate table is.
    """
    target, properties = backend.target, _properties(backend)
    n_qubits = target.num_qubits
    if n_qubits is None:
        raise ConfigError(f"The backend {backend.name!r} has no fixed qubits, so nothing was calibrated of it.")
    gates = []
    for operation in sorted(target.operation_names):
        if operation in NOT_GATES:
            continue
        row = ROW_OF.get(getattr(target.operation_from_name(operation), "base_class", None))  # pyright: ignore
        if row is None:
            raise ConfigError(
                f"The backend {backend.name!r} has a gate {operation!r}, which no row of the gate table is; known: "
                f"{', '.join(sorted(set(ROW_OF.values())))}."
            )
        for wires, figures in (target[operation] or {}).items():
            if wires is None:
                raise ConfigError(f"The gate {operation!r} of {backend.name!r} is on no wires; it is not calibrated.")
            error, duration = getattr(figures, "error", None), getattr(figures, "duration", None)
            gates.append(GateCalibration(row, tuple(wires), error, duration))
    qubits = tuple(_qubit(target, properties, wire) for wire in range(n_qubits))
    date = "" if properties is None else properties.last_update_date.date().isoformat()
    version = "" if properties is None else f" {properties.backend_version}"
    return Calibration(name or backend.name, qubits, tuple(gates), date, f"calibration of {backend.name}{version}")


def _properties(backend: Any) -> Any:
    """The properties that IBM's backends have beside the target, and others have not."""
    ask = getattr(backend, "properties", None)
    return ask() if callable(ask) else None


def _qubit(target: Any, properties: Any, wire: int) -> QubitCalibration:
    told = target.qubit_properties[wire] if target.qubit_properties else None
    measured = (target["measure"] or {}).get((wire,)) if "measure" in target.operation_names else None
    both: list[float | None] = []
    for field in ("prob_meas1_prep0", "prob_meas0_prep1"):
        value = getattr(measured, field, None)
        if value is None and properties is not None:
            figures = properties.qubit_property(wire)
            value = figures[field][0] if field in figures else None
        both.append(None if value is None else float(value))
    t1, t2 = getattr(told, "t1", None), getattr(told, "t2", None)
    return QubitCalibration(t1, t2, getattr(measured, "error", None), both[0], both[1])
