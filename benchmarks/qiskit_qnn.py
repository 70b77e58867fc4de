"""`python -m benchmarks.qiskit_qnn`: Qiskit Machine Learning's EstimatorQNN on our engine beside its own parts.

The network, its circuit and its observables are Qiskit Machine Learning's; only `estimator` and `gradient` differ.
Values and gradients of all contenders are compared before anything is timed, and contenders take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np

from benchmarks.machine import description

TOLERANCE = 1e-9
TURN_SECONDS = 0.1


class Size(NamedTuple):
    """Qubits (and inputs), repetitions of the ansatz, rows of a batch."""

    n_qubits: int
    depth: int
    rows: int


SIZES = (Size(2, 1, 32), Size(4, 2, 8), Size(6, 1, 4))


@dataclass
class Contender:
    """One way to run the network: what is timed by name, and what it computed."""

    name: str
    calls: dict[str, Callable[[], Any]]
    answer: list[np.ndarray] | None
    first_seconds: float = 0.0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 when all contenders agree."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.qiskit_qnn",
        description="EstimatorQNN of Qiskit Machine Learning (zz_feature_map, then real_amplitudes, <Z> of each qubit) "
        "with its own estimators and parameter-shift gradient, and with EngineEstimator and "
        "EngineEstimatorGradient: forward, backward (gradients to inputs and weights of every row) and one training "
        "step of TorchConnector, in turns. The last line is the same circuit as a CircuitLayer.",
        epilog="Needs qiskit-machine-learning, torch and, for one line, qiskit-aer.",
    )
    parser.add_argument("--rounds", type=int, default=3, help="turns of each contender (default: 3)")
    parser.add_argument("--size", action="append", help="qubits,depth,rows; may be repeated (default: three sizes)")
    parser.add_argument("--json", help="file for the figures")
    options = parser.parse_args(arguments)
    sizes = [Size(*map(int, text.split(","))) for text in options.size or ()] or SIZES
    names = ("numpy", "qiskit", "qiskit-aer", "qiskit-machine-learning", "torch", "numba")
    packages = {name: version(name) for name in names}
    machine = description(sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else [0])
    software = ", ".join(f"{name} {number}" for name, number in packages.items())
    print(f"{machine['cpu']}, {len(machine['cores'])} cores; {software}\n")
    measured = [measure(size, options.rounds) for size in sizes]
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"machine": machine, "packages": packages, "sizes": measured}, file, indent=1)
    return 0


def measure(size: Size, rounds: int) -> dict[str, Any]:
    """Time all contenders at one size, print a table, and return it."""
    contenders = made(size)
    check_agreement(size, contenders)
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for contender in contenders:
            for what, call in contender.calls.items():
                times.setdefault((contender.name, what), []).append(median_of_turn(call))
    print(f"(qubits, depth, rows) = {tuple(size)}, float64, {rounds} rounds; milliseconds, median of rounds")
    columns = ("forward", "backward", "torch step")
    print(f"  {'':58}" + "".join(f"{column:>12}" for column in columns) + f"{'first step, s':>16}")
    table = {}
    for contender in contenders:
        middle = {what: statistics.median(times[contender.name, what]) for what in contender.calls}
        cells = "".join(f"{middle[c] * 1e3:12.3f}" if c in middle else f"{'':12}" for c in columns)
        print(f"  {contender.name:58}{cells}{contender.first_seconds:16.2f}")
        table[contender.name] = middle | {"first step": contender.first_seconds}
    first, ours = table[contenders[0].name], table[OURS]
    print("  times as fast as the first line: " + ", ".join(f"{c} {first[c] / ours[c]:.0f}" for c in columns))
    best = {c: min(row[c] for name, row in table.items() if name in THEIRS) for c in columns}
    print("  times as fast as the best of theirs: " + ", ".join(f"{c} {best[c] / ours[c]:.0f}" for c in columns) + "\n")
    return {"size": size._asdict(), "seconds": table}


THEIRS = (
    "StatevectorEstimator + ParamShiftEstimatorGradient",
    "their default Estimator + ParamShiftEstimatorGradient",
    "Aer EstimatorV2 + ParamShiftEstimatorGradient",
)
OURS = "EngineEstimator + EngineEstimatorGradient"
LAYER = "CircuitLayer.from_qiskit"


def made(size: Size) -> list[Contender]:
    """All contenders on the same numbers, each having taken its first step."""
    from qiskit.circuit.library import real_amplitudes, zz_feature_map
    from qiskit.primitives import StatevectorEstimator
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_aer.primitives import EstimatorV2
    from qiskit_machine_learning.neural_networks import EstimatorQNN

    from qml.backends.qiskit_estimator import EngineEstimator
    from qml.backends.qiskit_gradient import EngineEstimatorGradient

    features = zz_feature_map(size.n_qubits, reps=1)
    ansatz = real_amplitudes(size.n_qubits, reps=size.depth)
    network = {
        "circuit": features.compose(ansatz),
        "observables": [SparsePauliOp.from_sparse_list([("Z", [n], 1.0)], size.n_qubits) for n in range(size.n_qubits)],
        "input_params": features.parameters,
        "weight_params": ansatz.parameters,
        "input_gradients": True,
        "default_precision": 0.0,
    }
    rng = np.random.default_rng(0)
    inputs, weights = rng.normal(size=(size.rows, size.n_qubits)), rng.normal(size=ansatz.num_parameters)
    aer = EstimatorV2(options={"default_precision": 0.0})
    parts: list[tuple[str, dict[str, Any]]] = [
        (THEIRS[0], {"estimator": StatevectorEstimator()}),
        (THEIRS[1], {}),
        (THEIRS[2], {"estimator": aer}),
        ("EngineEstimator + ParamShiftEstimatorGradient", {"estimator": EngineEstimator()}),
        (OURS, {"estimator": EngineEstimator(), "gradient": EngineEstimatorGradient()}),
    ]
    contenders = [of_network(name, EstimatorQNN(**network, **given), inputs, weights) for name, given in parts]
    return [*contenders, of_layer(network, inputs, weights)]


def of_network(name: str, network: Any, inputs: np.ndarray, weights: np.ndarray) -> Contender:
    """An EstimatorQNN, alone and under TorchConnector."""
    import torch
    from qiskit_machine_learning.connectors import TorchConnector

    step = training_step(TorchConnector(network, initial_weights=weights), torch.tensor(inputs, dtype=torch.float32))
    started = time.perf_counter()
    step()
    first = time.perf_counter() - started
    calls = {
        "forward": lambda: network.forward(inputs, weights),
        "backward": lambda: network.backward(inputs, weights),
        "torch step": step,
    }
    return Contender(name, calls, [calls["forward"](), *calls["backward"]()], first)


def of_layer(network: dict[str, Any], inputs: np.ndarray, weights: np.ndarray) -> Contender:
    """The same circuit as a layer of ours, in float32 as TorchConnector is."""
    import torch

    from qml.layers.torch import CircuitLayer

    layer = CircuitLayer.from_qiskit(
        network["circuit"], network["input_params"], network["weight_params"], observables=network["observables"]
    )
    with torch.no_grad():
        layer.get_parameter("weights").copy_(torch.tensor(weights))
    step = training_step(layer, torch.tensor(inputs, dtype=torch.float32))
    started = time.perf_counter()
    step()
    return Contender(LAYER, {"torch step": step}, None, time.perf_counter() - started)


def training_step(layer: Any, inputs: Any) -> Callable[[], float]:
    """One step of gradient descent at a rate of 0, so that all turns see the same numbers."""
    import torch

    inputs = inputs.requires_grad_()
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.0)

    def step() -> float:
        optimiser.zero_grad()
        loss = layer(inputs).square().sum()
        loss.backward()
        optimiser.step()
        return loss.item()

    return step


def check_agreement(size: Size, contenders: list[Contender]) -> None:
    """Stop unless all contenders computed the same values, gradients and loss."""
    first = contenders[0]
    loss = first.calls["torch step"]()
    for contender in contenders[1:]:
        errors = [abs(contender.calls["torch step"]() - loss) / max(1.0, abs(loss)) * (TOLERANCE / 1e-5)]
        if contender.answer is not None and first.answer is not None:
            errors += [float(np.abs(a - b).max()) for a, b in zip(contender.answer, first.answer, strict=True)]
        if not max(errors) <= TOLERANCE:
            raise SystemExit(
                f"{size}: {contender.name} disagrees with {first.name} by {max(errors):.1e}; nothing was timed."
            )


def median_of_turn(call: Callable[[], Any]) -> float:
    """Median seconds of the calls of one turn, one at least."""
    times, end = [], time.perf_counter() + TURN_SECONDS
    while not times or time.perf_counter() < end:
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


if __name__ == "__main__":
    sys.exit(main())
