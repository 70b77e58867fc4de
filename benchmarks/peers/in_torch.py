"""The step of every library whose gradients come from torch's autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.peers.peer import Step
from benchmarks.workload import Answer, Numbers, Size


def torch_step(
    values_of: Callable[[Any, Any], Any],
    size: Size,
    given: Numbers,
    device: str,
    *,
    double: bool = False,
    parameter: Any = None,
) -> Step:
    """The step of `values_of(inputs (B, Q), weights (depth, Q, 3)) -> (B, Q)`.

    Args:
        values_of: differentiable by torch.
        size: the workload.
        given: its numbers.
        device: a torch device.
        double: float64, for libraries that know nothing else.
        parameter: where a module holds the weights itself, its one parameter, of any shape; it is overwritten.
    """
    import torch

    def tensor(array: Any) -> torch.Tensor:
        return torch.tensor(array, dtype=torch.float64 if double else torch.float32, device=device)

    inputs, cotangent = tensor(given.inputs_BD).requires_grad_(), tensor(given.cotangent_BK)
    weights = tensor(given.weights_P).reshape(size.depth, size.n_qubits, 3).requires_grad_()
    if parameter is not None:
        with torch.no_grad():
            weights = parameter.copy_(weights.reshape(parameter.shape))

    def run() -> tuple[torch.Tensor, torch.Tensor]:
        inputs.grad = weights.grad = None
        values = values_of(inputs, weights)
        loss = (values * cotangent).sum()
        loss.backward()
        if device == "cuda":
            torch.cuda.synchronize()
        return loss, values

    def answer(result: tuple[torch.Tensor, torch.Tensor]) -> Answer:
        loss, values = result
        arrays = (t.detach().cpu().double().numpy() for t in (values, inputs.grad, weights.grad.reshape(-1)))
        return Answer(loss.item(), *arrays)

    return Step(run, answer, "complex128" if double else "complex64")
