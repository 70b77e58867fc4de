"""Sets of the Hugging Face hub: its Parquet files by our download, their features by `datasets`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qml.base.errors import DataError
from qml.base.extras import require
from qml.data.catalogue import Home
from qml.data.fetch.bases import at_base, base_of
from qml.data.fetch.download import Downloaded, Patience, download

if TYPE_CHECKING:
    import pyarrow as pa


def hub_tables(
    home: Home, folder: Path, patience: Patience, title: str
) -> tuple[Mapping[str, pa.Table], tuple[Downloaded, ...]]:
    """Our files as tables of the hub's columns, and what was downloaded for them.

    The hub keeps every public set as Parquet too, split by split, and lists those files
    (`/api/datasets/<owner>/<name>/parquet/<config>/<split>`). A class label leaves as its number, and in a column
    `<name>.word` as its word; an image as its encoded bytes.

    Args:
        home: of kind "hub".
        folder: of the downloads.
        patience: of the downloads.
        title: of the bars.

    Raises:
        DataError: it cannot be downloaded, a checksum is another, or a split is not there.
        MissingExtraError: `datasets` is not installed.
    """
    require("datasets", extra="hub", purpose="reading a set of the Hugging Face hub")

    tables, got = {}, []
    for file, splits in home.files.items():
        here = [piece for split in splits for piece in _split_files(home, split, folder, patience, title)]
        tables[file] = _read([piece.path for piece in here])
        got += here
    return tables, tuple(got)


def _split_files(home: Home, split: str, folder: Path, patience: Patience, title: str) -> list[Downloaded]:
    """The Parquet files of one split, in order."""
    listing = f"{base_of('hub')}/api/datasets/{home.address}/parquet/{home.config}/{split}"
    page = download(listing, folder / f"{split}.json", patience=patience)
    try:
        urls = [at_base("hub", str(url)) for url in json.loads(page.path.read_text(encoding="utf-8"))]
    except ValueError as error:
        raise DataError(f"{page.url} is no list of files ({error}). Nothing was kept.") from error
    page.path.unlink()  # the next run asks again what there is
    if not urls:
        raise DataError(f"{page.url} lists no file: the hub has not converted this split. Get it by hand.")
    return [
        download(url, folder / f"{split}-{place:04d}.parquet", patience=patience, title=f"{title} {split}")
        for place, url in enumerate(urls)
    ]


def _read(paths: list[Path]) -> pa.Table:
    """The files end to end, by the features that `datasets` reads from them."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import ClassLabel, Features

    try:
        table = pa.concat_tables([pq.read_table(path) for path in paths], promote_options="permissive")
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{paths[0].name} and its like are no sound Parquet files ({error}). Nothing was kept."
        ) from error
    features: Any = Features.from_arrow_schema(table.schema)
    for name, feature in features.items():
        if isinstance(feature, ClassLabel):
            words = [None if code is None else feature.int2str(code) for code in table[name].to_pylist()]
            table = table.append_column(f"{name}.word", pa.array(words, pa.string()))
    return table.replace_schema_metadata(None)
