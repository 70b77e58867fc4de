"""The four sets that come with scikit-learn: no download, no data root."""

from __future__ import annotations

from typing import Any

import numpy as np

from qml.base.digest import digest
from qml.base.extras import require
from qml.data.catalogue import Entry
from qml.data.source import Column, Target
from qml.data.table import Table


def builtin_table(entry: Entry) -> Table:
    """The table of one of scikit-learn's bundled sets.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    require("sklearn", extra="data", purpose=f"the built-in data set {entry.name!r}")
    from sklearn import datasets

    loaders = {
        "digits": datasets.load_digits,
        "breast_cancer": datasets.load_breast_cancer,
        "wine": datasets.load_wine,
        "diabetes": datasets.load_diabetes,
    }
    bunch: Any = loaders[entry.name]()
    inputs, targets = np.asarray(bunch.data), np.asarray(bunch.target)
    rule = entry.target
    target = Target(rule.column, rule.kind, rule.labels) if rule else Target("target", "number")
    names = [str(name) for name in bunch.feature_names]
    columns = tuple(Column(name, "number") for name in names)
    values = {name: inputs[:, place] for place, name in enumerate(names)}
    coded = targets.astype(np.int64 if target.kind == "classes" else np.float32)
    key = digest({"inputs": inputs, "targets": targets})
    return Table(entry.name, entry.form, columns, values, target, coded, digest=key)
