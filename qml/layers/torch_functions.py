"""A circuit as a torch function: first derivatives from the executor, higher ones from the traced form."""

from __future__ import annotations

from typing import Any

import numpy as np

from qml.base.extras import require

require("torch", extra="torch", purpose="The torch layer")
import torch
from torch import Tensor

from qml.base.errors import CapabilityError, DataError
from qml.engine.finite import check_weights
from qml.engine.runner import Runner
from qml.engine.traced import traced
from qml.layers.call import Call

FORWARD_MODE = (
    "Forward-mode differentiation with `torch.autograd.forward_ad` was asked of a circuit; it is not "
    'available. Use `torch.func.jvp`, or executor="traced".'
)


def array_of(tensor: Tensor) -> np.ndarray:
    """The numbers of a CPU tensor as a C-contiguous array of its shape; a view where it can be."""
    if tensor._is_zerotensor():  # numbers that autograd knows to be zero have no memory
        tensor = torch.zeros(tensor.shape, dtype=tensor.dtype)
    return np.ascontiguousarray(tensor.detach().resolve_neg().numpy())


def flat(blocks: tuple[Tensor, ...], like: Tensor) -> Tensor:
    """All blocks as one vector `(P,)`, differentiable."""
    if len(blocks) == 1:
        return blocks[0].reshape(-1)
    return torch.cat([block.reshape(-1) for block in blocks]) if blocks else like.new_zeros(0)


def circuit(call: Call, inputs_BD: Tensor, blocks: tuple[Tensor, ...], seed: int | None) -> Tensor:
    """Values `(B, K)` of a circuit, differentiable in every way torch knows.

    Outside functorch's transforms it takes an old-style Function, because one with `setup_context` inspects its
    signature at every call, which costs a tenth of a millisecond.
    """
    if torch._C._are_functorch_transforms_active():
        return ComposableValues.apply(inputs_BD, flat(blocks, inputs_BD), call, seed)
    needed = torch.is_grad_enabled() and (inputs_BD.requires_grad or any(block.requires_grad for block in blocks))
    runner = call.direct(inputs_BD.dtype)
    if runner is not None and inputs_BD.shape[0] and _plain(inputs_BD) and _plain(blocks[0]):
        return DirectValues.apply(call, runner, needed, inputs_BD, blocks[0])
    return FastValues.apply(call, seed, needed, inputs_BD, *blocks)


class FastValues(torch.autograd.Function):
    """Values of a circuit, for plain autograd."""

    @staticmethod
    def forward(ctx: Any, call: Call, seed: int | None, keep: bool, inputs: Tensor, *blocks: Tensor) -> Tensor:
        """Values `(B, K)`; what the executor keeps stays with the graph and goes with it."""
        weights, wanted = _flat_array(blocks, inputs), ctx.needs_input_grad[3]
        values, residual = call.values(array_of(inputs), weights, seed, keep, wanted)
        if keep:
            ctx.save_for_backward(inputs, *blocks)
            ctx.kept = call, seed, residual, weights
        return torch.from_numpy(values)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Any, ...]:
        """Gradients of the inputs and of each block; differentiable themselves when a graph is asked for."""
        inputs, *blocks = ctx.saved_tensors
        call, seed, residual, weights = ctx.kept
        wanted = ctx.needs_input_grad
        if _composes():
            pair = ComposableGradients.apply(inputs, flat(tuple(blocks), inputs), cotangents[0], call, seed)
            by_inputs, by_weights = pair
        else:
            arrays = array_of(inputs), weights, array_of(cotangents[0])
            by_inputs, by_weights = map(torch.from_numpy, call.gradients(*arrays, seed, residual, wanted[3]))
        return None, None, None, by_inputs if wanted[3] else None, *_cut(by_weights, blocks, wanted[4:])

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """Forward mode of plain autograd is refused; `torch.func.jvp` has it."""
        raise CapabilityError(FORWARD_MODE)


