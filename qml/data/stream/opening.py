"""A ParquetSource from a path and what is said of it: files found, compared and described, a transform fitted."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from qml.base.bounds import check_mapping, check_number, check_truth, check_whole
from qml.base.digest import digest
from qml.base.errors import ConfigError, DataError
from qml.base.memory import shown_bytes
from qml.data.fitted import Fitted
from qml.data.manifest import MANIFEST, Manifest
from qml.data.source import Column, Schema
from qml.data.stream.describing import Hints, described_format, prepared_format
from qml.data.stream.fitting import fitted_on_sample
from qml.data.stream.formats import RowFormat
from qml.data.stream.layout import Footer, check_same_columns, greatest_of, layout_of, read_footers
from qml.data.stream.narrowing import tell_narrowed
from qml.data.stream.parts import folder_keys, manifest_of, parts_of, tell_unused
from qml.data.stream.places import Place
from qml.data.stream.reading import WindowReader, check_windows
from qml.data.stream.scanning import Scanned
from qml.data.stream.shares import carved
from qml.data.stream.verifying import check_contents, check_rows, check_sizes
from qml.data.transforms import Transform

if TYPE_CHECKING:
    from qml.data.stream.source import ParquetSource

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """What a caller of `ParquetSource.open` says beside the path; the names are those of its arguments.

    Raises:
        ConfigError: a value of another type.
    """

    name: str | None
    parts: Mapping[str, str] | None
    shares: Mapping[str, float]
    hints: Hints
    transform: Transform | Fitted | str | None
    sample_rows: int
    seed: int
    buffer_rows: int
    workers: int
    verify: bool

    def __post_init__(self) -> None:
        check_windows(self.buffer_rows, self.workers)
        check_whole("ParquetSource", 1, sample_rows=self.sample_rows)
        check_truth("ParquetSource", verify=self.verify)
        check_mapping("ParquetSource", "part", "folder or file", parts=self.parts)
        check_mapping("ParquetSource", "part", "share of the training rows", shares=self.shares)
        for part, value in self.shares.items():
            check_number("ParquetSource", **{f"shares.{part}": value})


def opened_source(
    made: type[ParquetSource], path: str | Mapping[str, str], asked: Asked, options: Mapping[str, Any]
) -> ParquetSource:
    """The source; see `ParquetSource.open`.

    Raises:
        DataError: as it says.
        ConfigError: as it says.
    """
    place, given = _placed(path, asked.parts, options)
    _check_reached(place, asked.workers)
    manifest = manifest_of(place) if given is None else None
    if manifest is not None:
        _check_alone(asked.hints, place)
    parts = parts_of(place, given) if manifest is None else check_sizes(place, manifest)
    names = list(dict.fromkeys(name for files in parts.values() for name in files))
    footers = dict(zip(names, read_footers(place, names), strict=True))
    if manifest is None:
        hints = _without_folder_keys(place, folder_keys(parts, given), footers[names[0]], asked.hints)
        asked = replace(asked, hints=hints)
    form, columns = _formed(place, manifest, footers, asked)
    if manifest is not None:
        check_rows(place, manifest, footers)
        if asked.verify:
            check_contents(place, manifest)
    tell_narrowed(place.shown(), form, next(iter(footers.values())).types, greatest_of(footers.values()))
    _check_not_all_missing(place, form, footers, parts["train"])
    layouts = {part: layout_of([footers[name] for name in files]) for part, files in parts.items()}
    layouts = carved(layouts, asked.shares, asked.seed) if asked.shares else layouts
    tell_unused(place, [*(given or ()), *asked.shares])
    reader = WindowReader(place, form, layouts, {name: footer.stamp for name, footer in footers.items()})
    fitted = _fitted(reader, columns, manifest, asked)
    label = asked.name or (manifest.name if manifest is not None else place.name)
    contents = [footer.digest for footer in footers.values()] if manifest is None else manifest.digest
    key = {
        "contents": contents,
        "parts": [[part, [names.index(name) for name in files]] for part, files in parts.items()],
        "form": form.plain(),
        "shares": [dict(asked.shares), asked.seed if asked.shares else 0],
        "buffer_rows": asked.buffer_rows,
        "fitted": None if fitted is None else fitted.digest,
    }
    schema = Schema(
        name=label,
        input_shape=form.input_shape,
        target=form.target,
        sizes={part: layout.n_rows for part, layout in layouts.items()},
        columns=columns,
        groups=None if manifest is None else manifest.groups,
        time=None if manifest is None else manifest.time,
        digest=digest(key),
    )
    if fitted is not None:
        schema = replace(schema, input_shape=_shape_behind(fitted, form))
    _tell(label, reader, asked.buffer_rows)
    facts = {"split": _told(manifest, asked), "title": label, "made": {} if manifest is None else dict(manifest.made)}
    return made(schema, reader, asked.buffer_rows, asked.workers, fitted, manifest, facts)


def _placed(
    path: str | Mapping[str, str], parts: Mapping[str, str] | None, options: Mapping[str, Any]
) -> tuple[Place, Mapping[str, str] | None]:
    """The root, and part -> path below it where the caller names parts."""
    if not isinstance(path, Mapping):
        return _place(path, options), parts
    if parts is not None:
        raise ConfigError("path maps parts to files, and parts= was given as well. Give one of them.")
    if "train" not in path:
        raise ConfigError(f"path has the parts {', '.join(path)} and no 'train'. Name the training rows so.")
    places = {part: _place(item, options) for part, item in path.items()}
    whole = {part: place.path() for part, place in places.items()}
    remote = [place.is_remote for place in places.values()]
    if any(remote) != all(remote):
        raise ConfigError("path names parts here and behind URLs. Give all of them in one place.")
    if not any(remote):
        whole = {part: os.path.abspath(item) for part, item in whole.items()}
    root = _shared([item.rstrip("/").split("/")[:-1] for item in whole.values()])
    if any(remote) and root.count("/") < 2:
        raise ConfigError("path names parts in different buckets or hosts. Give all of them in one.")
    return Place(root or "/", options), {part: item[len(root) :].strip("/") for part, item in whole.items()}


def _place(path: object, options: Mapping[str, Any]) -> Place:
    """The place at a path, which names no user where its storage takes none."""
    place = Place(str(path), options)
    place.check_user()
    return place


def _check_reached(place: Place, workers: int) -> None:
    """Refuse files that worker processes could not see."""
    if workers and place.is_in_this_process:
        raise ConfigError(
            f"{place.shown()} was to be read by workers={workers}; it lies in the memory of this process, which others "
            "do not see. Give workers=0, or write the files to a disk."
        )


def _shared(pieces: Sequence[Sequence[str]]) -> str:
    """The folders that all paths begin with."""
    same = (len(set(level)) == 1 for level in zip(*pieces, strict=False))
    return "/".join(pieces[0][: len(list(takewhile(bool, same)))])


def _check_alone(hints: Hints, place: Place) -> None:
    """Refuse words on columns that the manifest describes."""
    given = [name for name, value in vars(hints).items() if value not in (None, (), {})]
    if given:
        raise ConfigError(
            f"{given[0]}= was given for {place.shown()}, whose {MANIFEST} says what its columns are. Leave it out, or "
            "prepare the folder otherwise."
        )


def _without_folder_keys(place: Place, keys: Mapping[str, str], first: Footer, hints: Hints) -> Hints:
    """Refuse columns that stand in the names of folders alone, unless the caller leaves them out."""
    keys = {key: folder for key, folder in keys.items() if key not in first.types}
    for key, folder in keys.items():
        if hints.columns is None and key not in hints.drop:
            raise DataError(
                f"{place.shown()}: folders such as {folder}/ say a column {key!r}, which the files lack, and names of "
                f"folders are not read. Write it into the files, or leave it out: drop=[{key!r}]."
            )
    return replace(hints, drop=[column for column in hints.drop if column not in keys])


def _formed(
    place: Place, manifest: Manifest | None, footers: Mapping[str, Footer], asked: Asked
) -> tuple[RowFormat, tuple[Column, ...]]:
    """The format of a row, and the columns before any transform."""
    items, allow = list(footers.values()), asked.transform is not None
    if manifest is not None:
        target = () if manifest.target is None else (manifest.target.name,)
        types = check_same_columns(place, items, (*manifest.features, *target))
        form = prepared_format(manifest, types, allow and manifest.transform is None, place.shown())
        return form, manifest.columns
    hints = asked.hints
    columns = (
        list(items[0].types) if hints.columns is None else [*hints.columns, *([hints.target] * bool(hints.target))]
    )
    wanted = [column for column in columns if column not in hints.drop]
    first = items[0]
    types = check_same_columns(place, items, [column for column in wanted if column in first.types])
    if hints.columns is None:
        _check_no_others(place, items, first)
    types = {name: arrow for name, arrow in first.types.items() if name in types or name in hints.drop}
    form = described_format(types, hints, Scanned(place, [item.file for item in items]), allow, place.shown())
    return form, tuple(feature.column for feature in form.features)


def _check_no_others(place: Place, footers: list[Footer], first: Footer) -> None:
    """Refuse a file with columns that the first one lacks, where all columns are read."""
    for footer in footers:
        others = [name for name in footer.types if name not in first.types]
        if others:
            raise DataError(
                f"{place.shown(footer.file)} has the column {others[0]!r}, which {place.shown(first.file)} lacks. "
                "Write them with one schema, or name the columns to read: columns=[...]."
            )


def _check_not_all_missing(
    place: Place, form: RowFormat, footers: Mapping[str, Footer], names: tuple[str, ...]
) -> None:
    """Refuse a column that has no value in any training row, as far as the files tell it."""
    rows = sum(footers[name].rows for name in names)
    for column in form.columns:
        told = [footers[name].missing.get(column) for name in names]
        if sum(count or 0 for count in told) == rows and None not in told:
            raise DataError(
                f"{place.shown(names[0])}: column {column!r} has no value in any of the {rows} training rows. Leave it "
                f"out: drop=[{column!r}]."
            )


def _fitted(
    reader: WindowReader, columns: tuple[Column, ...], manifest: Manifest | None, asked: Asked
) -> Fitted | None:
    """What the inputs of a batch go through."""
    transform = asked.transform
    made = manifest is not None and manifest.transform is not None
    if transform is None or (transform == "auto" and made):
        return None
    if isinstance(transform, str) and transform != "auto":
        raise ConfigError(f"transform={transform!r} is not known. Give 'auto', None, a Transform or a Fitted.")
    if isinstance(transform, str) or not callable(transform):
        return fitted_on_sample(reader, columns, transform, asked.sample_rows, asked.seed)
    return transform


def _shape_behind(fitted: Fitted, form: RowFormat) -> tuple[int, ...]:
    import numpy as np

    return tuple(fitted(np.zeros((1, *form.input_shape), np.float32)).shape[1:])


def _told(manifest: Manifest | None, asked: Asked) -> str:
    """How rows came into parts, in words."""
    how = "as prepared" if manifest is not None else "by the names of folders and files"
    taken = ", ".join(f"{part} {value}" for part, value in asked.shares.items())
    return f"{how}; {taken} of the training rows by a hash of seed {asked.seed}" if taken else how


def _tell(label: str, reader: WindowReader, buffer_rows: int) -> None:
    """Say what was opened, and where a row group is larger than the buffer."""
    sizes = {part: layout.n_rows for part, layout in reader.layouts.items()}
    largest = max(int(layout.rows_G.max()) for layout in reader.layouts.values())
    row = reader.form.row_bytes
    window = min(max(buffer_rows, largest), max(sizes.values()))
    log.info("%s: rows %s; windows of %d rows, %s each", label, sizes, window, shown_bytes(window * row))
    if largest > buffer_rows:
        log.warning(
            "%s: a row group of %d rows is larger than buffer_rows=%d: it is a window of its own (%s). Write row "
            "groups of fewer rows for a smaller one.",
            label,
            largest,
            buffer_rows,
            shown_bytes(largest * row),
        )
