"""What a configuration may say of training, of who runs circuits, and of the terms of a comparison."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qml.schema.missing import MISSING


@dataclass
class TrainingConfig:
    """Group `training`: how torch and JAX models are trained.

    Args:
        batch_size: rows an update.
        learning_rate: of all classical weights.
        circuit_learning_rate: of circuit weights, and of the block in a twin; null takes `learning_rate`.
        weight_decay: L2 on classical weights, decoupled with "adamw".
        optimiser: "adam", "adamw" or "sgd".
        schedule: "constant", "cosine" or "onecycle" over the whole budget.
        clip: bound on the norm of the gradient; null leaves it.
        class_weights: null or "balanced".
        checkpoint_every_s: wall seconds between checkpoints; null writes one at the end only. It changes no result.
        batches: "shuffled" goes over all rows once a pass; "resampled" draws each batch with replacement; "pairs" draws
            rows of two classes in equal number.
        plateau: stop when the mean loss of so many updates is that of as many before, within its scatter; null never.
        max_steps: updates; with a plateau a fit that needs more has failed; null is the bound of the protocol.
        search: choices a setting, tried when the protocol gives more than one trial.
    """

    _target_: str = "qml.estimators.choices.Training"
    batch_size: int = 32
    learning_rate: float = 0.01
    circuit_learning_rate: float | None = None
    weight_decay: float = 0.0
    optimiser: str = "adam"
    schedule: str = "constant"
    clip: float | None = None
    class_weights: str | None = None
    checkpoint_every_s: float | None = 30.0
    batches: str = "shuffled"
    plateau: int | None = None
    max_steps: int | None = None
    search: dict[str, list[Any]] = field(default_factory=dict)


@dataclass
class JobsWordsConfig:
    """`backend.jobs`: of a machine behind a service; null takes the default.

    Args:
        path: file of the job store.
        budget: what all jobs of that store may cost together; see `qml.backends.jobs.Budget`.
        prices: a file of prices in place of the one that is packed.
        deadline_s: seconds to wait for one job; then it is left, and the same command waits again.
        dry_run: only tell what the jobs would take.
    """

    path: str | None = None
    budget: Any = None
    prices: str | None = None
    deadline_s: float | None = None
    dry_run: bool | None = None


@dataclass
class GradientWordsConfig:
    """How a machine that only runs circuits is differentiated; null leaves a word to the method.

    Args:
        method: "shift" or "spsa".
        plan: "eager" or "weighted".
        rule: "two_term", "four_term" or "general", of shifts.
        subset: angles of a row that are drawn for each gradient by shifts.
        units: into which the shots of a binding are cut where a weighted plan distributes them.
        repeats: pairs of runs a row, of spsa.
        step: by which spsa moves inputs and weights.
    """

    method: str | None = None
    plan: str | None = None
    rule: str | None = None
    subset: int | None = None
    units: int | None = None
    repeats: int | None = None
    step: float | None = None


@dataclass
class BackendConfig:
    """Group `backend`: who runs circuits.

    Args:
        executor: an entry of `qml.backends.EXECUTORS` or `qml.backends.BACKENDS`.
        make: "package.module:name" of a callable `(**options) -> Executor`, in place of `executor`.
        options: its arguments.
        gradient: how a machine that only runs circuits is differentiated, such as `{plan: weighted}`.
        jobs: where its jobs are kept and what they may cost, for a machine behind a service.
    """

    _target_: str = "qml.estimators.choices.Backend"
    executor: str = "engine_cpu"
    make: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    gradient: GradientWordsConfig = field(default_factory=GradientWordsConfig)
    jobs: JobsWordsConfig = field(default_factory=JobsWordsConfig)


@dataclass
class NoiseConfig:
    """Group `noise`: of the machine that runs circuits; not every backend takes one.

    Args:
        name: an entry of `qml.backends.noise.NOISES`.
        path: of a stored calibration, for "snapshot".
        options: further arguments.
    """

    _target_: str = "qml.estimators.choices.Noise"
    name: str = "none"
    path: str | None = None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class ProtocolConfig:
    """Group `protocol`: the terms of a comparison, hashed before the first cell; see `qml.bench.Protocol`.

    `rank: auto` is r2 for numbers; for classes it is accuracy where no class is rare, else auc (two classes) or
    balanced_accuracy. `trials: 1` means fixed settings: nothing is searched. `folds: k` makes every seed a fold of a
    repeated stratified k-fold. `inner` is "holdout" or a number of inner folds; `sampler` is "random", "tpe" or "grid".
    """

    _target_: str = "qml.estimators.terms.Terms"
    name: str = MISSING
    title: str = ""
    seeds: list[int] = field(default_factory=lambda: [0, 1, 2, 3, 4])
    folds: int | None = None
    inner: Any = "holdout"
    sampler: str = "random"
    trials: int = 1
    epochs: int = 20
    cpu_s: float | None = None
    patience: int | None = None
    rank: str = "auto"
    metrics: list[str] = field(default_factory=list)
    rope: float = 0.01
    rows_curve: list[float] = field(default_factory=list)
    contrasts: list[list[str]] | None = None
    floors: dict[str, float] = field(default_factory=dict)