class DirectValues(torch.autograd.Function):
    """The same for a circuit whose only block of weights is what the engine's kernels read: addresses, no arrays."""

    @staticmethod
    def forward(ctx: Any, call: Call, runner: Runner, keep: bool, inputs: Tensor, block: Tensor) -> Tensor:
        """Values `(B, K)`."""
        batch = inputs.shape[0]
        values = inputs.new_empty((batch, call.n_values))
        addresses = inputs.data_ptr(), block.data_ptr(), values.data_ptr()
        try:
            residual = runner.forward_at(batch, *addresses, keep, call.threads)
        except DataError:
            check_weights(call.program, array_of(block).reshape(-1))  # which knows the names of weights
            raise
        if keep:
            ctx.save_for_backward(inputs, block)
            ctx.kept = call, runner, residual
        return values

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Any, ...]:
        """Gradients of the inputs and of the block; differentiable themselves when a graph is asked for."""
        inputs, block = ctx.saved_tensors
        call, runner, residual = ctx.kept
        if _composes():
            by_inputs, by_weights = ComposableGradients.apply(inputs, block.reshape(-1), cotangents[0], call, None)
            return None, None, None, by_inputs, by_weights.view(block.shape)
        cotangent = cotangents[0]
        if not _plain(cotangent):
            cotangent = torch.from_numpy(array_of(cotangent))
        by_inputs, by_block = torch.empty_like(inputs), torch.empty_like(block)
        addresses = [t.data_ptr() for t in (inputs, block, cotangent, by_inputs, by_block)]
        runner.gradients_at(inputs.shape[0], *addresses, residual, call.threads)
        wanted = ctx.needs_input_grad
        return None, None, None, by_inputs if wanted[3] else None, by_block if wanted[4] else None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """Forward mode of plain autograd is refused; `torch.func.jvp` has it."""
        raise CapabilityError(FORWARD_MODE)


def _composes() -> bool:
    """Whether a gradient is itself differentiated, or mapped over many cotangents (`is_grads_batched`)."""
    return torch.is_grad_enabled() or torch._C._are_functorch_transforms_active()


def _plain(tensor: Tensor) -> bool:
    """Whether the numbers of a tensor lie one behind the other where its address says.

    Tensors of other classes may have no numbers of their own, and one of known zeros (`_is_zerotensor`) has none.
    """
    bare = type(tensor) is Tensor or type(tensor) is torch.nn.Parameter
    return bare and tensor.is_contiguous() and not tensor.is_neg() and not tensor._is_zerotensor()


def _flat_array(blocks: tuple[Tensor, ...], like: Tensor) -> np.ndarray:
    if len(blocks) == 1:
        return array_of(blocks[0]).reshape(-1)
    if not blocks:
        return np.zeros(0, array_of(like).dtype)
    return np.concatenate([array_of(block).reshape(-1) for block in blocks])


def _cut(by_weights: Tensor, blocks: list[Tensor], wanted: tuple[bool, ...]) -> list[Tensor | None]:
    """The gradient of the flat weights as one gradient a block."""
    if len(blocks) == 1:
        return [by_weights.view(blocks[0].shape)]
    parts = by_weights.split([block.numel() for block in blocks]) if blocks else ()
    return [p.view(block.shape) if need else None for p, block, need in zip(parts, blocks, wanted, strict=True)]


class ComposableValues(torch.autograd.Function):
    """Values of a circuit under `vmap`, `grad`, `jvp` and their combinations; weights `(P,)` or `(B, P)`."""

    @staticmethod
    def forward(inputs: Tensor, weights: Tensor, call: Call, seed: int | None) -> Tensor:
        """Values `(B, K)`."""
        return torch.from_numpy(call.values(array_of(inputs), array_of(weights), seed)[0])

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: Any) -> None:
        """Keep what both modes need."""
        *tensors, ctx.call, ctx.seed = inputs
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Any, ...]:
        """Gradients, through a function that is differentiable in its turn."""
        return *ComposableGradients.apply(*ctx.saved_tensors, cotangents[0], ctx.call, ctx.seed), None, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        """Forward mode, from the traced form."""
        ctx.call.check_traceable("Forward-mode differentiation")
        return _pushed(_traced(ctx.call), ctx.saved_tensors, tangents[:2])

    @staticmethod
    def vmap(info: Any, in_dims: tuple, inputs: Tensor, weights: Tensor, call: Call, seed: int | None) -> tuple:
        """A mapped axis of size `S` becomes more rows of one call, `(S * B, D)`."""
        shared = in_dims[1] is None and weights.ndim == 1
        rows = _mapped_first(inputs, in_dims[0], info.batch_size)
        sets = weights if shared else _weight_rows(weights, in_dims[1], rows)
        values = ComposableValues.apply(rows.flatten(0, 1), sets, call, seed)
        return values.unflatten(0, rows.shape[:2]), 0


