"""Quantum kernels: each row becomes a state or a few numbers once, and pairs of rows are one matrix product."""

from qml.models.kernels.grams import Fidelity, Gaussian, Kernel, ProductFidelity, Projected
from qml.models.kernels.machine import KernelMachine
from qml.models.kernels.maps import (
    PENNYLANE_BEFORE_034,
    heisenberg_map,
    iqp_map,
    sinks_map,
    tilted_map,
    zz_map,
)
from qml.models.kernels.sinks import KitchenSinks, SinksMachine
from qml.models.kernels.specs import IqpKernel, KernelSpec, ProjectedKernel, SeparableKernel, ZzKernel

__all__ = [
    "PENNYLANE_BEFORE_034",
    "Fidelity",
    "Gaussian",
    "IqpKernel",
    "Kernel",
    "KernelMachine",
    "KernelSpec",
    "KitchenSinks",
    "ProductFidelity",
    "Projected",
    "ProjectedKernel",
    "SeparableKernel",
    "SinksMachine",
    "ZzKernel",
    "heisenberg_map",
    "iqp_map",
    "sinks_map",
    "tilted_map",
    "zz_map",
]
