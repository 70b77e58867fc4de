"""What a torch run holds, and how it goes into a checkpoint and comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.base.errors import CheckpointError
from qml.base.extras import require
from qml.learn.describe import difference, text_of
from qml.learn.step import Snapshot
from qml.learn.task import Task

require("torch", extra="torch", purpose="qml.learn.torch_state")
require("lightning_fabric", extra="train", purpose="qml.learn.torch_state")
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer


@dataclass
class TorchState:
    """What a torch run holds.

    Args:
        module: the model itself, on its device.
        forward: calls the model as training does: directly, or through Fabric for DDP and mixed precision.
        optimisers: one for each player of the task.
        parts: trained parameters by part.
        names: trained parameters by name.
        task: what a batch means.
        fabric: device, precision and processes.
        dtype: of floating inputs.
        seed: of every draw during training.
        updates: done so far.
        telling: why this process wants to stop, which the others hear with the next update; None for no reason.
        heard: why some process wants to stop, the same in all of them.
    """

    module: nn.Module
    forward: Callable[[Tensor], Tensor]
    optimisers: Mapping[str, Optimizer]
    parts: Mapping[str, list[Tensor]]
    names: Mapping[str, Tensor]
    task: Task
    fabric: Fabric
    dtype: torch.dtype
    seed: int
    updates: int = 0
    telling: str | None = None
    heard: str | None = None

    def set_training(self, training: bool) -> None:
        """Switch the model between training and evaluation mode, where it is not in it already."""
        if self.module.training != training:
            self.module.train(training)


@contextmanager
def drawing(seed: int, device: torch.device) -> Iterator[None]:
    """While it lasts torch's generators draw from `seed`; afterwards they are as before."""
    generators = [torch.default_generator]
    if device.type == "cuda":
        generators.append(torch.cuda.default_generators[device.index or 0])
    before = [generator.get_state() for generator in generators]
    for generator in generators:
        generator.manual_seed(seed)
    try:
        yield
    finally:
        for generator, state in zip(generators, before, strict=True):
            generator.set_state(state)


def to_tensor(array: np.ndarray, device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
    """A NumPy array of any shape as a tensor on `device`, without a copy where it can be; floating ones in `dtype`."""
    tensor = torch.from_numpy(array if array.flags.writeable else array.copy())
    return tensor.to(device=device, dtype=dtype if tensor.is_floating_point() else None)


def snapshot_of(state: TorchState) -> Snapshot:
    """Copies of weights, buffers and optimiser as arrays; counters and the text of the model as plain data."""
    arrays: dict[str, np.ndarray] = {}
    extra: dict[str, Any] = {}
    for name, value in state.module.state_dict().items():
        if isinstance(value, Tensor):
            arrays[f"model/{name}"] = _array(value)
        else:
            extra[name] = value
    for player, optimiser in state.optimisers.items():
        for name, parameter in state.names.items():
            for key, value in optimiser.state.get(parameter, {}).items():
                arrays[f"optimiser/{player}/{name}/{key}"] = _array(torch.as_tensor(value))
    return Snapshot(arrays, {"updates": state.updates, "model": text_of(state.module), "extra": extra})


def restore_into(state: TorchState, snapshot: Snapshot) -> TorchState:
    """Bring `state` to where `snapshot` was taken.

    Raises:
        CheckpointError: the snapshot is of another model or optimiser.
    """
    stored = {name: array for name, array in snapshot.arrays.items() if name.startswith("model/")}
    _check_same(state, snapshot, stored)
    weights = {name.removeprefix("model/"): torch.from_numpy(array.copy()) for name, array in stored.items()}
    state.module.load_state_dict({**weights, **snapshot.data["extra"]})
    for player, optimiser in state.optimisers.items():
        optimiser.state.clear()
        for name, parameter in state.names.items():
            prefix = f"optimiser/{player}/{name}/"
            entries = {
                key.removeprefix(prefix): array for key, array in snapshot.arrays.items() if key.startswith(prefix)
            }
            for key, array in entries.items():
                device = parameter.device if array.ndim else torch.device("cpu")
                optimiser.state[parameter][key] = torch.from_numpy(array.copy()).to(device)
    state.updates = int(snapshot.data["updates"])
    return state


def _check_same(state: TorchState, snapshot: Snapshot, stored: Mapping[str, np.ndarray]) -> None:
    """Raise CheckpointError, naming the first difference, unless the weights of `snapshot` fit the model."""
    own = {name: value for name, value in state.module.state_dict().items() if isinstance(value, Tensor)}
    found = difference(
        {"model": snapshot.data["model"], **{name: list(array.shape) for name, array in stored.items()}},
        {"model": text_of(state.module), **{f"model/{name}": list(value.shape) for name, value in own.items()}},
    )
    if found:
        raise CheckpointError(f"These weights were to go into another model: {found}. Build the model they are of.")


def _array(tensor: Tensor) -> np.ndarray:
    """A copy as a NumPy array."""
    return tensor.detach().cpu().numpy().copy()
