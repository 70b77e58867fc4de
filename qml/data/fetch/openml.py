"""Sets of OpenML: our download fills scikit-learn's cache of it, and scikit-learn reads them there.

`fetch_openml` neither resumes nor draws a bar, and knows no mirror; what it does well is to read ARFF by the
description of a set. So the four files of a set are laid down where it keeps them, and it never asks the network.
"""

from __future__ import annotations

import gzip
import json
import shutil
import urllib.parse
import warnings
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

API = ("api/v1/json/data/{}", "api/v1/json/data/features/{}", "api/v1/json/data/qualities/{}")
"""What scikit-learn asks of a set by its number: description, columns, qualities."""


def openml_tables(
    home: Home, folder: Path, patience: Patience, title: str
) -> tuple[Mapping[str, pa.Table], tuple[Downloaded, ...]]:
    """Our file as a table of OpenML's columns, and what was downloaded for it.

    Args:
        home: of kind "openml".
        folder: of the downloads, and of scikit-learn's cache.
        patience: of the downloads.
        title: of the bar.

    Raises:
        DataError: it cannot be downloaded, its MD5 is not that of its description, or it is no ARFF file.
        MissingExtraError: scikit-learn or pandas is not installed.
    """
    require("sklearn", extra="data", purpose="reading a set of OpenML")
    require("pandas", extra="data", purpose="reading a set of OpenML")
    import pyarrow as pa
    from sklearn.datasets import fetch_openml

    got = []
    for path in (pattern.format(home.address) for pattern in API):
        got.append(download(f"{base_of('openml')}/{path}", folder / path.replace("/", "_"), patience=patience))
        _into_cache(got[-1].path, folder, path)
    description = _description(got[0])
    url = description["url"]
    file = download(
        at_base("openml", url),
        folder / "data.arff",
        md5=description.get("md5_checksum"),
        patience=patience,
        title=title,
    )
    _into_cache(file.path, folder, urllib.parse.urlsplit(url).path.lstrip("/"))
    try:
        with warnings.catch_warnings():
            # what it cannot read it would download itself, from the network: that warning ends it here
            warnings.simplefilter("error", RuntimeWarning)
            # its other parser, by pandas, fails where the words of a category are digits
            read: Any = fetch_openml(
                data_id=int(home.address), data_home=str(folder), as_frame=True, parser="liac-arff"
            )
    except (ValueError, KeyError, OSError, RuntimeWarning) as error:
        raise DataError(f"{file.url} is no sound ARFF file of its description ({error}). Nothing was kept.") from error
    return {next(iter(home.files)): pa.Table.from_pandas(read.frame, preserve_index=False)}, (file,)


def _description(got: Downloaded) -> Mapping[str, Any]:
    """What OpenML says of a set."""
    try:
        found = json.loads(got.path.read_text(encoding="utf-8"))["data_set_description"]
        return {**found, "url": str(found["url"])}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{got.url} is no description of a set ({error!r}). Nothing was kept.") from error


def _into_cache(path: Path, folder: Path, openml_path: str) -> None:
    """A file where scikit-learn keeps it."""
    cached = folder / "openml" / "openml.org" / f"{openml_path}.gz"
    cached.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "rb") as plain, gzip.open(cached, "wb", compresslevel=1) as packed:
        shutil.copyfileobj(plain, packed)