class ComposableGradients(torch.autograd.Function):
    """Gradients of a circuit from the executor; their own derivatives come from the traced form."""

    @staticmethod
    def forward(inputs: Tensor, weights: Tensor, cotangent: Tensor, call: Call, seed: int | None) -> tuple:
        """Gradients in the shapes of inputs and weights."""
        arrays = (array_of(inputs), array_of(weights), array_of(cotangent))
        by_inputs, by_weights = call.gradients(*arrays, seed)
        return torch.from_numpy(by_inputs), torch.from_numpy(by_weights)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: Any) -> None:
        """Keep what both modes need."""
        *tensors, ctx.call, ctx.seed = inputs
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Any, ...]:
        """Second derivatives, exact."""
        ctx.call.check_traceable("A second derivative")
        pull = torch.func.vjp(_traced_gradients(ctx.call), *ctx.saved_tensors)[1]
        return *pull(cotangents), None, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> tuple:
        """Forward mode over reverse mode, exact."""
        ctx.call.check_traceable("A second derivative")
        return _pushed(_traced_gradients(ctx.call), ctx.saved_tensors, tangents[:3])

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple, inputs: Tensor, weights: Tensor, cotangent: Tensor, call: Call, seed: int | None
    ) -> tuple:
        """Weights `(S * B, P)`, one set a row, so that one call gives a gradient for each of the `S` elements."""
        row_sets = weights.ndim - (in_dims[1] is not None) == 2
        rows = _mapped_first(inputs, in_dims[0], info.batch_size)
        sets = _weight_rows(weights, in_dims[1], rows)
        cotangents = _mapped_first(cotangent, in_dims[2], info.batch_size).flatten(0, 1)
        by_inputs, by_weights = ComposableGradients.apply(rows.flatten(0, 1), sets, cotangents, call, seed)
        by_weights = by_weights.unflatten(0, rows.shape[:2])
        return (by_inputs.unflatten(0, rows.shape[:2]), by_weights if row_sets else by_weights.sum(1)), (0, 0)


def _mapped_first(tensor: Tensor, axis: int | None, size: int) -> Tensor:
    """`tensor` with its mapped axis in front; repeated where nothing is mapped."""
    return tensor.expand(size, *tensor.shape) if axis is None else tensor.movedim(axis, 0)


def _weight_rows(weights: Tensor, axis: int | None, rows: Tensor) -> Tensor:
    """One set of weights for each of the rows `(S, B, D)`: `(S * B, P)`."""
    sets = _mapped_first(weights, axis, rows.shape[0])
    if sets.ndim == 2:
        sets = sets[:, None, :].expand(*rows.shape[:2], sets.shape[-1])
    return sets.flatten(0, 1)


def _traced(call: Call) -> Any:
    return lambda inputs, weights: traced(call.program, torch, inputs, weights)


def _traced_gradients(call: Call) -> Any:
    def gradients(inputs: Tensor, weights: Tensor, cotangent: Tensor) -> tuple:
        return torch.func.vjp(_traced(call), inputs, weights)[1](cotangent)

    return gradients


def _pushed(function: Any, primals: tuple, tangents: tuple) -> Any:
    """Tangents taken through `function`; copies, because forward mode refuses expanded tensors."""
    copies = tuple(p.clone(memory_format=torch.contiguous_format) for p in primals)
    moves = tuple(
        torch.zeros_like(p) if t is None else t.clone(memory_format=torch.contiguous_format)
        for t, p in zip(tangents, copies, strict=True)
    )
    return torch.func.jvp(function, copies, moves)[1]
