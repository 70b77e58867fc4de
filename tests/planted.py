"""Where a planted token has got to: files of any kind, also inside what they compress, and texts."""

import io
import sqlite3
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path


def planted_in(token: str, places: Iterable[Path], texts: Sequence[str] = ()) -> list[str]:
    """Files below `places` and numbers of `texts` that hold `token`; databases and archives are opened as well."""
    files = [file for place in places for file in ([place] if place.is_file() else sorted(place.rglob("*")))]
    found = [str(file) for file in files if file.is_file() and _holds(token.encode(), file)]
    return found + [f"text {number}" for number, text in enumerate(texts) if token in text]


def _holds(token: bytes, file: Path) -> bool:
    data = file.read_bytes()
    if _inside(token, data):
        return True
    if not data.startswith(b"SQLite format 3\0"):
        return False
    with closing(sqlite3.connect(file)) as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        cells = [cell for table in tables for row in database.execute(f"SELECT * FROM {table}") for cell in row]
    return any(_inside(token, cell.encode() if isinstance(cell, str) else cell) for cell in cells if _is_text(cell))


def _is_text(cell: object) -> bool:
    return isinstance(cell, (str, bytes))


def _inside(token: bytes, data: bytes) -> bool:
    if token in data:
        return True
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return any(token in archive.read(name) for name in archive.namelist())
    try:
        return token in zlib.decompress(data)
    except zlib.error:
        return False
