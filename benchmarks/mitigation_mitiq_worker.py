"""mitiq's part of `benchmarks.mitigation_mitiq`, in an environment of its own: folds, runs on Aer, extrapolates.

Reads one JSON object on its standard input and writes one on its output. Nothing of this project is imported.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from importlib.metadata import version
from typing import Any


def main() -> None:
    """Answer the one request."""
    warnings.filterwarnings("ignore")  # of Cirq's and mitiq's dependencies, on import
    from mitiq.zne.scaling import fold_all, fold_global

    asked = json.load(sys.stdin)
    circuits = [_circuit(gates, asked["n_qubits"]) for gates in asked["circuits"]]
    folds = {
        "local": lambda circuit, scale: fold_all(circuit, scale, exclude=frozenset({"single"})),
        "global": fold_global,
    }
    answer: dict[str, Any] = {"versions": {name: version(name) for name in ("mitiq", "numpy", "qiskit", "qiskit-aer")}}
    for fold, folding in folds.items():
        start = time.process_time()
        folded = [[folding(circuit, float(scale)) for circuit in circuits] for scale in asked["scales"]]
        seconds = time.process_time() - start
        values = [_values(scaled, asked["noise"], asked["wires"]) for scaled in folded]
        answer[fold] = {
            "fold_cpu_s": seconds,
            "gates": [dict(scaled[0].count_ops()) for scaled in folded],
            "values": values,
            "extrapolated": _extrapolated(asked["scales"], values),
        }
    json.dump(answer, sys.stdout)


def _circuit(gates: list[Any], n_qubits: int) -> Any:
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(n_qubits)
    for name, wires, angles in gates:
        getattr(circuit, name)(*angles, *wires)
    return circuit


def _values(circuits: list[Any], noise: dict[str, Any], wires: list[int]) -> list[list[float]]:
    """<Z> of each wire, exact, from density matrices."""
    from qiskit.quantum_info import Pauli
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel

    model = NoiseModel.from_dict(_with_arrays(noise))
    simulator = AerSimulator(method="density_matrix", noise_model=model)
    saved = []
    for circuit in circuits:
        copy = circuit.copy()
        for wire in wires:
            copy.save_expectation_value(Pauli("Z"), [wire], label=f"z{wire}")
        saved.append(copy)
    result = simulator.run(saved).result()
    return [[float(result.data(place)[f"z{wire}"]) for wire in wires] for place in range(len(saved))]


def _with_arrays(value: Any) -> Any:
    """Complex numbers out of their pairs."""
    if isinstance(value, dict):
        if set(value) == {"re", "im"}:
            import numpy as np

            return np.array(value["re"]) + 1j * np.array(value["im"])
        return {key: _with_arrays(item) for key, item in value.items()}
    return [_with_arrays(item) for item in value] if isinstance(value, list) else value


def _extrapolated(scales: list[int], values: list[list[list[float]]]) -> dict[str, list[list[float | None]]]:
    """By mitiq's factories, value by value; None where one raises."""
    from mitiq.zne import ExpFactory, LinearFactory, PolyFactory, RichardsonFactory
    from mitiq.zne.inference import ExtrapolationError

    ways = {
        "linear": lambda x, y: LinearFactory.extrapolate(x, y),
        "quadratic": lambda x, y: PolyFactory.extrapolate(x, y, order=2),
        "richardson": lambda x, y: RichardsonFactory.extrapolate(x, y),
        "exponential": lambda x, y: ExpFactory.extrapolate(x, y, asymptote=0.0),
        "exponential (1, 3)": lambda x, y: ExpFactory.extrapolate(x[:2], y[:2], asymptote=0.0),
    }
    found: dict[str, list[list[float | None]]] = {}
    for name, way in ways.items():
        found[name] = []
        for row in range(len(values[0])):
            found[name].append([])
            for k in range(len(values[0][row])):
                try:
                    found[name][-1].append(float(way([float(s) for s in scales], [v[row][k] for v in values])))
                except (ExtrapolationError, ValueError):
                    found[name][-1].append(None)
    return found


if __name__ == "__main__":
    main()
