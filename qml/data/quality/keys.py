"""Keys of rows: equal for rows that are equal in every byte, or in their words alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np

from qml.data.duplicates import row_keys

LINK = re.compile(r"(?:https?://|www\.|\bt\.co/)\S+", re.IGNORECASE)
SPACE = re.compile(r"\s+")
ODD = np.uint64(0x9E3779B97F4A7C15)


def array_keys(columns: Sequence[np.ndarray]) -> np.ndarray:
    """`(N,)` int64 keys of rows over columns of `(N, ...)` numbers, each compared in its own type.

    Example:
        >>> keys = array_keys([np.array([1, 1, 2], np.int8), np.array([0.5, 0.5, 0.5])])
        >>> bool(keys[0] == keys[1]), bool(keys[1] == keys[2])
        (True, False)
    """
    if len(columns) == 1 and columns[0].dtype == object:
        return row_keys(columns[0])
    return row_keys(np.concatenate([_bytes(column) for column in columns], axis=1))


def _bytes(column: np.ndarray) -> np.ndarray:
    """`(N, width)` uint8 of a column; -0.0 and 0.0 are one value, as are all kinds of NaN."""
    if column.dtype == object:
        return row_keys(column).view(np.uint8).reshape(len(column), -1)
    if column.dtype.kind == "f":
        column = np.where(np.isnan(column), column.dtype.type(np.nan), column + column.dtype.type(0))
    if column.dtype.kind in "mM":
        column = column.astype(np.int64)
    return np.ascontiguousarray(column).reshape(len(column), -1).view(np.uint8)


def text_keys(texts: Iterable[object]) -> np.ndarray:
    """`(N,)` int64 keys of strings, or of anything that can be hashed."""
    return np.array([hash(text) for text in texts], np.int64)


def joined_keys(keys: Sequence[np.ndarray]) -> np.ndarray:
    """`(N,)` int64 keys of several `(N,)` keys taken together."""
    mixed = np.zeros(len(keys[0]), np.uint64)
    for each in keys:
        mixed = (mixed ^ (mixed >> np.uint64(29))) * ODD + each.view(np.uint64)
    return mixed.view(np.int64)


def loose_text(texts: Iterable[object]) -> list[str]:
    """Texts without case, links, the amount of white space and the form of their letters in Unicode.

    Example:
        >>> loose_text(["Stocks  fall  https://t.co/a1", "stocks fall https://t.co/zz"])
        ['stocks fall', 'stocks fall']
    """
    return [SPACE.sub(" ", LINK.sub(" ", _one_form(str(text)))).strip().casefold() for text in texts]


def _one_form(text: str) -> str:
    """A text in one Unicode form, without marks that are not seen, such as a space of no width."""
    if text.isascii():
        return text
    return "".join(letter for letter in unicodedata.normalize("NFKC", text) if unicodedata.category(letter) != "Cf")


def without_links(texts: Iterable[object]) -> list[str]:
    """Texts without links, else as they are.

    Example:
        >>> without_links(["Stocks  fall https://t.co/a1"])
        ['Stocks  fall']
    """
    return [LINK.sub("", str(text)).strip() for text in texts]
