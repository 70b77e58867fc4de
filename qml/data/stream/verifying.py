"""Whether a prepared folder is what its manifest says: sizes, rows and checksums, before anything is learnt from it."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from qml.base.errors import DataError
from qml.base.memory import shown_bytes
from qml.data.manifest import MANIFEST, Manifest, PreparedFile
from qml.data.stream.layout import Footer
from qml.data.stream.places import Place
from qml.data.table import PARTS

log = logging.getLogger(__name__)
CHUNK = 1 << 20


def check_sizes(place: Place, manifest: Manifest) -> dict[str, tuple[str, ...]]:
    """Part -> files as the manifest lists them, each there with the bytes that it names.

    Raises:
        DataError: a file is absent or of another size, or stands there twice; a part without a file or a row; no
            training rows.
    """
    _check_named_once(place, manifest)
    found = place.files()
    for part, items in manifest.parts.items():
        if not sum(item.rows for item in items):
            raise DataError(f"{place.shown(MANIFEST)}: part {part!r} holds no row. Prepare the folder again.")
        for item in items:
            if item.path not in found:
                raise DataError(
                    f"{place.shown(item.path)} is named by {MANIFEST}; it is not there. Prepare the folder again."
                )
            if found[item.path] != item.nbytes:
                raise DataError(
                    f"{place.shown(item.path)} has {found[item.path]} bytes; {MANIFEST} says {item.nbytes}. It was cut "
                    "off or changed: prepare the folder again."
                )
    order = sorted(manifest.parts, key=lambda part: (PARTS.index(part) if part in PARTS else len(PARTS), part))
    return {part: tuple(item.path for item in manifest.parts[part]) for part in order}


def _check_named_once(place: Place, manifest: Manifest) -> None:
    """Refuse a manifest without training rows, or one that names a file twice."""
    if "train" not in manifest.parts:
        named = ", ".join(manifest.parts) or "(none)"
        raise DataError(f"{place.shown(MANIFEST)} has the parts {named} and no 'train'. Prepare the folder again.")
    part_of: dict[str, str] = {}
    for part, items in manifest.parts.items():
        for item in items:
            if item.path in part_of:
                raise DataError(
                    f"{place.shown(item.path)} is named twice by {MANIFEST}, in {part_of[item.path]!r} and in "
                    f"{part!r}: its rows would come twice. Prepare the folder again."
                )
            part_of[item.path] = part


def check_rows(place: Place, manifest: Manifest, footers: Mapping[str, Footer]) -> None:
    """Compare the rows of each file with the manifest.

    Raises:
        DataError: they differ.
    """
    for item in _files(manifest):
        if footers[item.path].rows != item.rows:
            raise DataError(
                f"{place.shown(item.path)} has {footers[item.path].rows} rows; {MANIFEST} says {item.rows}. Prepare "
                "the folder again."
            )


def check_contents(place: Place, manifest: Manifest) -> None:
    """Compare the SHA-256 of every file with the manifest, as many files at once as there are cores.

    Raises:
        DataError: one differs; the message names the file.
    """
    begun = time.perf_counter()
    items = _files(manifest)
    with ThreadPoolExecutor(min(os.cpu_count() or 1, len(items))) as pool:
        list(pool.map(partial(_check_content, place), items))
    total = sum(item.nbytes for item in items)
    log.info(
        "%s: %d files, %s, are those of the manifest; %.1f s",
        place.shown(),
        len(items),
        shown_bytes(total),
        time.perf_counter() - begun,
    )


def _check_content(place: Place, item: PreparedFile) -> None:
    found = hashlib.sha256()
    with place.opened(item.path) as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
    if found.hexdigest() != item.sha256:
        raise DataError(
            f"{place.shown(item.path)} has another SHA-256 ({found.hexdigest()[:12]}...) than {MANIFEST} says "
            f"({item.sha256[:12]}...): its contents have changed. Prepare the folder again; verify=False reads it as "
            "it is."
        )


def _files(manifest: Manifest) -> list[PreparedFile]:
    return [item for items in manifest.parts.values() for item in items]
