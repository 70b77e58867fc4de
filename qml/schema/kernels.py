"""What a configuration may say of the quantum kernels and of kitchen sinks."""

from __future__ import annotations

from dataclasses import dataclass

from qml.schema.missing import MISSING


@dataclass
class KernelConfig:
    """What the kernels of group `model` share.

    Args:
        C: cost of a row on the wrong side.
        n_columns: columns that enter the circuit; null lets all in.
        bandwidth: reach of a column, in quarter turns.
        exact_rows: largest number of rows with a whole Gram matrix.
        landmarks: rows that stand for all where there are more.
        ablation: "" or "product".
    """

    _target_: str = MISSING
    C: float = 1.0
    n_columns: int | None = 10
    bandwidth: float = 1.0
    exact_rows: int = 5000
    landmarks: int = 1000
    ablation: str = ""


@dataclass
class IqpKernelConfig(KernelConfig):
    """Group `model`: fidelity of IQP states; `emulate` names a library's bug, see `qml.models.kernels.iqp_map`."""

    _target_: str = "qml.models.kernels.specs.IqpKernel"
    repeats: int = 1
    emulate: str = ""


@dataclass
class ZzKernelConfig(KernelConfig):
    """Group `model`: fidelity of states of the ZZ feature map."""

    _target_: str = "qml.models.kernels.specs.ZzKernel"
    repeats: int = 2


@dataclass
class SeparableKernelConfig(KernelConfig):
    """Group `model`: fidelity of product states."""

    _target_: str = "qml.models.kernels.specs.SeparableKernel"
    layers: int = 1


@dataclass
class ProjectedKernelConfig(KernelConfig):
    """Group `model`: Gaussian of Bloch vectors; `gamma_of` is "train" or "batch"."""

    _target_: str = "qml.models.kernels.specs.ProjectedKernel"
    gamma_factor: float = 1.0
    t: float = 1 / 3
    trotter_steps: int = 5
    gamma_of: str = "train"
    rotation_seed: int | None = None


@dataclass
class KitchenSinksConfig:
    """Group `model`: bits of random circuits before a linear classifier."""

    _target_: str = "qml.models.kernels.sinks.KitchenSinks"
    n_episodes: int = 100
    wires: str = "full"
    variance: float = 1.0
    draw: str = "fresh"
    ablation: str = ""
