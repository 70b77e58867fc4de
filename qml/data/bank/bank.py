"""A folder of features: whatever was computed once by a frozen backbone is read from there by every later run."""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from qml.base.alone import alone
from qml.base.digest import digest as digest_of
from qml.base.errors import ConfigError, DataError
from qml.base.files import made_folder
from qml.data.bank.banked import BankedSource, open_banked
from qml.data.bank.building import PLAN, ROWS_A_FILE, Building
from qml.data.manifest import MANIFEST
from qml.data.source import Source

log = logging.getLogger(__name__)
VERSION = 1

Extract = Callable[[np.ndarray], np.ndarray]
"""A frozen backbone: `(B, *input_shape)` inputs of a batch to `(B, F)` features of each row, by itself alone."""


class FeatureBank:
    """Features by backbone and data, each pair in a folder of its own.

    The key of a pair is a digest of the backbone's digest and of the source's (which holds its rows, its split and its
    transform). A pair that is there is opened, after its checksums; one that is not is computed, file by file: killed
    in the middle, the next run continues at the file that was not finished, and a full disk leaves no half a file.
    The folder of a pair is a prepared data set with a manifest, so anything that streams those streams features.

    Not for a backbone that is still trained, nor for augmented rows: features are of rows as they are.

    Args:
        folder: of the bank; made where it is not there.

    Raises:
        ConfigError: the folder cannot be written to.

    Example:
        >>> import tempfile
        >>> from qml.data import make_source
        >>> bank = FeatureBank(tempfile.mkdtemp())
        >>> halves = lambda inputs: inputs[:, :6] + inputs[:, 6:12]
        >>> source = bank.source(make_source("wine"), halves, digest="halves of 13 numbers")
        >>> source.schema.input_shape, source.info["bank"]["computed"]
        ((6,), True)
        >>> bank.source(make_source("wine"), halves, digest="halves of 13 numbers").info["bank"]["computed"]
        False
    """

    def __init__(self, folder: str | os.PathLike[str]):
        self.folder = made_folder("bank", Path(folder).expanduser())

    def source(
        self,
        source: Source,
        extract: Extract | None,
        digest: str,
        *,
        batch_size: int = 256,
        rows_a_file: int = ROWS_A_FILE,
    ) -> BankedSource:
        """The features of every row of `source`, as a Source with the same parts, rows and targets.

        Args:
            source: with known sizes and a digest.
            extract: `(B, *input_shape)` to `(B, F)` finite numbers, the same for a row in any batch; not called where
                the features are there. They are kept as float32. None only reads what is there.
            digest: tells this backbone from every other, weights included.
            batch_size: rows that are handed to `extract` at once.
            rows_a_file: rows of a file; what is lost at most when the process is killed.

        Raises:
            DataError: nothing is there and `extract` is None, the source has an endless part or no digest, the
                backbone gives something else than finite `(B, F)`, a file of the bank is damaged, or the disk is full;
                the message names the file.
            ConfigError: no digest, or a batch size below 1.
        """
        key, folder = self._place(source, digest)
        if batch_size < 1 or rows_a_file < 1:
            raise ConfigError(f"batch_size={batch_size} and rows_a_file={rows_a_file} were given; both start at 1.")
        with alone(folder.with_name(f".{folder.name}.lock"), f"features of {source.schema.name!r}"):
            computed = not (folder / MANIFEST).is_file()
            if computed:
                if extract is None:
                    raise DataError(
                        f"Features of {source.schema.name!r} by the backbone of digest {digest!r} were asked for; "
                        f"nothing is stored under this digest in {self.folder}. Correct it, or give the backbone that "
                        "computes them."
                    )
                work = folder.with_name(f".{folder.name}.building")
                Building(work, key, source, extract, batch_size, rows_a_file).run()
                shutil.rmtree(folder, ignore_errors=True)  # without a manifest it is nothing
                os.replace(work, folder)
                (folder / PLAN).unlink()
            banked = open_banked(folder, source, {"folder": str(folder), "key": key, "computed": computed})
        rows = sum(size or 0 for size in banked.schema.sizes.values())
        how = "computed" if computed else "read, nothing computed"
        log.info("features of %s: %d rows of %s numbers %s, in %s", source.schema.name, rows, banked.width, how, folder)
        return banked

    def path(self, source: Source, digest: str) -> Path:
        """The folder of the features of `source` by the backbone of that digest, whether it is there or not."""
        return self._place(source, digest)[1]

    def _place(self, source: Source, digest: str) -> tuple[str, Path]:
        """The key of a pair and its folder."""
        schema = source.schema
        if not digest:
            raise ConfigError("A bank was asked for features of a backbone without a digest; give one that tells it.")
        if not schema.digest:
            raise DataError(
                f"A bank was asked for features of {schema.name!r}, which gives no digest: its rows could not be told "
                f"from others. Set `digest` in its Schema to what tells its contents apart."
            )
        endless = [part for part, size in schema.sizes.items() if size is None]
        if endless:
            raise DataError(f"Features of every row of {schema.name!r} were asked for; {endless[0]!r} is endless.")
        key = digest_of({"version": VERSION, "backbone": digest, "data": schema.digest})
        return key, self.folder / f"{re.sub(r'[^A-Za-z0-9_-]', '-', schema.name)}-{key[:16]}"
