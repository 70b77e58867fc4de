"""What can be said of a Source by looking at its rows once: sizes, classes, duplicates, rows in two splits."""

from __future__ import annotations

from collections import Counter
from typing import Any, Protocol, runtime_checkable

import numpy as np

from qml.base.errors import DataError
from qml.bench.scale import listed
from qml.data.source import Source

CHUNK = 4096
SPLITS = ("train", "validation", "test")


def targets(source: Source, split: str) -> np.ndarray:
    """Targets of one split `(N,)`, in the order of its rows.

    Raises:
        DataError: the split is empty or has no targets.
    """
    parts = [batch.targets for batch in source.batches(split, CHUNK)]
    if not parts or any(part is None for part in parts):
        raise DataError(
            f"Source {source.schema.name!r} gives no targets in its split {split!r}; a benchmark needs labelled rows "
            f"in {', '.join(SPLITS)}. Choose another split, or a source with a target."
        )
    return np.concatenate([np.asarray(part) for part in parts])


@runtime_checkable
class NumberedSource(Protocol):
    """A Source that can also tell which rows of its table a split holds; sources over arrays do."""

    def rows(self, split: str) -> np.ndarray | None:
        """`(N,)` row numbers in the table, in the order of the split; None where it does not know."""
        ...


def row_numbers(source: Source, split: str) -> np.ndarray | None:
    """Row numbers `(N,)` of a split in the whole table, where the source tells them."""
    found = source.rows(split) if isinstance(source, NumberedSource) else None
    return None if found is None else np.asarray(found)


def check_splits(source: Source) -> None:
    """Refuse a source without one of the splits of a benchmark, or with an empty one; nothing is read.

    Raises:
        DataError: names the split.
    """
    for split in SPLITS:
        if source.schema.sizes.get(split, 0) == 0:
            raise DataError(
                f"A benchmark trains, chooses and tests on {listed(SPLITS)}; source {source.schema.name!r} has "
                f"no row in {split!r}. Give that split a share of the rows."
            )


def source_facts(source: Source) -> dict[str, Any]:
    """Plain facts of a source, for the protocol section and the audit of a report.

    Returns:
        name, digest, input shape, target name, kind and labels; rows by split and classes by split; how many
        rows repeat an earlier row of their split; how many test rows also lie in training or validation, and
        validation rows in training; how many input numbers never vary over the training rows.
    """
    schema = source.schema
    facts: dict[str, Any] = {
        "name": schema.name,
        "digest": schema.digest,
        "input_shape": list(schema.input_shape),
        "target": None if schema.target is None else schema.target.name,
        "kind": None if schema.target is None else schema.target.kind,
        "labels": [] if schema.target is None else list(schema.target.labels),
        "groups": schema.groups,
        "time": schema.time,
    }
    seen = {split: _Seen() for split in SPLITS}
    for split in SPLITS:
        for batch in source.batches(split, CHUNK):
            seen[split].add(batch.inputs, batch.targets)
    facts["rows"] = {split: seen[split].rows for split in SPLITS}
    if facts["kind"] == "classes":
        facts["classes"] = {split: {str(k): n for k, n in sorted(seen[split].classes.items())} for split in SPLITS}
    if all(s.comparable for s in seen.values()):
        known = seen["train"].keys.keys() | seen["validation"].keys.keys()
        facts["repeated"] = {split: seen[split].rows - len(seen[split].keys) for split in SPLITS}
        facts["test_in_training"] = sum(n for key, n in seen["test"].keys.items() if key in known)
        in_both = (n for key, n in seen["validation"].keys.items() if key in seen["train"].keys)
        facts["validation_in_training"] = sum(in_both)
        facts["constant_inputs"] = seen["train"].constant
    return facts


class _Seen:
    """Running facts of one split."""

    def __init__(self) -> None:
        self.rows = 0
        self.comparable = True
        self.keys: Counter[int] = Counter()
        self.classes: Counter[Any] = Counter()
        self._low: np.ndarray | None = None
        self._high: np.ndarray | None = None

    def add(self, inputs: np.ndarray, labels: np.ndarray | None) -> None:
        """Take in one batch."""
        self.rows += len(inputs)
        if labels is not None and np.issubdtype(labels.dtype, np.integer):
            self.classes.update(labels.tolist())
        if inputs.dtype.kind not in "fiub":
            self.comparable = False
            return
        flat = np.ascontiguousarray(inputs.reshape(len(inputs), -1))
        self.keys.update(hash(row.tobytes()) for row in flat)
        if len(flat):
            low, high = flat.min(axis=0), flat.max(axis=0)
            self._low = low if self._low is None else np.minimum(self._low, low)
            self._high = high if self._high is None else np.maximum(self._high, high)

    @property
    def constant(self) -> int:
        """Input numbers with one value over all rows seen."""
        if self._low is None or self._high is None:
            return 0
        return int(np.sum(self._low == self._high))
