"""Ours without a framework: the engine's forward and vector-Jacobian product on NumPy arrays."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Answer, Numbers, Size

PEER = Peer("qml-engine", "qml, engine on NumPy arrays", "other", "ours", ("qml-hybrid", "numba"))


def build(size: Size, given: Numbers, device: str) -> Step:
    """`forward` that keeps its residual, then `vjp`, as the layers call them."""
    from benchmarks.circuit import program
    from qml.backends.engine import EngineExecutor

    circuit, executor = program(size), EngineExecutor()

    def run() -> Any:
        values = executor.forward(circuit, given.inputs_BD, given.weights_P, keep=True)
        gradients = executor.vjp(
            circuit, given.inputs_BD, given.weights_P, given.cotangent_BK, residual=values.residual
        )
        return values.values_BK, gradients

    def answer(result: Any) -> Answer:
        values_BK, gradients = result
        loss = float((values_BK.astype(float) * given.cotangent_BK).sum())
        return Answer(loss, values_BK, gradients.inputs_BD, gradients.weights)

    return Step(run, answer)
