"""Which part of a torch model a parameter belongs to, and how a model is made from what a caller hands in."""

from __future__ import annotations

import copy
from typing import Any

from qml.base.errors import CapabilityError, ConfigError
from qml.base.extras import require

require("torch", extra="torch", purpose="qml.learn.torch_parts")
import torch
from torch import nn

DEFAULT_PART = "classical"


def built_module(model: Any, seed: int) -> nn.Module:
    """The module to train: a copy of a Module, so that the caller's stays as it is, or what `model(seed)` builds.

    Raises:
        ConfigError: neither a Module nor a callable that gives one, or a lazy module that has seen no batch yet.
        CapabilityError: a parameter has a dtype that a checkpoint cannot hold.
    """
    if not isinstance(model, nn.Module) and not callable(model):
        raise ConfigError(
            f"A torch model is an nn.Module or a callable build(seed) -> nn.Module; got {type(model).__name__}."
        )
    module = copy.deepcopy(model) if isinstance(model, nn.Module) else model(seed)
    if not isinstance(module, nn.Module):
        raise ConfigError(
            f"build(seed) is to give an nn.Module; it gave {type(module).__name__}. Return the module itself."
        )
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        if nn.parameter.is_lazy(tensor):
            raise ConfigError(f"Parameter {name!r} has no shape yet. Run one batch through the model before training.")
        if tensor.dtype in (torch.bfloat16, torch.complex32):
            raise CapabilityError(
                f"Parameter {name!r} is {tensor.dtype}, which NumPy cannot hold. Keep the weights in float32 and "
                'train with precision="bf16-mixed".'
            )
    return module


def parts_of(module: nn.Module) -> dict[str, str]:
    """Parameter name -> part: the attribute `part` of the innermost enclosing module that has one.

    Parameters under no such module are "classical"; one that is shared between modules belongs to the first.

    Example:
        >>> inner = nn.Linear(2, 2)
        >>> inner.part = "quantum"
        >>> parts_of(nn.Sequential(inner, nn.Linear(2, 1)))
        {'0.weight': 'quantum', '0.bias': 'quantum', '1.weight': 'classical', '1.bias': 'classical'}
    """
    found: dict[str, str] = {}
    _collect(module, "", DEFAULT_PART, found)
    return {name: found[name] for name, _ in module.named_parameters()}


def _collect(module: nn.Module, prefix: str, enclosing: str, found: dict[str, str]) -> None:
    """Enter the parts of `module` and what is below it."""
    own = getattr(module, "part", None)
    part = own if isinstance(own, str) else enclosing
    for name, _ in module.named_parameters(recurse=False):
        found[prefix + name] = part
    for name, child in module.named_children():
        _collect(child, f"{prefix}{name}.", part, found)
