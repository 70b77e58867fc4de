"""Raw files to prepared Parquet on Spark: declared, checked, divided and fitted on the training part alone."""

from qml.data.etl.declared import ColumnRule, TargetPlan
from qml.data.etl.division import Division
from qml.data.etl.job import EtlJob, EtlOutcome
from qml.data.etl.preparation import FeaturePlan, Preparation, Reading

__all__ = [
    "ColumnRule",
    "Division",
    "EtlJob",
    "EtlOutcome",
    "FeaturePlan",
    "Preparation",
    "Reading",
    "TargetPlan",
]
