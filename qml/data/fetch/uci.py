"""Sets of the UCI repository: one archive or one CSV file each, below `static/public`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from qml.data.catalogue import Home
from qml.data.fetch.archives import members
from qml.data.fetch.bases import base_of
from qml.data.fetch.delimited import text_table
from qml.data.fetch.download import Downloaded, Patience, download

if TYPE_CHECKING:
    import pyarrow as pa


def uci_tables(
    home: Home, folder: Path, patience: Patience, title: str
) -> tuple[Mapping[str, pa.Table], tuple[Downloaded, ...]]:
    """Our files as tables of strings, and what was downloaded for them.

    Args:
        home: of kind "uci".
        folder: of the download.
        patience: of the download.
        title: of the bar.

    Raises:
        DataError: it cannot be downloaded, or holds something else than was known of it.
    """
    url = f"{base_of('uci')}/static/public/{home.address}"
    got = download(url, folder / PurePosixPath(home.address).name, sha256=home.sha256, patience=patience, title=title)
    where = got.url
    tables = {file: text_table(home, file, members(got.path, wanted), where) for file, wanted in home.files.items()}
    return tables, (got,)
