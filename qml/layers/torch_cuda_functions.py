"""A Plan on a GPU as torch functions: kernels on the caller's stream, in memory of torch's allocator, without a copy.

The operator knows a Plan alone: rows, shared values and initial amplitudes go in, values of words come out. What
stands around it is torch's own arithmetic (`qml.engine.mapped`).
"""

from __future__ import annotations

import threading
from typing import Any, Protocol

from qml.base.extras import require
from qml.base.lazy import cached_property

require("torch", extra="torch", purpose="The CUDA engine for torch")
import torch
from torch import Tensor

from qml.base.errors import CapabilityError
from qml.engine.gpu.runner import GRADIENT, KEEP, RESUME, VALUES, Arrays, GpuRunner, Launcher
from qml.engine.plan import Plan
from qml.engine.rowed import rowed
from qml.engine.traced import MAX_QUBITS
from qml.engine.traced_plan import traced_plan

KEPT_BYTES = 1 << 30  # of the kets of one forward run; larger ones are made again for the gradient
COMPLEX = {torch.float32: torch.complex64, torch.float64: torch.complex128}


class Site(Protocol):
    """Where tensors live and kernels run; `qml.layers.torch_cuda.CudaSite` is the real one."""

    device_type: str

    def launcher(self, device: torch.device) -> Launcher:
        """The device behind a tensor."""
        ...

    def stream(self, device: torch.device) -> int:
        """Handle of the stream that the caller works on."""
        ...

    def guard(self, device: torch.device) -> Any:
        """A context in which `device` is torch's current one."""
        ...

    def settle(self, program: Tensor) -> None:
        """Wait once until a program, bytes `(N,)`, that was just copied may be read on any stream."""
        ...

    def use(self, program: Tensor) -> None:
        """Tell torch's allocator that the current stream reads a program, bytes `(N,)`."""
        ...


