"""How many circuits a torch model runs for one row, by letting it run a few and counting."""

from __future__ import annotations

from typing import Any

import numpy as np

from qml.base.extras import require

require("torch", extra="torch", purpose="qml.models.evaluations")
import torch
from torch import nn

from qml.layers.torch import CircuitLayer


def circuits_per_row(model: nn.Module, inputs_ND: np.ndarray) -> float:
    """Rows that reach the `CircuitLayer`s of a trained model, for each row that it predicts.

    One for a hybrid, one a patch for a network that slides a circuit over an image, 0 without a circuit. The model is
    run once in evaluation mode, on the given rows and without gradients, and left in that mode.

    Args:
        model: torch module.
        inputs_ND: a few rows, `(N, ...)`.

    Example:
        >>> from qml.circuits import angle, sel
        >>> model = nn.Sequential(nn.Linear(3, 4), CircuitLayer(angle(4) + sel(4, depth=1)), nn.Linear(4, 2))
        >>> (
        ...     circuits_per_row(model, np.zeros((2, 3), np.float32)),
        ...     circuits_per_row(model[0], np.zeros((2, 3), np.float32)),
        ... )
        (1.0, 0.0)
    """
    layers = [module for module in model.modules() if isinstance(module, CircuitLayer)]
    if not layers:
        return 0.0
    counted: list[int] = []

    def note(module: nn.Module, handed: tuple[Any, ...], values: torch.Tensor) -> None:
        counted.append(values.shape[:-1].numel())

    handles = [layer.register_forward_hook(note) for layer in layers]
    first = next(model.parameters(), torch.zeros(0))
    try:
        with torch.no_grad():
            model.eval()(torch.as_tensor(inputs_ND).to(first))
    finally:
        for handle in handles:
            handle.remove()
    return sum(counted) / len(inputs_ND)
