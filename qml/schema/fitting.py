"""The configurations of the entries that fit models, `train` and `benchmark`, and of the `report` of their results."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qml.schema.data import DataConfig
from qml.schema.missing import MISSING
from qml.schema.training import BackendConfig, NoiseConfig, ProtocolConfig, TrainingConfig


@dataclass
class RatesConfig:
    """`rates`: one comparison at growing rates of a fault that is put into the data; see `recipe=robustness`.

    Args:
        fault: "label_noise", "missing" or "missing_by_value".
        rates: at least two, in 0 .. 1.
        options: further arguments of `qml.data.quality.spoiled.spoiled_source`, such as rows.
    """

    fault: str = "label_noise"
    rates: list[float] = field(default_factory=lambda: [0.0, 0.1, 0.2, 0.3, 0.4])
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class BenchmarkConfig:
    """The configuration of `experiments.benchmark` and `experiments.report`.

    Args:
        data, model, training, protocol, backend: groups.
        noise: group; of the machine that runs circuits.
        shots: of each circuit; null is exact.
        mitigation: of what noise does, such as [readout, zne].
        framework: "torch" or "jax", for the hybrid and its ablations.
        arms: contestants beside the model: "all", or ablations of it (`qml.models.KINDS`), "shuffled" and champions.
        champions: settings of champions that differ from their defaults, such as `{mlp: {widths: [128]}}`.
        seed: which of the protocol's seeds this job runs; null runs all. Not part of the protocol.
        store: folder of finished cells, shared by all jobs.
        out: folder of reports.
        report: write the report at the end of a job.
        retry_failed: run cells again that failed.
        recipe_name: which recipe this is, for the name of its report.
        plugins: packages of yours that `_target_` and `make` may name; they are imported first.
        workers: processes of this machine that share the cells; 1 is one process.
        sets: of a suite, for each data set what it changes, in the words of the command line, such as
            `[[data=wine], [data=digits, data.rows=600]]`; empty compares on one set.
        sizes: numbers of training rows at which to compare, to see how performance grows with data: numbers, `all`, or
            lists of what a size changes, such as `[['data.rows=1000', 'training.batch_size=32'], 10000, all]`.
        reproduce: a published study that is run again in place of a comparison; `_target_` names its class. The groups
            are then not read, but `store`, `out`, `report` and `recipe_name` are.
        rates: compare at each of several rates of a fault in the data; null compares on the data as they are.
    """

    _target_: str = "qml.estimators.jobs.BenchmarkJob"
    data: DataConfig = field(default_factory=DataConfig)
    model: Any = MISSING
    training: TrainingConfig = field(default_factory=TrainingConfig)
    protocol: ProtocolConfig = field(default_factory=ProtocolConfig)
    backend: BackendConfig = field(default_factory=BackendConfig)
    noise: NoiseConfig = field(default_factory=NoiseConfig)
    shots: int | None = None
    mitigation: list[Any] = field(default_factory=list)
    framework: str = "torch"
    arms: list[str] = field(default_factory=list)
    champions: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    store: str = "results/store"
    out: str = "results/reports"
    report: bool = True
    retry_failed: bool = False
    recipe_name: str = ""
    plugins: list[str] = field(default_factory=list)
    workers: int = 1
    sets: list[Any] = field(default_factory=list)
    sizes: list[Any] = field(default_factory=list)
    reproduce: Any = None
    rates: RatesConfig | None = None


@dataclass
class ReportConfig(BenchmarkConfig):
    """The configuration of `experiments.report`: as for a benchmark; only the protocol and the folders are read.

    Args:
        also: further stores whose cells are read together with those of `store`.
    """

    _target_: str = "qml.estimators.report_job.ReportJob"
    also: list[str] = field(default_factory=list)


@dataclass
class TrainConfig:
    """The configuration of `experiments.train`: one model, one seed, logs, checkpoints and the trained model.

    Args:
        data, model, training, backend: groups.
        noise: group; of the machine that runs circuits.
        shots: of each circuit; null is exact.
        mitigation: of what noise does, such as [readout, zne].
        framework: "torch" or "jax", for a hybrid.
        epochs: passes over the training rows.
        patience: epochs without a better validation score before it stops; null never stops early.
        seed: of splits, weights and batches.
        folder: checkpoints, logs and the model go to a folder in it, named by the model, the data and a digest;
            started again the run continues there.
        tensorboard: write event files beside the CSV.
        plugins: packages of yours that `_target_` and `make` may name.
        devices: processes that train one torch model together, on all machines; started here unless torchrun has.
        accelerator: "cpu", or "cuda": a GPU for each process.
    """

    _target_: str = "qml.estimators.training.TrainJob"
    data: DataConfig = field(default_factory=DataConfig)
    model: Any = MISSING
    training: TrainingConfig = field(default_factory=TrainingConfig)
    backend: BackendConfig = field(default_factory=BackendConfig)
    noise: NoiseConfig = field(default_factory=NoiseConfig)
    shots: int | None = None
    mitigation: list[Any] = field(default_factory=list)
    framework: str = "torch"
    epochs: int = 20
    patience: int | None = None
    seed: int = 0
    folder: str = "results/train"
    tensorboard: bool = True
    plugins: list[str] = field(default_factory=list)
    devices: int = 1
    accelerator: str = "cpu"
