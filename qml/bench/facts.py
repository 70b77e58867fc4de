"""What can be said of a Source by looking at its rows once: sizes, classes, duplicates, rows in two splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from qml.base.digest import digest
from qml.base.errors import DataError
from qml.bench.scale import listed
from qml.data.source import Source, row_numbers

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
        name, digest, input shape, target name, kind and labels; rows by split and classes by split; how many rows
        there are in all, and where rows have no numbers the digest of those of "test"; how many rows repeat an
        earlier row of their split; how many test rows also lie in training or validation, and validation rows in
        training; how many input numbers never vary over the training rows.
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
    numbers = [found for split in SPLITS if (found := row_numbers(source, split)) is not None]
    if len(numbers) == len(SPLITS):
        facts["total"] = len(np.unique(np.concatenate(numbers)))
    else:
        facts["total"] = sum(facts["rows"].values())
        facts["test_digest"] = rows_digest(source, "test")
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


def rows_digest(source: Source, split: str) -> str:
    """Digest of the inputs and targets of a split, batch by batch in the order of its rows."""
    batches = []
    for batch in source.batches(split, CHUNK):
        labels = None if batch.targets is None else np.asarray(batch.targets)
        batches.append(digest([np.asarray(batch.inputs), labels]))
    return digest(batches)


def total_rows(facts: Mapping[str, Any]) -> int:
    """Different rows of all splits; of a cell that was written before they were counted, the sum over splits."""
    return int(facts.get("total", sum(facts["rows"].values())))


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
