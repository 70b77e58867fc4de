"""What a configuration may say of the data: a set of the catalogue, or a table of your own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qml.schema.missing import MISSING


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
