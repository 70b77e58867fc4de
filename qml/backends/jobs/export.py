"""Rows of a job store as Parquet; nothing else here needs pyarrow."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qml.base.extras import require
from qml.base.files import replacing


def write_parquet(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write rows as a Parquet file, whole or not at all; what is nested without a fixed form becomes JSON text.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    require("pyarrow", "data", "An export as Parquet")
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = ("estimate", "billed", "counts", "past")
    columns = {name: None for row in rows for name in row}
    table = {
        name: [json.dumps(row[name]) if name in texts and row.get(name) is not None else row.get(name) for row in rows]
        for name in columns
    }
    with replacing(path) as temporary:
        pq.write_table(pa.table(table), temporary)
