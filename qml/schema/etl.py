"""What a configuration may say of preparing raw files, and the configuration of the entry `etl`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qml.schema.missing import MISSING


@dataclass
class ReadConfig:
    """`etl.read`: where raw rows are and how their files are written; see `qml.data.etl.Reading`.

    Args:
        path: a file, folder, pattern or URL.
        format: "csv", "json" or "parquet".
        header, names, separator, quote, nulls, trim, multiline, encoding: of CSV files.
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
    encoding: str = "UTF-8"
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
    """`etl.target`: what is predicted, if a column has the role target; see `qml.data.etl.TargetPlan`.

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
    values: dict[str, list[Any]] = field(default_factory=dict)
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
    target: TargetPlanConfig | None = field(default_factory=TargetPlanConfig)
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
