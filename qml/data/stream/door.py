"""A ParquetSource from plain data, as a configuration names it: `data=parquet data.options.path=folder`."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from qml.base.addresses import refuse_credentials
from qml.base.bounds import check_word
from qml.base.errors import ConfigError
from qml.base.registry import unknown
from qml.data.stream.source import ParquetSource

NOT_HERE = {
    "storage_options": "Credentials come from the environment, as the storage expects them: what is configured is "
    "written beside results.",
    "decoders": "A decoder is a callable: open the source in Python, behind a data.make of your own.",
    "seed": "The seed of the run is the seed of the source.",
}


def parquet_source(seed: int, path: str | Mapping[str, str], **options: Any) -> ParquetSource:
    """`ParquetSource.open` with arguments that a YAML file can hold.

    Args:
        seed: of `shares` and of the sample that a transform is fitted on.
        path: a file, a folder or a URL; or part -> path.
        **options: further arguments of `ParquetSource.open`; `transform` is "auto" or "none".

    Raises:
        ConfigError: an option that is not known, or that a configuration should not hold, such as credentials.
        DataError: see `ParquetSource.open`.

    Example:
        >>> parquet_source(0, "rows", shards=2)
        Traceback (most recent call last):
        ...
        qml.base.errors.ConfigError: data.options 'shards' is not known. Did you mean 'shares'? ...
    """
    known = [name for name in inspect.signature(ParquetSource.open).parameters if name not in {"path", *NOT_HERE}]
    for name in options:
        if name in NOT_HERE:
            raise ConfigError(f"data.options.{name} was given. {NOT_HERE[name]}")
        if name not in known:
            raise unknown("data.options", name, known)
    refuse_credentials(path, "data.options.path", NOT_HERE["storage_options"])
    transform = options.pop("transform", "auto") or "none"
    check_word(("auto", "none"), **{"data.options.transform": transform})
    options["transform"] = None if transform == "none" else transform
    return ParquetSource.open(path, seed=seed, **options)
