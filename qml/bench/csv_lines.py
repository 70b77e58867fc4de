"""CSV files as lines by their number, refused with the reason where they are none."""

from __future__ import annotations

import csv
from pathlib import Path

from qml.base.errors import DataError


def csv_files(path: Path) -> list[Path]:
    """The CSV files that `path` stands for."""
    if path.is_dir():
        found = sorted(file for file in path.rglob("*.csv") if file.is_file())
        if not found:
            raise DataError(f"The folder {path} has no file *.csv. Name a CSV file, or a folder that holds some.")
        return found
    if not path.is_file():
        raise DataError(f"A table of results was to be read from {path}; there is no such file. Check the path.")
    return [path]


def shown(file: Path, path: Path) -> str:
    """A file of `path` for a reader."""
    return str(file.relative_to(path)) if file != path else file.name


def csv_lines(file: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Header, and lines by their number, of one file."""
    try:
        with open(file, encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text, strict=True)
            head = list(reader.fieldnames or ())
            body = [(reader.line_num, line) for line in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{file} was to be a CSV file in UTF-8; reading it failed: {error}. Export it as CSV."
        ) from error
    if not head:
        raise DataError(f"{file} is empty; a table of results has a header and one row a result.")
    twice = sorted({name for name in head if head.count(name) > 1 and name})
    if twice:
        raise DataError(f"{file} has two columns called {', '.join(map(repr, twice))}. Rename one of each.")
    for number, line in body:
        if None in line or None in line.values():
            raise DataError(
                f"Line {number} of {file} has more or fewer values than its header has columns ({len(head)}: "
                f"{', '.join(head)}). Put values that hold a comma in quotes."
            )
    return head, body
