"""The array operations that a Task may use, for torch; `jax_ops` has the same names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qml.base.extras import require

require("torch", extra="torch", purpose="qml.learn.torch_ops")
import numpy as np
import torch
from torch import Tensor

log_softmax: Callable[..., Tensor] = torch.nn.functional.log_softmax
square = torch.square
exp = torch.exp
sum = torch.sum
softplus: Callable[..., Tensor] = torch.nn.functional.softplus


def asarray(x: np.ndarray) -> Tensor:
    """A NumPy array of any shape as an array of this framework, in its dtype."""
    return torch.from_numpy(np.ascontiguousarray(x))


def mean(x: Tensor) -> Tensor:
    """Mean of all entries of an array of any shape, `()`; zero (not NaN) of an empty one."""
    return x.mean() if x.numel() else x.sum()


def log_above(x: Tensor, least: float) -> Tensor:
    """The natural logarithm of `x` of any shape, where nothing counts as less than `least`."""
    return torch.log(x.clamp_min(least))


def cross_entropy(outputs_BC: Tensor, labels_B: Tensor, smoothing: float = 0.0) -> Tensor:
    """-log p[label] of each row, `(B,)`, with a share `smoothing` of each label spread over all classes."""
    return torch.nn.functional.cross_entropy(outputs_BC, labels_B, reduction="none", label_smoothing=smoothing)


def one_hot(labels_B: Tensor, n_classes: int, like: Tensor) -> Tensor:
    """`(B, n_classes)` of zeros and ones, in the dtype of `like` (of any shape)."""
    return torch.nn.functional.one_hot(labels_B, n_classes).to(like.dtype)


def constant(values: Sequence[float], like: Tensor) -> Tensor:
    """N plain numbers as an array `(N,)` of the dtype and device of `like` (of any shape)."""
    return torch.tensor(values, dtype=like.dtype, device=like.device)


def take(table: Tensor, indices: Tensor) -> Tensor:
    """Entries of the first axis of `table` `(N, ...)` at `indices` `(B,)`: `(B, ...)`."""
    return table[indices]


def stop_gradient(x: Tensor) -> Tensor:
    """The same numbers, of any shape, through which no gradient flows."""
    return x.detach()


def grad(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The gradient of a scalar function of one array, itself differentiable."""

    def gradient(x: Tensor) -> Tensor:
        x = x if x.requires_grad else x.detach().requires_grad_()
        return torch.autograd.grad(function(x), x, create_graph=True)[0]

    return gradient


def normal(key: int, shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Standard normal numbers, a pure function of `key` and `shape`, in the dtype and on the device of `like`."""
    generator = torch.Generator().manual_seed(key)
    return torch.randn(shape, generator=generator, dtype=like.dtype).to(like.device)
