"""Layers, executors and sources that each break one promise; in a module, so that they can be pickled."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from qml.backends import Gradients, Values
from qml.backends.reference import ReferenceExecutor
from qml.backends.sampled import SampledExecutor
from qml.data.source import Batch, Schema, Target


class Good(nn.Module):
    """cos(x W): keeps every promise."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([[0.3, -0.4, 0.5], [1.1, 0.2, -0.7]]))

    def forward(self, x):
        if x.dtype in (torch.float16, torch.bfloat16):
            return torch.cos(x.float() @ self.weight).to(x.dtype)
        with torch.autocast("cpu", enabled=False):
            return torch.cos(x @ self.weight)


class Detached(Good):
    def forward(self, x):
        return torch.cos(x @ self.weight.detach()) + 0 * self.weight.sum()


class Slipped(torch.autograd.Function):
    """cos with a gradient that is 1% off."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.cos(x)

    @staticmethod
    def backward(ctx, g):
        return -1.01 * torch.sin(ctx.saved_tensors[0]) * g


class WrongGradient(Good):
    def forward(self, x):
        return Slipped.apply(x @ self.weight)


class Unpicklable(Good):
    def __init__(self):
        super().__init__()
        self.function = lambda x: x

    def __deepcopy__(self, memo):
        return Unpicklable()


class SharedCopy(Good):
    """Copies itself before a forward, hands out itself after one."""

    def __init__(self):
        super().__init__()
        self.used = False

    def forward(self, x):
        self.used = True
        return super().forward(x)

    def __deepcopy__(self, memo):
        return self if self.used else SharedCopy()


class SinglePrecision(Good):
    def forward(self, x):
        return torch.cos(x.float() @ self.weight.float())


class OwnDictionary(Good):
    def __init__(self):
        super().__init__()
        self.own = [self.weight]

    def forward(self, x):
        return torch.cos(x @ self.own[0])


class NumpyCosine(torch.autograd.Function):
    """First derivative right, second silently wrong, no vmap: what a NumPy engine gives without care."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.from_numpy(np.cos(x.detach().numpy()))

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return torch.from_numpy(-np.sin(x.detach().numpy())) * g


class NumpyBacked(Good):
    def forward(self, x):
        return NumpyCosine.apply(x @ self.weight)


class TwoDimensions(Good):
    def forward(self, x):
        return torch.cos(torch.einsum("bd,dk->bk", x, self.weight))


class NeedsRows(Good):
    def forward(self, x):
        return super().forward(x - 0 * x.max())


class SecondKey(Good):
    def state_dict(self, *arguments, **options):
        return super().state_dict(*arguments, **options) | {"mirror": torch.zeros(3)}


class Homesick(Good):
    """Works in the parent process only."""

    def forward(self, x):
        return super().forward(x) * (1.0 if torch.utils.data.get_worker_info() is None else 0.0)


class HalfBlind(Good):
    def forward(self, x):
        if x.dtype != torch.bfloat16:
            return super().forward(x)
        with torch.autocast("cpu", enabled=False):
            return torch.cos(x @ self.weight)


class OtherWhenCompiled(Good):
    def forward(self, x):
        return super().forward(x) * (2.0 if torch.compiler.is_compiling() else 1.0)


class Loner(Good):
    """Another layer as soon as there are several ranks."""

    def forward(self, x):
        return super().forward(x) * (3.0 if torch.distributed.is_initialized() else 1.0)


BREAKS = {
    Detached: "gradients",
    WrongGradient: "gradients",
    Unpicklable: "torch.save",
    SharedCopy: "deepcopy",
    SinglePrecision: "double",
    OwnDictionary: "functional_call",
    NumpyBacked: "double backward",
    TwoDimensions: "batch dimensions",
    NeedsRows: "empty batch",
    SecondKey: "state_dict",
    Homesick: "DataLoader workers",
    HalfBlind: "autocast",
    OtherWhenCompiled: "torch.compile",
    Loner: "2-process DDP",
}


