"""What a configuration may say: one dataclass a group of `conf/`, so that a misspelt key is an error."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MISSING = "???"  # what OmegaConf reads as "must be given"


@dataclass
class FileConfig:
    """`data.file`: a table of your own in one file; see `qml.data.TableFile`.

    Args:
        path: a .csv or .parquet file.
        target: column that is predicted.
        task: "classes" or "number"; null tells by what the column holds.
        groups: column whose equal values stay in one part of a split.
        time: column that orders the rows.
        drop: columns that are no features.
        categories: columns of numbers that are codes.
    """

    _target_: str = "qml.data.TableFile"
    path: str = MISSING
    target: str = MISSING
    task: str | None = None
    groups: str | None = None
    time: str | None = None
    drop: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)


@dataclass
class DataConfig:
    """Group `data`: which set, and how its rows are divided.

    Args:
        name: an entry of `qml.data.CATALOGUE`, or a label of your own set.
        how: "auto" (as the set's own description says), "random", "stratified", "grouped", "time" or "official".
        test, validation: shares of rows; an official test set is kept as it is.
        rows: use at most so many; null uses all.
        hold_out: false shows a share of the training rows as validation rows without taking them out of training;
            for published splits, where nothing is chosen: refused with protocol.trials > 1 and with patience.
        transforms: "auto", or "none".
        root: folder of Parquet sets; null reads QML_DATA.
        make: "package.module:name" of a callable `(seed, **options) -> Source`, in place of the catalogue.
        options: its further arguments.
        file: a table of your own in place of the catalogue; `data=file` has it.
        gate: "off"; "warn" logs what the checks of `experiments.inspect` find; "strict" refuses severe findings before
            the first fit.
    """

    _target_: str = "qml.estimators.data_choice.DataChoice"
    name: str = MISSING
    how: str = "auto"
    test: float = 0.2
    validation: float = 0.2
    rows: int | None = None
    hold_out: bool = True
    transforms: str = "auto"
    root: str | None = None
    make: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    file: FileConfig | None = None
    gate: str = "off"


@dataclass
class CircuitConfig:
    """Group `model/circuit`: the circuit in the middle of a hybrid.

    Args:
        name: an entry of `qml.circuits.CIRCUITS`, or "twin" for the classical twin of `model.twin_of`.
        n_qubits: wires.
        depth: layers.
        init: an entry of `qml.circuits.INITIALISERS`.
        options: further arguments of the circuit.
    """

    _target_: str = "qml.models.spec.CircuitSpec"
    name: str = MISSING
    n_qubits: int = 8
    depth: int = 3
    init: str = "uniform"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class IdentityConfig:
    """Group `model/features`: the inputs themselves."""

    _target_: str = "qml.models.features.Identity"


@dataclass
class MlpConfig:
    """Group `model/features`: linear layers with ReLU."""

    _target_: str = "qml.models.features.Mlp"
    widths: list[int] = field(default_factory=lambda: [64])
    dropout: float = 0.0


@dataclass
class CnnConfig:
    """Group `model/features`: convolutions, for images."""

    _target_: str = "qml.models.features.Cnn"
    channels: list[int] = field(default_factory=lambda: [16, 32])
    width: int = 64
    dropout: float = 0.0


@dataclass
class OwnConfig:
    """Group `model/features`: a network of your own package.

    Args:
        make: "package.module:name" of `(input_shape, **options) -> nn.Module`.
        options: its further arguments.
    """

    _target_: str = "qml.models.features.Own"
    make: str = MISSING
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class HeadConfig:
    """`model.head`: from the circuit's values to the outputs; hidden tanh layers of `widths`, none is linear."""

    _target_: str = "qml.models.spec.Head"
    widths: list[int] = field(default_factory=list)


@dataclass
class HybridConfig:
    """Group `model`, choice "hybrid": features, a circuit and a head.

    Args:
        features: group `model/features`.
        circuit: group `model/circuit`.
        head: linear unless it has widths.
        ablation: "" or a name of `qml.models.KINDS`: train this in place of the hybrid.
        twin_of: the circuit that `model/circuit=twin` is the twin of, at the same n_qubits and depth.
    """

    _target_: str = "qml.models.spec.choose_hybrid"
    features: Any = MISSING
    circuit: CircuitConfig = field(default_factory=CircuitConfig)
    head: HeadConfig = field(default_factory=HeadConfig)
    ablation: str = ""
    twin_of: str = "sel"


@dataclass
class MajorityConfig:
    """Group `model`: the share of each class."""

    _target_: str = "qml.models.champions.Majority"


@dataclass
class LogisticConfig:
    """Group `model`: logistic (for numbers: ridge) regression."""

    _target_: str = "qml.models.champions.Logistic"
    C: float = 1.0


@dataclass
class SvmConfig:
    """Group `model`: support vectors with a Gaussian kernel; landmarks stand for more than `exact_rows` rows."""

    _target_: str = "qml.models.champions.Svm"
    C: float = 10.0
    gamma: float | str = "scale"
    scaling: str = "standard"
    exact_rows: int = 5000
    landmarks: int = 1000


@dataclass
class BoostingConfig:
    """Group `model`: gradient boosting of trees."""

    _target_: str = "qml.models.champions.Boosting"
    learning_rate: float = 0.1
    max_leaf_nodes: int = 31
    max_iter: int = 100


@dataclass
class NeighboursConfig:
    """Group `model`: nearest neighbours."""

    _target_: str = "qml.models.champions.Neighbours"
    n_neighbors: int = 5
    variance: float | None = None


@dataclass
class MlpChampionConfig:
    """Group `model`: a multilayer perceptron."""

    _target_: str = "qml.models.champions.MlpChampion"
    widths: list[int] = field(default_factory=lambda: [64])
    dropout: float = 0.0


@dataclass
class CnnChampionConfig:
    """Group `model`: a convolutional network."""

    _target_: str = "qml.models.champions.CnnChampion"
    channels: list[int] = field(default_factory=lambda: [16, 32])
    width: int = 64
    dropout: float = 0.0


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


@dataclass
class DataReuploadingConfig:
    """Group `model`, of the published study: data re-uploading; `read` is "single", "half" or "full"."""

    _target_: str = "qml.models.published.DataReuploading"
    depth: int = 4
    read: str = "single"
    separable: bool = False


@dataclass
class DressedConfig:
    """Group `model`, of the published study: the dressed circuit."""

    _target_: str = "qml.models.published.Dressed"
    depth: int = 3
    separable: bool = False


@dataclass
class CircuitCentricConfig:
    """Group `model`, of the published study: copies of the row as amplitudes, strongly entangling layers."""

    _target_: str = "qml.models.published.CircuitCentric"
    copies: int = 2
    depth: int = 4
    separable: bool = False


@dataclass
class IqpVariationalConfig:
    """Group `model`, of the published study: IQP encoding; `pairs_in: first` is the circuit of the published rows."""

    _target_: str = "qml.models.published.IqpVariational"
    repeats: int = 1
    depth: int = 10
    pairs_in: str = "every"
    separable: bool = False


@dataclass
class MetricLearnerConfig:
    """Group `model`, of the published study: the metric learner, with `examples` rows of each class remembered."""

    _target_: str = "qml.models.published.MetricLearner"
    depth: int = 3
    examples: int = 32
    separable: bool = False


@dataclass
class TreeTensorConfig:
    """Group `model`, of the published study: the tree tensor network."""

    _target_: str = "qml.models.published.TreeTensor"
    separable: bool = False


@dataclass
class BoltzmannConfig:
    """Group `model`, of the published study: the Boltzmann machine; `pairs` is "shared" (as it was run) or "own"."""

    _target_: str = "qml.models.published.Boltzmann"
    read: str = "single"
    temperature: float = 1.0
    pairs: str = "shared"
    separable: bool = False


@dataclass
class WeiNetConfig:
    """Group `model`, of the published study: WeiNet; `moves` is "last" (as it was run) or "nine"."""

    _target_: str = "qml.models.published.WeiNet"
    moves: str = "last"
    filter_name: str = "edge_detect"
    separable: bool = False


@dataclass
class QuanvolutionConfig:
    """Group `model`, of the published study: fixed random circuits on windows, and a CNN."""

    _target_: str = "qml.models.published.Quanvolution"
    window: int = 2
    channels: int = 1
    kernel: int = 3
    separable: bool = False


@dataclass
class SeparableVariationalConfig:
    """Group `model`, of the published study: its own model without entanglement."""

    _target_: str = "qml.models.published.SeparableVariational"
    depth: int = 1


@dataclass
class StudyCnnConfig:
    """Group `model`, of the published study: its classical CNN."""

    _target_: str = "qml.models.published.StudyCnn"
    kernel: int = 3


@dataclass
class StudyMlpConfig:
    """Group `model`, of the published study: its classical multilayer perceptron, scikit-learn's."""

    _target_: str = "qml.models.published.StudyMlp"
    widths: list[int] = field(default_factory=lambda: [100])
    alpha: float = 0.001
    batch_size: int = 32
    learning_rate: float = 0.001


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
class BackendConfig:
    """Group `backend`: who runs circuits.

    Args:
        executor: an entry of `qml.backends.EXECUTORS`.
        make: "package.module:name" of a callable `(**options) -> Executor`, in place of `executor`.
        options: its arguments.
    """

    _target_: str = "qml.estimators.choices.Backend"
    executor: str = "engine_cpu"
    make: str | None = None
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
    framework: str = "torch"
    epochs: int = 20
    patience: int | None = None
    seed: int = 0
    folder: str = "results/train"
    tensorboard: bool = True
    plugins: list[str] = field(default_factory=list)
    devices: int = 1
    accelerator: str = "cpu"


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
    drift_alpha: float = 0.01
    drift_effect: float = 0.1
    told_apart: float = 0.6
    wholly_apart: float = 0.9
    label_noise: float = 0.1
    label_model: float = 0.95
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
class ReadConfig:
    """`etl.read`: where raw rows are and how their files are written; see `qml.data.etl.Reading`.

    Args:
        path: a file, folder, pattern or URL.
        format: "csv", "json" or "parquet".
        header, names, separator, quote, nulls, trim, multiline: of CSV files.
        others: "refuse" columns that no rule names, or "drop" them.
    """

    _target_: str = "qml.data.etl.Reading"
    path: str = MISSING
    format: str = "csv"
    header: bool = True
    names: list[str] = field(default_factory=list)
    separator: str = ","
    quote: str = '"'
    nulls: list[str] = field(default_factory=lambda: ["", "NA", "NaN", "nan", "null", "?"])
    trim: bool = False
    multiline: bool = False
    others: str = "refuse"


@dataclass
class ColumnRuleConfig:
    """One of `etl.columns`: what columns of these names hold; see `qml.data.etl.ColumnRule`."""

    _target_: str = "qml.data.etl.ColumnRule"
    names: list[str] = field(default_factory=list)
    type: str = "float"
    role: str = "input"
    kind: str | None = None
    required: bool = False
    least: float | None = None
    greatest: float | None = None
    values: list[Any] = field(default_factory=list)
    pattern: str = ""
    format: str = ""


@dataclass
class TargetPlanConfig:
    """`etl.target`: what is predicted; see `qml.data.etl.TargetPlan`.

    Args:
        kind: "classes" or "number".
        classes: label -> values that it stands for; empty takes each value for a class.
        rest: label of every other value; null puts such rows into quarantine.
        name: of the target; empty takes that of its column.
    """

    _target_: str = "qml.data.etl.TargetPlan"
    kind: str = "classes"
    classes: dict[str, list[Any]] = field(default_factory=dict)
    rest: str | None = None
    name: str = ""


@dataclass
class DivisionConfig:
    """`etl.split`: which part a row belongs to; see `qml.data.etl.Division`.

    Args:
        how: "random", "group", "time" or "official".
        test, validation: shares.
        seed: of the hash that deals rows or groups.
        cut, validation_cut: for "time", the first moments of the parts.
        values, files: for "official", what is which part.
        distinct: write a part `test_distinct` too.
    """

    _target_: str = "qml.data.etl.Division"
    how: str = "random"
    test: float = 0.2
    validation: float = 0.2
    seed: int = 0
    cut: Any = None
    validation_cut: Any = None
    values: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, list[str]] = field(default_factory=dict)
    distinct: bool = False


