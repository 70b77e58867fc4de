"""From the name of a set to its checked Parquet files below the data root, or to an error and nothing."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qml.base.alone import alone
from qml.base.errors import DataError, MissingExtraError, QmlError
from qml.base.extras import require
from qml.base.files import made_folder, replacing, write_json
from qml.data.catalogue import Entry, Home
from qml.data.fetch.bases import shown_home
from qml.data.fetch.download import Downloaded, DownloadError, Patience
from qml.data.fetch.typed import our_table

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

OFFLINE_VARIABLE = "QML_OFFLINE"
"""Environment variable: 1 never goes to the internet."""
WORK = ".fetching"
"""Folder below the data root for what is unfinished; gone when nothing is."""
FETCHED = "fetched.json"
"""Beside the files of a set that was fetched: from where, with which checksums."""

PLACING = ".placing"
"""In a folder that was there before, while the files of a set get their names in it."""


def is_offline(offline: bool | None = None) -> bool:
    """Whether the internet must not be asked: as given, else by the environment variable `QML_OFFLINE`.

    Example:
        >>> is_offline(True)
        True
    """
    return os.environ.get(OFFLINE_VARIABLE, "") not in ("", "0") if offline is None else offline


def fetch_set(entry: Entry, root: str | Path, *, patience: Patience | None = None) -> Path:
    """Download a set from its public home, convert it, check it against the catalogue, and keep it below the root.

    One process at a time fetches a set; another that asks for it waits, and finds it. Interrupted, even killed, the
    next call continues the download. Nothing stands under the final name before every check has passed: columns, rows
    and classes are those of the catalogue. Files of the set that somebody put there are never written over.

    Args:
        entry: with a `fetch`.
        root: the data root.
        patience: timeouts and attempts.

    Returns:
        The folder of the set.

    Raises:
        DataError: it has no home that a program can fetch from, some of its files are there already, the home cannot
            be reached or gives something else, or the disk is full; the message says what to do, and the root is as it
            was.
        ConfigError: the root cannot be written to.
        MissingExtraError: a package that reads this home is not installed.
    """
    home, final = entry.fetch, Path(root).expanduser() / entry.folder
    if home is None:
        raise DataError(
            f"data set {entry.name!r} was to be fetched; its home is not one that a program converts directly and "
            f"surely. Get it from: {entry.home}."
        )
    work = made_folder("root", final.parent) / WORK / entry.folder
    try:
        with alone(work.with_name(f"{work.name}.lock"), f"fetching {entry.name!r}"):
            if not _complete(entry, final):
                _refuse_mixing(entry, final)
                log.info("%s: not below %s; fetching it from %s", entry.name, final.parent, shown_home(home))
                _made(entry, home, work, final, patience or Patience())
    finally:
        _remove_if_empty(work.parent)
    return final


def _complete(entry: Entry, folder: Path) -> bool:
    """Whether every file of the set is there, and none is about to be replaced."""
    there = _there(entry, folder)
    return len(there) == len(entry.files) + len(entry.beside) and not (folder / PLACING).exists()


def _there(entry: Entry, folder: Path) -> list[Path]:
    """The files of the set that lie in a folder."""
    paths = [folder / item.file for item in (*entry.files, *entry.beside.values())]
    return [path for path in paths if path.is_file()]


def _refuse_mixing(entry: Entry, folder: Path) -> None:
    """Refuse to fetch into a folder with files of the set that no fetch has put there.

    Raises:
        DataError: there are some.
    """
    there = _there(entry, folder)
    if there and not (folder / PLACING).exists():
        raise DataError(
            f"data set {entry.name!r} was to be fetched; {there[0]} lies there, and files of one's own are never mixed "
            f"with fetched ones. Add what lacks by hand, or move it away."
        )


def _made(entry: Entry, home: Home, work: Path, final: Path, patience: Patience) -> None:
    """Download, convert, check and place a set."""
    made = work / "table"
    shutil.rmtree(made, ignore_errors=True)
    try:
        tables, got = _tables(home)(home, work / "download", patience, entry.name)
        for file, table in tables.items():
            _write(made / file, our_table(entry, home, file, table, shown_home(home)))
        _check(entry, made, shown_home(home))
        write_json(made / FETCHED, _said(home, got))
        _place(made, final)
    except (DownloadError, KeyboardInterrupt):
        shutil.rmtree(made, ignore_errors=True)  # what was downloaded stays, to be continued
        raise
    except OSError as error:
        shutil.rmtree(work, ignore_errors=True)
        raise DataError(
            f"{final} was being written; the system said: {error.strerror or error}. Nothing of it was kept. Free some "
            f"space, or name another data root."
        ) from error
    except QmlError:  # what came is not what was asked for: it is of no use the next time either
        shutil.rmtree(work, ignore_errors=True)
        raise
    shutil.rmtree(work, ignore_errors=True)
    log.info("%s: %d rows checked and kept in %s", entry.name, entry.rows, final)


Reader = Callable[[Home, Path, Patience, str], "tuple[Mapping[str, pa.Table], Sequence[Downloaded]]"]


def _tables(home: Home) -> Reader:
    """What reads a home; each is loaded when it is needed."""
    if home.kind == "uci":
        from qml.data.fetch.uci import uci_tables

        return uci_tables
    if home.kind == "openml":
        from qml.data.fetch.openml import openml_tables

        return openml_tables
    from qml.data.fetch.hub import hub_tables

    return hub_tables


def _write(path: Path, table: pa.Table) -> None:
    """One Parquet file, in groups of 65,536 rows."""
    require("pyarrow", extra="data", purpose="writing Parquet files")
    import pyarrow.parquet as pq

    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", row_group_size=65_536)


def _check(entry: Entry, folder: Path, where: str) -> None:
    """Ask of the new files what is asked of any.

    Raises:
        DataError: they are not those of the catalogue.
    """
    from qml.data.opening import open_folder

    try:
        open_folder(entry, folder)
    except DataError as error:
        text = str(error).replace(f"{folder}{os.sep}", "").replace("Get the file again.", "").strip()
        raise DataError(
            f"data set {entry.name!r} was fetched from {where}, and is not the one that the catalogue knows: {text} "
            f"Nothing was kept. Get it from: {entry.home}."
        ) from error


def _said(home: Home, got: Sequence[Downloaded]) -> dict[str, Any]:
    """What is kept of where the files came from."""
    files = [{"url": item.url, "nbytes": item.nbytes, "sha256": item.sha256} for item in got]
    return {"home": home.kind, "address": home.address, "downloads": files, "note": home.note}


def _place(made: Path, final: Path) -> None:
    """Give the files their final name: the folder at once, or one by one into a folder that holds other things.

    While it is one by one, a mark tells that what is there of them is of a fetch, and may be replaced by the next.
    """
    if not final.exists():
        os.replace(made, final)
        return
    (final / PLACING).touch()
    for path in sorted(made.iterdir()):
        os.replace(path, final / path.name)
    (final / PLACING).unlink()


def _remove_if_empty(folder: Path) -> None:
    """Take away the folder of unfinished things once it holds nothing."""
    try:
        folder.rmdir()
    except OSError:  # another set is being fetched, or a broken download waits to be continued
        return


def fetch_or_say(entry: Entry, root: str | Path, offline: bool | None, missing: str) -> Path:
    """Fetch a set that the root lacks, or raise what is missing together with why it was not fetched.

    Args:
        entry: the set.
        root: the data root.
        offline: as of `is_offline`.
        missing: the error that there is without fetching.

    Raises:
        DataError: it cannot be fetched.
    """
    if entry.fetch is None:
        raise DataError(missing)
    if is_offline(offline):
        raise DataError(
            f"{missing} It was not fetched from {shown_home(entry.fetch)}: offline=True, or {OFFLINE_VARIABLE} is set."
        )
    try:
        return fetch_set(entry, root)
    except MissingExtraError:
        raise
    except DataError as error:
        raise DataError(f"{missing} Fetching it failed: {error}") from error
