"""Text of separated values as an Arrow table of strings: nothing is guessed, types are given later."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qml.base.errors import DataError
from qml.base.extras import require
from qml.data.catalogue import Home

if TYPE_CHECKING:
    import pyarrow as pa


def text_table(home: Home, file: str, files: Sequence[tuple[str, bytes]], where: str) -> pa.Table:
    """Files of the same layout end to end, every value a string; `member` names the file of each row.

    Args:
        home: says the layout.
        file: of ours, that they become.
        files: (name, bytes).
        where: they come from, for the message.

    Raises:
        DataError: a line has another number of values, or a file is no UTF-8; the message names the file.
    """
    require("pyarrow", extra="data", purpose="reading separated values")
    import pyarrow as pa

    tables = []
    for name, data in files:
        table = _read(home, file, name, data, where)
        tables.append(table.append_column("member", pa.array([name] * len(table), pa.string())))
    return pa.concat_tables(tables)


def _read(home: Home, file: str, name: str, data: bytes, where: str) -> pa.Table:
    """One file."""
    import pyarrow as pa
    import pyarrow.csv as pcsv

    names = list(home.names or [source for source, _ in home.columns_of(file).values() if source is not None])
    try:
        table = pcsv.read_csv(
            io.BytesIO(_prepared(home, data)),
            read_options=pcsv.ReadOptions(column_names=None if home.header else names),
            parse_options=pcsv.ParseOptions(delimiter=home.separator, quote_char='"' if home.quoted else False),
            convert_options=pcsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=names,
                null_values=list(home.missing),
                strings_can_be_null=bool(home.missing),
                quoted_strings_can_be_null=False,
            ),
        )
    except (pa.ArrowException, KeyError) as error:
        raise DataError(
            f"{name} of {where} is not laid out as it was known to be ({error}). Nothing was kept."
        ) from error
    return _stripped(table) if home.strip else table


def _prepared(home: Home, data: bytes) -> bytes:
    """The bytes without comments, and with single blanks where runs of them separate."""
    if home.comment:
        data = re.sub(rb"^" + re.escape(home.comment.encode()) + rb"[^\n]*\n", b"", data, flags=re.MULTILINE)
    if home.separator == " ":
        data = b"\n".join(b" ".join(line.split()) for line in data.splitlines())
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")  # three of the published files end lines in their own way


def _stripped(table: pa.Table) -> pa.Table:
    """Every value without blanks around it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = [pc.utf8_trim_whitespace(column) for column in table.columns]  # pyright: ignore[reportAttributeAccessIssue]
    return pa.table(trimmed, names=table.column_names)