class BrokenExecutor(ReferenceExecutor):
    """The reference, with one fault."""

    def __init__(self, fault: str):
        object.__setattr__(self, "fault", fault)

    @property
    def capabilities(self):
        able = super().capabilities
        return replace(able, max_qubits=40 if self.fault == "width" else able.max_qubits)

    def states(self, program, inputs_BD, weights):
        return super().states(program, inputs_BD, weights) * (1j if self.fault == "phase" else 1)

    def sample(self, program, inputs_BD, weights, shots, *, seed):
        if self.fault == "row":
            seed += len(inputs_BD)
        bits = super().sample(program, inputs_BD, weights, shots, seed=1 if self.fault == "seed" else seed)
        return bits[..., ::-1] if self.fault == "bits" else bits

    def forward(self, program, inputs_BD, weights, *, seed=None, keep=False):
        if self.fault == "width":
            return Values(np.zeros((len(inputs_BD), program.n_values), inputs_BD.dtype))
        out = super().forward(program, inputs_BD, weights)
        if self.fault == "writes":
            inputs_BD[:] += 1.0
        scale = {"values": 1.001, "noise": 1 + 1e-12 * np.random.default_rng().normal()}.get(self.fault, 1.0)
        values = out.values_BK * scale
        values = values.astype(np.float64 if self.fault == "promotes" else inputs_BD.dtype)
        return Values(values, residual=copy.copy(weights) if self.fault == "residual" else None)

    def vjp(self, program, inputs_BD, weights, cotangent_BK, *, seed=None, residual=None):
        out = super().vjp(program, inputs_BD, weights, cotangent_BK)
        scale = np.asarray(2.0 if residual is not None else {"gradient": 1.001}.get(self.fault, 1.0), inputs_BD.dtype)
        return Gradients(out.inputs_BD, out.weights * scale)


class BrokenSource:
    """Thirty rows, with one fault."""

    def __init__(self, fault: str = ""):
        self.fault, self.calls = fault, 0
        target = Target("y", "classes", ("a", "b"))
        self.schema = Schema("thirty", (2,), target, {"train": 31 if fault == "sizes" else 30})

    def batches(self, split, size, seed=None, *, epoch=0, start=0, shard=(0, 1)):
        self.calls += 1
        entropy = [seed or 0, 0 if self.fault == "epochs" else epoch, self.calls if self.fault == "hidden" else 0]
        order = np.arange(30) if seed is None else np.random.default_rng(entropy).permutation(30)
        if self.fault == "twice":
            order = np.concatenate([order[:-1], order[:1]])
        if self.fault == "order" and seed is None:
            order = order[::-1]
        for place in range(0 if self.fault == "start" else start, -(-30 // size)):
            rows = order[place * size : (place + 1) * size]
            rows = rows if self.fault == "shard" else rows[shard[0] :: shard[1]]
            inputs = np.stack([rows, rows], 1).astype(np.float32)
            if self.fault == "rows" and seed is not None:
                inputs = inputs[::-1].copy()
            targets = (rows % 2) * (3 if self.fault == "classes" else 1)
            yield Batch(inputs, targets, rows)


class BrokenEstimator:
    """Sampled values and shift-rule gradients, spoilt in one way."""

    def __init__(self, fault):
        self.inner, self.fault = SampledExecutor("reference", shots=200), fault
        self.capabilities = replace(self.inner.capabilities, samples=False)

    def forward(self, program, inputs, weights, *, seed=None, keep=False):
        seed = 1 if seed is None and self.fault == "seed" else seed
        return self.inner.forward(program, inputs, weights, seed=seed, keep=keep)

    def vjp(self, program, inputs, weights, cotangent_BK, *, seed=None, residual=None):
        found = self.inner.vjp(program, inputs, weights, cotangent_BK, seed=seed, residual=residual)
        return Gradients(found.inputs_BD, found.weights * (2 if self.fault == "gradient" else 1))
