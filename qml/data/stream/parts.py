"""Which files of a folder are which part: by a manifest, by names of folders or files, or as the caller says."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping

from qml.base.errors import DataError
from qml.base.registry import meant
from qml.data.manifest import MANIFEST, Manifest, parse_manifest
from qml.data.stream.places import Place
from qml.data.table import PARTS

log = logging.getLogger(__name__)
CALLED = {
    **{part: part for part in PARTS},
    **{"training": "train", "val": "validation", "valid": "validation", "dev": "validation", "testing": "test"},
}
"""What folders and files are called -> the part that it means."""
_FIRST_WORD = re.compile(r"[A-Za-z]*")


def manifest_of(place: Place) -> Manifest | None:
    """The manifest of a prepared folder; None where the place has none.

    Raises:
        DataError: it is there and does not read as one.
    """
    text = None if place.is_file() else place.text(MANIFEST)
    return None if text is None else parse_manifest(text, place.shown(MANIFEST))


def parts_of(place: Place, given: Mapping[str, str] | None) -> dict[str, tuple[str, ...]]:
    """Part -> its files below the root, in the order of their names.

    Args:
        place: of the files.
        given: part -> a file or folder below the root; None looks at names. Where a sub-folder is called like a part
            (`train/`, `split=train/`, `val/`), such folders are the parts and other files are left out with a warning;
            else, where files are (`train.parquet`, `data/test-00000-of-00002.parquet`), all must be. Where nothing is
            called so, all files are "train".

    Raises:
        DataError: there are no files, or none of a part; files called like a part beside others that are not; two
            words for one part.

    Example:
        >>> import tempfile, pathlib
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> for name in ("train-0", "train-1", "val"):
        ...     (folder / f"{name}.parquet").touch()
        >>> parts_of(Place(str(folder)), None)
        {'train': ('train-0.parquet', 'train-1.parquet'), 'validation': ('val.parquet',)}
    """
    files = place.files()
    if given is not None:
        return {part: _below(place, part, path, files) for part, path in given.items()}
    by_folder, others = _named(place, files, _folder_word)
    if by_folder:
        if others:
            log.warning(
                "%s: %d files lie in no folder of a part (%s) and are left out, such as %s; parts={...} takes them",
                place.shown(),
                len(others),
                ", ".join(PARTS),
                others[0],
            )
        return by_folder
    by_file, others = _named(place, files, _file_word)
    if by_file and others:
        part, names = next(iter(by_file.items()))
        raise DataError(
            f"{place.shown()} has {names[0]}, which is called like the part {part}, and {others[0]}, which is called "
            "like none. Say which files are which: parts={'train': file or folder, ...}; parts={'train': '.'} takes "
            "all as training rows."
        )
    return by_file or {"train": tuple(files)}


def _named(
    place: Place, files: Iterable[str], word_of: Callable[[str], str]
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Part -> the files of which a word tells it, and those whose word tells nothing."""
    found: dict[str, list[str]] = {part: [] for part in PARTS}
    others, said = [], {}
    for name in files:
        word = word_of(name)
        part = CALLED.get(word)
        if part is None:
            others.append(name)
            continue
        found[part].append(name)
        if said.setdefault(part, word) != word:
            raise DataError(
                f"{place.shown()} has {found[part][0]} and {name}, which are both called like the part {part}. Say "
                "which files are which: parts={'train': file or folder, ...}."
            )
    parts = {part: tuple(names) for part, names in found.items() if names}
    if parts and "train" not in parts:
        raise DataError(
            f"{place.shown()} has the parts {', '.join(parts)} and no train: {next(iter(parts.values()))[0]} is called "
            "so. Call the folder or files of training rows train, or say parts={'train': folder, ...}; "
            "parts={'train': '.'} takes all files as training rows."
        )
    return parts, others


def _folder_word(name: str) -> str:
    """`val` of `val/a.parquet` and of `split=val/a.parquet`; "" of a file that lies in no folder."""
    return name.partition("/")[0].rpartition("=")[2] if "/" in name else ""


def _file_word(name: str) -> str:
    """`val` of `val.parquet`, `data/val-00000-of-00002.parquet` and `val2.parquet`; `valley` of `valley.parquet`."""
    found = _FIRST_WORD.match(name.rpartition("/")[2])
    return found.group() if found else ""


def tell_unused(place: Place, names: Iterable[str]) -> None:
    """Warn of parts that the caller named and that training, scores and reports do not look at."""
    for name in names:
        if name in PARTS:
            continue
        hint = meant(CALLED.get(name, name), list(PARTS)).rstrip()
        log.warning(
            "%s: the part %r is none of %s: training, scores and reports leave it out, and only who asks for it by "
            "name gets its rows.%s",
            place.shown(),
            name,
            ", ".join(PARTS),
            hint and f" {hint}",
        )


def folder_keys(parts: Mapping[str, tuple[str, ...]], given: Mapping[str, str] | None) -> dict[str, str]:
    """Keys of folders called `key=value` -> one such folder, leaving out those that say which part a file is of.

    Args:
        parts: part -> files below the root.
        given: part -> path that the caller named; None where the names of folders decide.

    Example:
        >>> folder_keys({"train": ("split=train/year=2020/a.parquet",)}, None)
        {'year': 'year=2020'}
    """
    keys = {}
    for part, names in parts.items():
        inside = "" if given is None else given[part].strip("/")
        for name in names:
            for folder in name.removeprefix(inside).split("/")[:-1]:
                key, mark, value = folder.partition("=")
                if mark and not (given is None and value in CALLED):
                    keys[key] = folder
    return keys


def _below(place: Place, part: str, path: str, files: Mapping[str, int]) -> tuple[str, ...]:
    """The files of a part that the caller named."""
    inside = path.strip("/")
    names = tuple(name for name in files if inside in ("", ".") or name == inside or name.startswith(f"{inside}/"))
    if not names:
        raise DataError(
            f"part {part!r} was to be {place.shown(inside)}; no Parquet file is there. Below the root lie "
            f"{', '.join(list(files)[:4])}."
        )
    return names
