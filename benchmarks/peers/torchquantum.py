"""TorchQuantum: torch operations gate by gate on a batched QuantumDevice.

Its release pins a Qiskit of years ago, which is asked for on import and not needed for simulation; these modules are
replaced by empty ones, and so are those parts of it that talk to Qiskit, download data or optimise pulses.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from types import ModuleType
from typing import Any, ClassVar

from benchmarks.peers.in_torch import torch_step
from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Numbers, Size

PEER = Peer(
    "torchquantum",
    "TorchQuantum",
    "torch",
    "library",
    ("torchquantum", "torch"),
    environment="torchquantum",
    devices=("cpu", "cuda"),
)
EMPTY = (
    *("qiskit", "qiskit_aer", "qiskit_ibm_runtime", "torchpack", "torchvision"),
    *(f"torchquantum.{part}" for part in ("plugin", "dataset", "pulse", "algorithm")),
)


class _Empty(ModuleType):
    """A module in which every name is an empty class."""

    __path__: ClassVar[list[str]] = []
    __file__ = "empty"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class _EmptyModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds each name of EMPTY, and what lies below, as an empty module."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if any(fullname == name or fullname.startswith(name + ".") for name in EMPTY):
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: Any) -> ModuleType:
        return _Empty(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


def build(size: Size, given: Numbers, device: str) -> Step:
    """A fresh QuantumDevice each step, as its own examples have it."""
    sys.meta_path.insert(0, _EmptyModules())
    import torchquantum as tq
    import torchquantum.functional as tqf

    n = size.n_qubits
    measure = tq.MeasureAll(tq.PauliZ)

    def values_of(inputs, weights):
        state = tq.QuantumDevice(n_wires=n, bsz=size.rows, device=device)
        for wire in range(n):
            tqf.ry(state, wires=wire, params=inputs[:, wire])
        for layer in range(size.depth):
            for wire in range(n):
                tqf.rz(state, wires=wire, params=weights[layer, wire, 0])
                tqf.ry(state, wires=wire, params=weights[layer, wire, 1])
                tqf.rz(state, wires=wire, params=weights[layer, wire, 2])
            for wire in range(n):
                tqf.cnot(state, wires=[wire, (wire + 1) % n])
        return measure(state)

    return torch_step(values_of, size, given, device)
