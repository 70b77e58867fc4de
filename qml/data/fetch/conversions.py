"""Steps of a conversion that a table of columns and types cannot say, by the name that the catalogue gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from qml.base.registry import Registry

if TYPE_CHECKING:
    import pyarrow as pa

CONVERSIONS: Registry[Callable[[Any], Any]] = Registry("conversion")
"""Functions from a table of strings, with the column `member` beside, to another."""


def hours(table: pa.Table) -> pa.Table:
    """`time` of the columns year, month, day and hour; the rows in the order of time, then station."""
    import pyarrow as pa

    parts = {name: table[name].to_numpy().astype(np.int64) for name in ("year", "month", "day", "hour")}
    months = (parts["year"] - 1970) * 12 + parts["month"] - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]") + (parts["day"] - 1)
    time = days.astype("datetime64[h]") + parts["hour"]
    table = table.append_column("time", pa.array(time.astype("datetime64[us]")))
    return table.sort_by([("time", "ascending"), ("station", "ascending")])


def label_without_dot(table: pa.Table) -> pa.Table:
    """The last column before `member` without the full stop that some files end their lines with."""
    import pyarrow.compute as pc

    place = table.column_names.index("member") - 1
    cut = pc.utf8_rtrim(table.column(place), characters=".")  # pyright: ignore[reportAttributeAccessIssue]
    return table.set_column(place, table.column_names[place], cut)


def site_of_member(table: pa.Table) -> pa.Table:
    """`site`: the middle of the name of the file, such as `cleveland` of `processed.cleveland.data`."""
    import pyarrow as pa

    return table.append_column("site", pa.array([name.split(".")[1] for name in table["member"].to_pylist()]))


def gene_of_instance(table: pa.Table) -> pa.Table:
    """`gene`: what stands before the first hyphen of the name of a row."""
    import pyarrow as pa

    return table.append_column("gene", pa.array([name.partition("-")[0] for name in table["instance"].to_pylist()]))


def numbered(table: pa.Table) -> pa.Table:
    """`t`: the number of the row, from 0."""
    import pyarrow as pa

    return table.append_column("t", pa.array(np.arange(len(table), dtype=np.int32)))


for _step in (hours, label_without_dot, site_of_member, gene_of_instance, numbered):
    CONVERSIONS.add(_step.__name__, _step)
