"""Which schema stands in which group, and what each entry builds."""

from __future__ import annotations

from qml.schema.champions import (
    BoostingConfig,
    CnnChampionConfig,
    LogisticConfig,
    MajorityConfig,
    MlpChampionConfig,
    NeighboursConfig,
    SvmConfig,
)
from qml.schema.data import DataConfig
from qml.schema.etl import EtlConfig, PreparationConfig
from qml.schema.examining import AuditConfig, EmbeddingConfig, InspectConfig, JobsConfig
from qml.schema.fitting import BenchmarkConfig, ReportConfig, TrainConfig
from qml.schema.hardware import HardwareConfig
from qml.schema.hybrid import CircuitConfig, CnnConfig, HybridConfig, IdentityConfig, MlpConfig, OwnConfig
from qml.schema.kernels import (
    IqpKernelConfig,
    KitchenSinksConfig,
    ProjectedKernelConfig,
    SeparableKernelConfig,
    ZzKernelConfig,
)
from qml.schema.published import (
    BoltzmannConfig,
    CircuitCentricConfig,
    DataReuploadingConfig,
    DressedConfig,
    IqpVariationalConfig,
    MetricLearnerConfig,
    QuanvolutionConfig,
    SeparableVariationalConfig,
    StudyCnnConfig,
    StudyMlpConfig,
    TreeTensorConfig,
    WeiNetConfig,
)
from qml.schema.training import BackendConfig, NoiseConfig, ProtocolConfig, TrainingConfig

SCHEMAS: dict[str, dict[str, type]] = {  # group -> name of the schema in its folder -> dataclass
    "": {
        "audit_schema": AuditConfig,
        "benchmark_schema": BenchmarkConfig,
        "inspect_schema": InspectConfig,
        "jobs_schema": JobsConfig,
        "embedding_schema": EmbeddingConfig,
        "etl_schema": EtlConfig,
        "hardware_schema": HardwareConfig,
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
    "noise": {"_schema": NoiseConfig},
}

BUILDS = {  # entry -> class that its configuration builds
    "audit": "qml.bench.audit_job.AuditJob",
    "benchmark": "qml.estimators.jobs.BenchmarkJob",
    "inspect": "qml.estimators.inspecting.InspectJob",
    "jobs": "qml.backends.jobs.keeping.JobsJob",
    "embedding": "qml.estimators.embedding_job.EmbeddingJob",
    "etl": "qml.data.etl.EtlJob",
    "hardware": "qml.estimators.hardware_job.HardwareJob",
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
