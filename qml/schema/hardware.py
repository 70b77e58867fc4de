"""The configuration of the entry that runs a model on a machine: `hardware`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qml.schema.data import DataConfig
from qml.schema.missing import MISSING
from qml.schema.training import BackendConfig, NoiseConfig, TrainingConfig


@dataclass
class HardwareConfig:
    """The configuration of `experiments.hardware`; see `qml.estimators.hardware_job.HardwareJob`.

    Args:
        data, model, training, backend, noise: groups.
        shots: of each circuit; null is exact.
        mitigation: of what noise does, such as [readout, zne].
        action: "evaluate", "train" or "report".
        framework: "torch" or "jax".
        folder: of a model that `experiments.train` has saved; null trains one exactly and takes it.
        models: parent of the folders of models that are trained here.
        split: rows to evaluate.
        rows: only the first so many of them; null takes all.
        rows_a_job: rows that go out as one job.
        epochs, patience: of a training run.
        seed: of splits, weights and batches.
        draw: of the shots, 1 or more; another draw is another job.
        out: folder of the records.
        dry_run: tell what it would take, and send nothing.
        progress: a bar; null shows one in a terminal.
        plugins: packages of yours that `_target_` and `make` may name.
    """

    _target_: str = "qml.estimators.hardware_job.HardwareJob"
    data: DataConfig = field(default_factory=DataConfig)
    model: Any = MISSING
    training: TrainingConfig = field(default_factory=TrainingConfig)
    backend: BackendConfig = field(default_factory=BackendConfig)
    noise: NoiseConfig = field(default_factory=NoiseConfig)
    shots: int | None = None
    mitigation: list[Any] = field(default_factory=list)
    action: str = "evaluate"
    framework: str = "torch"
    folder: str | None = None
    models: str = "results/train"
    split: str = "test"
    rows: int | None = None
    rows_a_job: int = 256
    epochs: int = 20
    patience: int | None = None
    seed: int = 0
    draw: int = 1
    out: str = "results/hardware"
    dry_run: bool = False
    progress: bool | None = None
    plugins: list[str] = field(default_factory=list)
