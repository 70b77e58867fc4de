"""The file of a job store: whole or absent, known by its header before anything opens it, one writer at a time."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from qml.base.errors import DataError

MAGIC, APPLICATION, VERSION = b"SQLite format 3\0", 0x716D6C6A, 1
HEADER, VERSION_AT, APPLICATION_AT = 100, slice(60, 64), slice(68, 72)
BUSY_S = 60.0
SCHEMA = """
CREATE TABLE request(
  key TEXT PRIMARY KEY, content TEXT NOT NULL, provider TEXT NOT NULL, target_name TEXT NOT NULL, target TEXT NOT NULL,
  program TEXT NOT NULL, member TEXT, shots INTEGER, seed INTEGER, rows INTEGER NOT NULL, slots BLOB NOT NULL,
  owner TEXT, lease REAL, created REAL NOT NULL);
CREATE INDEX request_content ON request(content);
CREATE TABLE job(
  key TEXT PRIMARY KEY, request TEXT NOT NULL REFERENCES request(key), place INTEGER NOT NULL,
  start INTEGER NOT NULL, stop INTEGER NOT NULL, seed INTEGER,
  state TEXT NOT NULL CHECK(state IN('prepared','submitting','submitted','done','failed','cancelled')),
  tag TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, posts INTEGER NOT NULL DEFAULT 0, posted REAL,
  doubtful INTEGER NOT NULL DEFAULT 0, looked INTEGER NOT NULL DEFAULT 0, remote TEXT,
  others TEXT NOT NULL DEFAULT '[]', estimate TEXT NOT NULL, reserved INTEGER NOT NULL DEFAULT 0, billed TEXT,
  calibration TEXT REFERENCES calibration(id), created REAL NOT NULL, submitted REAL, finished REAL,
  error TEXT, result BLOB, UNIQUE(request, place));
CREATE TABLE past(
  job TEXT NOT NULL REFERENCES job(key), tries INTEGER NOT NULL, tag TEXT NOT NULL, remote TEXT, others TEXT NOT NULL,
  state TEXT NOT NULL, billed TEXT, submitted REAL, finished REAL, error TEXT, PRIMARY KEY(job, tries));
CREATE TABLE calibration(
  id TEXT PRIMARY KEY, provider TEXT NOT NULL, target_name TEXT NOT NULL, taken REAL NOT NULL,
  properties BLOB NOT NULL);
CREATE TABLE ledger(
  id INTEGER PRIMARY KEY, moment REAL NOT NULL, job TEXT NOT NULL, kind TEXT NOT NULL
  CHECK(kind IN('reserve','release','settle')), executions INTEGER NOT NULL, seconds REAL, amount REAL,
  currency TEXT NOT NULL, basis TEXT NOT NULL);
"""
_sound: set[tuple[str, int]] = set()  # files that this process has looked through


def foreign(path: Path) -> str | None:
    """What keeps a file from being a job store of this version, by its first bytes; None where nothing does."""
    if path.is_dir():
        return "is a folder"
    with open(path, "rb") as file:
        head = file.read(HEADER)
    if not head.startswith(MAGIC) or len(head) < HEADER:
        return "is no SQLite database" if head else "is empty"
    if int.from_bytes(head[APPLICATION_AT], "big") != APPLICATION:
        return "is the database of another program"
    version = int.from_bytes(head[VERSION_AT], "big")
    return None if version == VERSION else f"has schema {version}, and this version reads schema {VERSION}"


@contextmanager
def opened(path: str | os.PathLike[str], *, make: bool = True) -> Iterator[sqlite3.Connection]:
    """The database, for the length of a block; looked through once in a process.

    Args:
        path: of the file.
        make: make it where there is none; its folder too.

    Raises:
        DataError: there is none, it is damaged, of another program or schema, or cannot be written. It is left as it
            is.

    Example:
        >>> with opened(Path(tempfile.mkdtemp()) / "jobs.sqlite") as database:
        ...     database.execute("SELECT count(*) FROM job").fetchone()[0]
        0
    """
    place = Path(path)
    with telling(place):
        _ready(place, make)
        with closing(sqlite3.connect(place.absolute(), timeout=BUSY_S, isolation_level=None)) as database:
            database.row_factory = sqlite3.Row
            database.execute("PRAGMA synchronous=FULL")
            database.execute("PRAGMA foreign_keys=ON")
            _look_through(place, database)
            yield database


@contextmanager
def without_file() -> Iterator[sqlite3.Connection]:
    """An empty store for the length of a block, in memory: nothing is written.

    Example:
        >>> with without_file() as database:
        ...     database.execute("SELECT count(*) FROM job").fetchone()[0]
        0
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.row_factory = sqlite3.Row
        database.executescript(SCHEMA)
        yield database


def _ready(place: Path, make: bool) -> None:
    """See that a store of this version lies there."""
    try:
        if not place.exists():
            if not make:
                raise DataError(f"The job store {str(place)!r} was asked for; there is no such file. Check the path.")
            _made(place)
        wrong = foreign(place)
    except OSError as error:
        raise DataError(
            f"The job store {str(place)!r} was to be opened; the system said: {error.strerror}. Name a path that can "
            "be written."
        ) from error
    if wrong:
        raise DataError(
            f"The job store {str(place)!r} {wrong}; nothing was submitted, and the file is as it was. Name another "
            "path, or take the version of this package that wrote it."
        )


def _look_through(place: Path, database: sqlite3.Connection) -> None:
    mark = (str(place.resolve()), place.stat().st_ino)
    if mark in _sound:
        return
    found = [row[0] for row in database.execute("PRAGMA quick_check(3)")]
    if found != ["ok"]:
        raise DataError(f"The job store {str(place)!r} is damaged ({'; '.join(found)}). {_REPAIR.format(path=place)}")
    _sound.add(mark)


def _made(place: Path) -> None:
    """An empty store under its name in one step; another process may have been faster."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{place.name}.") as folder:
        draft = Path(folder) / place.name
        with closing(sqlite3.connect(draft, isolation_level=None)) as database:
            database.executescript(
                f"PRAGMA application_id={APPLICATION}; PRAGMA user_version={VERSION}; {SCHEMA} PRAGMA journal_mode=WAL;"
            )
        if not place.exists():
            try:
                os.link(draft, place)
            except FileExistsError:
                return


_REPAIR = (
    "Nothing was submitted, and the file is as it was. Move it aside and bring back a copy, or save what is left of "
    "it: sqlite3 {path} .recover | sqlite3 saved.sqlite. Jobs that the machine has are found there by tags that begin "
    "with qml-."
)


@contextmanager
def telling(place: Path) -> Iterator[None]:
    """Trouble of SQLite as what was asked, what it said and what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise DataError(
            f"The job store {str(place)!r} could not be read or written: {error}. See that its folder can be written, "
            "that the disk is not full and that it is on a local disk, then ask again: what was recorded is kept."
        ) from error
    except sqlite3.DatabaseError as error:
        raise DataError(f"The job store {str(place)!r} is damaged ({error}). {_REPAIR.format(path=place)}") from error


@contextmanager
def writing(database: sqlite3.Connection) -> Iterator[None]:
    """One transaction that holds the only right to write from its begin on; taken back where the block fails."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    finally:
        if database.in_transaction:
            database.execute("ROLLBACK")