@dataclass
class FeaturePlanConfig:
    """`etl.features`: how inputs become numbers; see `qml.data.etl.FeaturePlan`."""

    _target_: str = "qml.data.etl.FeaturePlan"
    impute: str = "median"
    flags: bool = True
    scale: str = "standard"
    categories: int = 64
    pca: int | None = None


@dataclass
class PreparationConfig:
    """Group `etl`: from raw files to parts with features; see `qml.data.etl.Preparation`.

    Args:
        name: of the set.
        read, columns, target, split, features: what is read, what it holds, and what is made of it.
        tolerated: share of the rows that may break the schema.
    """

    _target_: str = "qml.data.etl.Preparation"
    name: str = MISSING
    read: ReadConfig = field(default_factory=ReadConfig)
    columns: list[ColumnRuleConfig] = field(default_factory=list)
    target: TargetPlanConfig | None = None
    split: DivisionConfig = field(default_factory=DivisionConfig)
    features: FeaturePlanConfig = field(default_factory=FeaturePlanConfig)
    tolerated: float = 0.1


@dataclass
class EtlConfig:
    """The configuration of `experiments.etl`; see `qml.data.etl.EtlJob`.

    Args:
        etl: group.
        out: the folder that is made.
        master: "local[*]", or the address of a Spark cluster.
        memory: of the Java side.
        spark: further settings of Spark.
        rows_per_group, rows_per_file: sizes of the pieces.
        plugins: packages of yours that `_target_` may name.
    """

    _target_: str = "qml.data.etl.EtlJob"
    etl: PreparationConfig = field(default_factory=PreparationConfig)
    out: str = MISSING
    master: str = "local[*]"
    memory: str = "2g"
    spark: dict[str, Any] = field(default_factory=dict)
    rows_per_group: int = 65_536
    rows_per_file: int = 1_000_000
    plugins: list[str] = field(default_factory=list)


