"""Features of a bank as a Source: the same parts, rows and targets as the source that they were computed of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qml.base.errors import DataError
from qml.base.extras import require
from qml.base.files import file_digest
from qml.base.registry import unknown
from qml.data.arrays import ArraySource, batch_order, dealt
from qml.data.bank.building import ROW
from qml.data.manifest import MANIFEST, Manifest, PreparedFile, parse_manifest
from qml.data.source import Batch, Schema, Source
from qml.data.transformed import TransformedSource


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of one part.

    Args:
        features: `(N, F)` float32.
        targets: `(N,)` int64 classes or float32 numbers, or None.
        rows: `(N,)` int64 rows of the table below, or None where they are not known.
    """

    features: np.ndarray
    targets: np.ndarray | None
    rows: np.ndarray | None


@dataclass(frozen=True, eq=False)
class BankedSource:
    """A Source of features that are in memory; batches come in the order of an `ArraySource` of the same sizes.

    Made by `FeatureBank.source`. For more features than memory holds, stream the folder that `info["bank"]` names.

    Args:
        schema: what the batches hold.
        parts: by name.
        info: facts of the source below, and of the bank.
    """

    schema: Schema
    parts: Mapping[str, Part]
    info: Mapping[str, Any]

    @property
    def width(self) -> int:
        """Features a row."""
        return self.schema.input_shape[0]

    def part(self, split: str) -> Part:
        """All rows of a part, in file order.

        Raises:
            ConfigError: there is no such part; near names are given.
        """
        if split not in self.parts:
            raise unknown(f"split of {self.schema.name!r}", split, list(self.parts))
        return self.parts[split]

    def rows(self, split: str) -> np.ndarray | None:
        """`(n,)` which rows of the table below a part holds; None where the source below does not tell."""
        return self.part(split).rows

    def batches(
        self,
        split: str,
        size: int,
        seed: int | None = None,
        *,
        epoch: int = 0,
        start: int = 0,
        shard: tuple[int, int] = (0, 1),
    ) -> Iterator[Batch]:
        """Batches of `size` rows; see `qml.data.Source`."""
        part = self.part(split)
        order = batch_order(len(part.features), split, size, seed, epoch, start, shard)
        for numbers in dealt(order, size, start, shard):
            yield Batch(part.features[numbers], None if part.targets is None else part.targets[numbers], numbers)


def open_banked(folder: Path, source: Source, bank: Mapping[str, Any]) -> BankedSource:
    """The features in `folder`, after a check of every file.

    Args:
        folder: of one pair of backbone and data.
        source: that they were computed of.
        bank: facts of the bank, for `info`.

    Raises:
        DataError: a file is not the one that was written; the message names it.
    """
    manifest = parse_manifest((folder / MANIFEST).read_text(encoding="utf-8"), str(folder / MANIFEST))
    below = source.schema
    parts = {part: _read(folder, manifest, manifest.parts[part]) for part in below.sizes}
    schema = Schema(
        name=below.name,
        input_shape=(len(manifest.features),),
        target=manifest.target,
        sizes={part: len(found.features) for part, found in parts.items()},
        columns=manifest.columns,
        groups=below.groups,
        time=below.time,
        digest=manifest.digest,
    )
    facts = source.info if isinstance(source, (ArraySource, TransformedSource, BankedSource)) else {}
    return BankedSource(schema, parts, {**facts, "bank": dict(bank)})


def _read(folder: Path, manifest: Manifest, files: tuple[PreparedFile, ...]) -> Part:
    """The files of a part end to end, filled column by column into arrays made beforehand."""
    require("pyarrow", extra="data", purpose="reading a feature bank")
    import pyarrow.parquet as pq

    n_rows = sum(item.rows for item in files)
    features = np.empty((n_rows, len(manifest.features)), np.float32)
    target = manifest.target.name if manifest.target is not None else None
    beside: dict[str, list[np.ndarray]] = {}
    first = 0
    for item in files:
        path = folder / item.path
        _verify(path, item)
        table = pq.read_table(path)
        for place, name in enumerate(manifest.features):
            features[first : first + item.rows, place] = table.column(name).to_numpy()
        for name in (target, ROW):
            if name is not None and name in table.column_names:
                beside.setdefault(name, []).append(table.column(name).to_numpy())
        first += item.rows
    targets = np.concatenate(beside[target]) if target in beside else None
    return Part(features, targets, np.concatenate(beside[ROW]) if ROW in beside else None)


def _verify(path: Path, item: PreparedFile) -> None:
    """Refuse a file that is not the one of the manifest.

    Raises:
        DataError: it is absent, or has another size or checksum.
    """
    remedy = f"Remove the folder {path.parent.parent}; the features are then computed anew."
    if not path.is_file():
        raise DataError(f"{path} belongs to a feature bank, and is not there. {remedy}")
    if path.stat().st_size != item.nbytes or file_digest(path) != item.sha256:
        raise DataError(f"{path} is not the file that the feature bank wrote: its checksum differs. {remedy}")