class CudaPlan:
    """Runs one Plan on tensors; makes a runner a precision and device on first use.

    Args:
        plan: what to run.
        site: where.
        tile: as for `GpuRunner`.
    """

    def __init__(self, plan: Plan, site: Site, tile: tuple[int, int] | None = None):
        self.plan, self.site, self._tile = plan, site, tile
        self._lock = threading.Lock()
        self._ready: dict[tuple[torch.dtype, torch.device], tuple[GpuRunner, Tensor]] = {}

    @cached_property
    def rowed(self) -> CudaPlan:
        """The same Plan with shared values of each row behind its row values, for mapped weights."""
        return CudaPlan(rowed(self.plan), self.site, self._tile)

    def words(self, rows: Tensor, shared: Tensor, initial: Tensor | None, keep: bool) -> tuple[Tensor, Tensor | None]:
        """Values of the words `(B, W)`, and with `keep` the kets for `slopes`, unless they are too many."""
        batch, words = len(rows), rows.new_empty(len(rows), self.plan.n_words)
        if not words.numel():
            return words, None
        runner, program = self._runner(rows)
        kets = None
        if keep and runner.kept_bytes(batch) <= KEPT_BYTES:
            kets = rows.new_empty(batch, 1 << self.plan.n_qubits, dtype=COMPLEX[rows.dtype])
        mode = VALUES | (0 if kets is None else KEEP)
        self._run(runner, program, mode, rows, shared, initial, values=words, kets=kets)
        return words, kets

    def slopes(
        self, rows: Tensor, shared: Tensor, initial: Tensor | None, cotangent: Tensor, kets: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Gradients of `sum(words * cotangent)` by rows `(B, M)`, shared values `(S,)` and amplitudes `(B or 1, A)`."""
        batch = len(rows)
        if not batch or not self.plan.n_words:
            return (
                torch.zeros_like(rows),
                torch.zeros_like(shared),
                None if initial is None else torch.zeros_like(initial),
            )
        runner, program = self._runner(rows)
        by_rows, by_shared = (torch.empty_like(t, memory_format=torch.contiguous_format) for t in (rows, shared))
        by_initial = None if initial is None else initial.new_empty(batch, initial.shape[1])
        mode = GRADIENT | (0 if kets is None else RESUME)
        out = {"grad_rows": by_rows, "grad_shared": by_shared, "grad_initial": by_initial, "kets": kets}
        self._run(runner, program, mode, rows, shared, initial, cotangent=cotangent.contiguous(), **out)
        if initial is not None and by_initial is not None and len(initial) != batch:
            by_initial = by_initial.sum(0, keepdim=True)
        return by_rows, by_shared, by_initial

    def _run(
        self,
        runner: GpuRunner,
        program: Tensor,
        mode: int,
        rows: Tensor,
        shared: Tensor,
        initial: Tensor | None,
        **more,
    ) -> None:
        batch, device = len(rows), rows.device
        rows, shared = rows.contiguous(), shared.contiguous()
        initial = None if initial is None else initial.resolve_conj().contiguous()
        with self.site.guard(device):
            workspace = torch.empty(runner.shape(batch, mode).nbytes, dtype=torch.uint8, device=device)
            given = {
                "rows": rows,
                "shared": shared,
                "initial": initial,
                "workspace": workspace,
                "program": program,
                **more,
            }
            addresses = {name: tensor.data_ptr() for name, tensor in given.items() if tensor is not None}
            self.site.use(program)
            initial_rows = 0 if initial is None else len(initial)
            runner.run(self.site.stream(device), Arrays(**addresses, initial_rows=initial_rows), batch, mode)

    def _runner(self, rows: Tensor) -> tuple[GpuRunner, Tensor]:
        key = (rows.dtype, rows.device)
        found = self._ready.get(key)
        if found is None:
            with self._lock, self.site.guard(rows.device):
                dtype = str(rows.dtype).removeprefix("torch.")
                runner = GpuRunner(self.plan, dtype, self.site.launcher(rows.device), self._tile)
                program = torch.from_numpy(runner.packed.blob).to(rows.device)
                self.site.settle(program)
                found = self._ready[key] = (runner, program)
        return found

    def check_second_order(self, what: str) -> None:
        """Raise `CapabilityError` where `what` would be too large to be traced."""
        if self.plan.n_qubits > MAX_QUBITS:
            raise CapabilityError(
                f"{what} was asked for a circuit of {self.plan.n_qubits} qubits; it is exact up to {MAX_QUBITS} and "
                "not available beyond. Use first derivatives in reverse mode, which have no such bound."
            )

    def traced(self, *tensors: Any) -> Tensor:
        """The same values as plain torch operations."""
        return traced_plan(self.plan, torch, *(tensor for tensor in tensors if tensor is not None))


def plan_words(plan: CudaPlan, rows: Tensor, shared: Tensor, initial: Tensor | None) -> Tensor:
    """Values of the words `(B, W)`, differentiable: once by the kernels, further by the traced form to 12 qubits."""
    if torch._C._are_functorch_transforms_active():
        return ComposableWords.apply(rows, shared, initial, plan)
    tensors = (rows, shared) if initial is None else (rows, shared, initial)
    needed = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
    return FastWords.apply(plan, needed, rows, shared, initial)


class FastWords(torch.autograd.Function):
    """Values of words, for plain autograd."""

    @staticmethod
    def forward(ctx: Any, plan: CudaPlan, keep: bool, rows: Tensor, shared: Tensor, initial: Tensor | None) -> Tensor:
        """Values `(B, W)`; the kets stay with the graph and go with it."""
        words, kets = plan.words(rows, shared, initial, keep)
        if keep:
            ctx.save_for_backward(rows, shared, initial, kets)
            ctx.plan = plan
        return words

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Any, ...]:
        """Gradients; differentiable themselves when a graph is asked for."""
        rows, shared, initial, kets = ctx.saved_tensors
        if torch.is_grad_enabled():
            return None, None, *_three(ComposableSlopes.apply(rows, shared, initial, cotangents[0], ctx.plan))
        return None, None, *ctx.plan.slopes(rows, shared, initial, cotangents[0], kets)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """Forward mode of plain autograd is refused."""
        raise CapabilityError(
            "Forward-mode differentiation was asked of a circuit on a GPU; it has reverse mode only. Use reverse mode, "
            'or executor="traced".'
        )


class ComposableWords(torch.autograd.Function):
    """Values of words under `grad`, `vmap` and their combinations."""

    @staticmethod
    def forward(rows: Tensor, shared: Tensor, initial: Tensor | None, plan: CudaPlan) -> Tensor:
        """Values `(B, W)`."""
        return plan.words(rows, shared, initial, False)[0]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: Any) -> None:
        """Keep what the derivative needs."""
        *tensors, ctx.plan = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Any, ...]:
        """Gradients, through a function that is differentiable in its turn."""
        return *_three(ComposableSlopes.apply(*ctx.saved_tensors, cotangents[0], ctx.plan)), None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """Forward mode is refused."""
        return FastWords.jvp(ctx, *tangents)

    @staticmethod
    def vmap(info: Any, in_dims: tuple, rows: Tensor, shared: Tensor, initial: Tensor | None, plan: CudaPlan) -> tuple:
        """A mapped axis of size `S` becomes more rows of one run, `(S * B, M)`."""
        rows, shared, initial, plan = _flattened(info.batch_size, in_dims, rows, shared, initial, plan)
        words = ComposableWords.apply(rows, shared, initial, plan)
        return words.unflatten(0, (info.batch_size, -1)), 0


class ComposableSlopes(torch.autograd.Function):
    """Gradients of a run; their own derivatives come from the traced form."""

    @staticmethod
    def forward(rows: Tensor, shared: Tensor, initial: Tensor | None, cotangent: Tensor, plan: CudaPlan) -> tuple:
        """Gradients by rows `(B, M)`, shared values `(S,)`, and amplitudes `(B or 1, A)` where there are any."""
        found = plan.slopes(rows, shared, initial, cotangent)
        return found if initial is not None else found[:2]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: Any) -> None:
        """Keep what the derivative needs."""
        *tensors, ctx.plan = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Any, ...]:
        """Second derivatives, exact."""
        plan = ctx.plan
        plan.check_second_order("A second derivative")
        rows, shared, initial, cotangent = ctx.saved_tensors
        given = (rows, shared) if initial is None else (rows, shared, initial)

        def gradients(*tensors: Tensor) -> tuple:
            return torch.func.vjp(plan.traced, *tensors[:-1])[1](tensors[-1])

        *found, by_cotangent = torch.func.vjp(gradients, *given, cotangent)[1](cotangents)
        return *_three(tuple(found)), by_cotangent, None

    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple,
        rows: Tensor,
        shared: Tensor,
        initial: Tensor | None,
        cotangent: Tensor,
        plan: CudaPlan,
    ) -> tuple:
        """One run `(S * B, M + S)` whose rows have shared values of their own: a gradient for each element."""
        size, n_rows, n_shared = info.batch_size, plan.plan.n_rows, plan.plan.n_shared
        dims = (in_dims[0], in_dims[1], in_dims[2])
        shared = shared.expand(size, -1) if in_dims[1] is None else shared.movedim(in_dims[1], 0)
        rows, none, initial, other = _flattened(size, (dims[0], 0, dims[2]), rows, shared, initial, plan)
        seed = _first(cotangent, in_dims[3], size).flatten(0, 1)
        by_rows, _, *by_initial = ComposableSlopes.apply(rows, none, initial, seed, other)
        by_rows = by_rows.unflatten(0, (size, -1))
        by_shared = by_rows[..., n_rows : n_rows + n_shared].sum(1)
        out = [by_rows[..., :n_rows], by_shared]
        if by_initial:
            out.append(by_initial[0].unflatten(0, (size, -1)))
        return tuple(out), tuple(0 for _ in out)


def _three(found: tuple) -> tuple:
    """Gradients by rows, shared values and initial amplitudes, None for the last where there are none."""
    return found if len(found) == 3 else (*found, None)


def _first(tensor: Tensor, axis: int | None, size: int) -> Tensor:
    """`tensor` with its mapped axis in front; repeated where nothing is mapped."""
    return tensor.expand(size, *tensor.shape) if axis is None else tensor.movedim(axis, 0)


def _flattened(
    size: int, in_dims: tuple, rows: Tensor, shared: Tensor, initial: Tensor | None, plan: CudaPlan
) -> tuple:
    """Rows `(S * B, M)` of one run; shared values that are mapped stand in the rows of the rowed Plan."""
    rows = _first(rows, in_dims[0], size)
    batch = rows.shape[1]
    if initial is not None:
        every = _first(initial, in_dims[2], size)
        if in_dims[2] is None and len(initial) == 1:
            pass
        else:
            initial = every.expand(size, batch, -1).flatten(0, 1)
    if in_dims[1] is None:
        return rows.flatten(0, 1), shared, initial, plan
    sets = shared.movedim(in_dims[1], 0)[:, None].expand(size, batch, -1)
    return torch.cat([rows, sets], -1).flatten(0, 1), shared.new_zeros(0), initial, plan.rowed