SCHEMAS: dict[str, dict[str, type]] = {  # group -> name of the schema in its folder -> dataclass
    "": {
        "audit_schema": AuditConfig,
        "benchmark_schema": BenchmarkConfig,
        "inspect_schema": InspectConfig,
        "embedding_schema": EmbeddingConfig,
        "etl_schema": EtlConfig,
        "report_schema": ReportConfig,
        "train_schema": TrainConfig,
    },
    "data": {"_schema": DataConfig},
    "etl": {"_schema": PreparationConfig},
    "model": {
        "_hybrid": HybridConfig,
        "_majority": MajorityConfig,
        "_logistic": LogisticConfig,
        "_svm": SvmConfig,
        "_boosting": BoostingConfig,
        "_knn": NeighboursConfig,
        "_mlp": MlpChampionConfig,
        "_cnn": CnnChampionConfig,
        "_iqp_kernel": IqpKernelConfig,
        "_projected_kernel": ProjectedKernelConfig,
        "_separable_kernel": SeparableKernelConfig,
        "_zz_kernel": ZzKernelConfig,
        "_kitchen_sinks": KitchenSinksConfig,
        "_data_reuploading": DataReuploadingConfig,
        "_dressed": DressedConfig,
        "_circuit_centric": CircuitCentricConfig,
        "_iqp_variational": IqpVariationalConfig,
        "_metric_learner": MetricLearnerConfig,
        "_tree_tensor": TreeTensorConfig,
        "_boltzmann": BoltzmannConfig,
        "_weinet": WeiNetConfig,
        "_quanvolution": QuanvolutionConfig,
        "_separable_variational": SeparableVariationalConfig,
        "_study_cnn": StudyCnnConfig,
        "_study_mlp": StudyMlpConfig,
    },
    "model/circuit": {"_schema": CircuitConfig},
    "model/features": {"_identity": IdentityConfig, "_mlp": MlpConfig, "_cnn": CnnConfig, "_own": OwnConfig},
    "training": {"_schema": TrainingConfig},
    "protocol": {"_schema": ProtocolConfig},
    "backend": {"_schema": BackendConfig},
}

BUILDS = {  # entry -> class that its configuration builds
    "audit": "qml.bench.audit_job.AuditJob",
    "benchmark": "qml.estimators.jobs.BenchmarkJob",
    "inspect": "qml.estimators.inspecting.InspectJob",
    "embedding": "qml.estimators.embedding_job.EmbeddingJob",
    "etl": "qml.data.etl.EtlJob",
    "report": "qml.estimators.report_job.ReportJob",
    "train": "qml.estimators.training.TrainJob",
}

SUITES = {  # entry -> class that joins the jobs of several data sets
    "benchmark": "qml.estimators.suite_job.SuiteJob",
    "report": "qml.estimators.suite_job.SuiteReportJob",
}

SCALINGS = {  # entry -> class that joins the jobs of several numbers of training rows
    "benchmark": "qml.estimators.scaling_job.ScalingJob",
    "report": "qml.estimators.scaling_job.ScalingReportJob",
}
