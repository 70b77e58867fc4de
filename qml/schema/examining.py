"""The configurations of the entries that examine: results (`audit`), data (`inspect`), features and jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qml.schema.data import DataConfig
from qml.schema.missing import MISSING


@dataclass
class ColumnsConfig:
    """`columns` of an audit: field of a row -> column, or a list of columns that are joined.

    null takes what the preset says, [] leaves the field out. What each field is: `qml.bench.results_row.ResultRow`.
    """

    arm: Any = None
    data: Any = None
    terms: Any = None
    seed: Any = None
    settings: Any = None
    versions: Any = None
    circuit: Any = None
    chosen_on: Any = None
    n_train: Any = None
    n_test: Any = None
    n_seeds: Any = None
    trials: Any = None
    failed: Any = None
    train_mean: Any = None
    train_sd: Any = None
    test_mean: Any = None
    test_sd: Any = None
    test_min: Any = None
    test_max: Any = None
    selection: Any = None
    selection_sd: Any = None
    cost_s: Any = None
    train: Any = None
    test: Any = None
    test_curve: Any = None


@dataclass
class AuditConfig:
    """The configuration of `experiments.audit`; see `qml.bench.audit_job.AuditJob`.

    Args:
        path: a CSV table of results, a folder of them, or a store of records.
        preset: layout of a table; null takes columns that are called as the fields are.
        columns: which column holds which field.
        metric: what the scores of a table are; null as the preset says.
        train_rows, test_rows: CSV files of samples to compare.
        circuits: arm -> digest of its circuit as it is built now.
        out: folder of the findings as Markdown and JSON; null writes none.
        plugins: packages of yours that `_target_` may name.
    """

    _target_: str = "qml.bench.audit_job.AuditJob"
    path: str = MISSING
    preset: str | None = None
    columns: ColumnsConfig = field(default_factory=ColumnsConfig)
    metric: str | None = None
    train_rows: str | None = None
    test_rows: str | None = None
    circuits: dict[str, str] = field(default_factory=dict)
    out: str | None = None
    plugins: list[str] = field(default_factory=list)


@dataclass
class LimitsConfig:
    """`limits` of an inspection: every threshold of the checks; what each is: `qml.data.quality.Limits`."""

    _target_: str = "qml.data.quality.Limits"
    copies: float = 0.01
    repeats: float = 0.01
    contradictions: float = 0.01
    near_correlation: float = 0.995
    near_grey: float = 8.0
    group_values: int = 20
    group_rows: float = 20.0
    group_open_even: float = 0.05
    group_even: float = 0.8
    group_repeated: float = 0.1
    group_alike: float = 0.6
    disguise: float = 0.999
    nearly: float = 0.98
    id_values: float = 0.95
    missing: float = 0.05
    missing_gap: float = 0.05
    rare: int = 10
    unseen: float = 0.01
    drift_alpha: float = 0.01
    drift_effect: float = 0.1
    told_apart: float = 0.6
    wholly_apart: float = 0.9
    label_noise: float = 0.1
    label_model: float = 0.95
    label_skill: float = 0.3
    blocks: float = 0.5
    trend: float = 0.3
    sample: int = 10_000
    listed: int = 500
    shown: int = 5


@dataclass
class InspectConfig:
    """The configuration of `experiments.inspect`; see `qml.estimators.inspecting.InspectJob`.

    Args:
        data: group.
        checks: names of `qml.data.quality.CHECKS`; empty asks all.
        seed: of the division, where parts are drawn.
        as_used: look at the parts that a model is trained on, and not at published ones just as they are.
        slow: also the checks that train models.
        limits: thresholds.
        out: folder of the report; null writes none.
        plugins: packages of yours that `_target_` and `make` may name.
    """

    _target_: str = "qml.estimators.inspecting.InspectJob"
    data: DataConfig = field(default_factory=DataConfig)
    checks: list[str] = field(default_factory=list)
    seed: int = 0
    as_used: bool = False
    slow: bool = True
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    out: str | None = "results/inspect"
    plugins: list[str] = field(default_factory=list)


@dataclass
class EmbeddingConfig:
    """The configuration of `experiments.embedding`; see `qml.estimators.embedding_job.EmbeddingJob`.

    Args:
        data: group.
        features: group `model/features`: the backbone.
        weights: folder of a trained hybrid with these features; null takes the network as it is built.
        backbone_seed: of random weights.
        bank: folder of the features.
        k: neighbours that vote and are shown.
        metric: "euclidean" or "cosine".
        n_lists: lists of an inverted file; null compares with every row.
        queries: test rows that are shown.
        seed: of the split and of the shown rows.
        batch_size: rows that the backbone is handed at once.
        plugins: packages of yours that `_target_` and `make` may name.
    """

    _target_: str = "qml.estimators.embedding_job.EmbeddingJob"
    data: DataConfig = field(default_factory=DataConfig)
    features: Any = MISSING
    weights: str | None = None
    backbone_seed: int = 0
    bank: str = "results/bank"
    k: int = 5
    metric: str = "euclidean"
    n_lists: int | None = None
    queries: int = 5
    seed: int = 0
    batch_size: int = 256
    plugins: list[str] = field(default_factory=list)


@dataclass
class JobsConfig:
    """The configuration of `experiments.jobs`; see `qml.backends.jobs.keeping.JobsJob`.

    Args:
        store: file of a StoredBackend.
        action: list, show, resume, cancel or export.
        key: how the key of a request, or a tag or name of a job, begins; null takes all.
        out: file of an export.
        deadline_s: how long to wait for each request.
        retry: resuming sends jobs anew that failed or were cancelled.
        plugins: packages of yours whose classes the store may name.
    """

    _target_: str = "qml.backends.jobs.keeping.JobsJob"
    store: str = MISSING
    action: str = "list"
    key: str | None = None
    out: str | None = None
    deadline_s: float = 60.0
    retry: bool = False
    plugins: list[str] = field(default_factory=list)
