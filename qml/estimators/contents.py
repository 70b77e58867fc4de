"""What a data set holds, as one digest that depends neither on where it lies nor on how its rows are divided."""

from __future__ import annotations

from qml.base.digest import digest
from qml.base.errors import DataError
from qml.base.files import file_digest
from qml.bench.facts import rows_digest
from qml.data.source import Source


def catalogue_contents(name: str, root: str | None = None) -> str:
    """Digest of the files of a set of the catalogue; of its arrays, where it comes with a package.

    Raises:
        DataError: the set is not there.
    """
    from qml.data import CATALOGUE, open_table
    from qml.data.opening import locate

    entry = CATALOGUE[name]
    if entry.built_in:
        return open_table(name).digest
    folder = locate(entry, root)
    return digest({item.file: file_digest(folder / item.file) for item in (*entry.files, *entry.beside.values())})


def source_contents(source: Source) -> str:
    """The digest that a source of your own gives in its schema; where it gives none, that of all its rows.

    Raises:
        DataError: it gives no digest and has a split without an end.
    """
    schema = source.schema
    if schema.digest:
        return schema.digest
    endless = [split for split, rows in schema.sizes.items() if rows is None]
    if endless:
        raise DataError(
            f"Source {schema.name!r} gives no digest, and its split {endless[0]!r} has no known end, so that its rows "
            f"cannot be told from others. Set `digest` in its Schema to what tells its contents apart."
        )
    rows = {split: rows_digest(source, split) for split in sorted(schema.sizes)}
    return digest({"input_shape": schema.input_shape, "target": schema.target, "rows": rows})
