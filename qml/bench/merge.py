"""Cells of several stores read as one benchmark; refused where they ran under other protocols, or contradict."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qml.base.errors import DataError
from qml.bench.cell import CellResult
from qml.bench.protocol import Protocol
from qml.bench.scale import listed
from qml.bench.store import Store

ROUNDING = 1e-9  # of numbers that two machines added up in another order
Folder = str | os.PathLike[str] | Store


def stores_of(folder: Folder | Sequence[Folder]) -> tuple[Store, ...]:
    """The stores that were named: one, or several.

    Raises:
        DataError: none was named.
    """
    if folder is None or (isinstance(folder, Sequence) and not folder):
        raise DataError(
            f"A report of {folder!r} was asked for; it is made of the cells of a store. Name one, or several."
        )
    given = [folder] if isinstance(folder, (str, os.PathLike, Store)) else list(folder)
    return tuple(item if isinstance(item, Store) else Store(item) for item in given)


def left_over(stores: Sequence[Store]) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """What lies in stores beside their cells: damaged cells with reasons, and digests of unfinished ones."""
    damaged = tuple(item for store in stores for item in store.damaged())
    return damaged, tuple(digest for store in stores for digest in store.unfinished())


def merged(stores: Sequence[Store], protocol_hash: str | None = None) -> tuple[CellResult, ...]:
    """The cells of all `stores`, each cell once.

    A report is made of cells and of nothing else, so two reports are merged by merging their stores. Every store must
    hold cells of the same protocol: scores under different terms are not comparable.

    Args:
        stores: at least one.
        protocol_hash: which protocol, or the first part of its hash, where stores hold several.

    Raises:
        DataError: a store has no cell of that protocol, or the stores hold different ones; the message names the
            terms that differ. Or as `joined`.

    Example:
        ```python
        report = render([Store("runs/here"), Store("runs/there")], "reports/both")
        ```
    """
    cells = {store: tuple(store) for store in stores}
    if len(cells) > 1:
        held = [{cell.cell.protocol_hash: cell.protocol for cell in found} for found in cells.values()]
        _check_one_protocol(list(zip(cells, held, strict=True)), protocol_hash)
    return joined(cells)


def joined(cells: Mapping[Store, Sequence[CellResult]]) -> tuple[CellResult, ...]:
    """The cells of several stores whatever their protocols, each once.

    Where two stores have a cell with the same outcome, that which was finished first is taken: it may have cost less
    or more, and nothing else tells the two apart.

    Args:
        cells: what each store holds.

    Raises:
        DataError: two stores hold one cell with different outcomes. A cell is one contestant, protocol and seed, so
            one of them is wrong, and no time stamp says which.
    """
    found: dict[str, tuple[Store, CellResult]] = {}
    for store, cell in ((store, cell) for store, some in cells.items() for cell in some):
        before, other = found.setdefault(cell.cell.digest, (store, cell))
        if (differ := _differing_outcome(other, cell)) is not None:
            name = f"{cell.cell.arm.name} on {cell.cell.data}, seed {cell.cell.seed} ({cell.cell.digest[:12]})"
            raise DataError(
                f"The cells of {len(cells)} stores were to be joined; {before} and {store} both hold {name}, with "
                f"{differ}. One of them is wrong: find out which store was changed or ran other code, and remove the "
                "cell's folder from it, or leave that store out."
            )
        if _finished_at(cell) < _finished_at(other):
            found[cell.cell.digest] = (store, cell)
    return tuple(cell for _, cell in found.values())


def _differing_outcome(one: CellResult, other: CellResult) -> str | None:
    """In what the outcomes of one cell differ, in words; None where they are the same but for the last bits."""
    if one is other:
        return None
    if one.status != other.status:
        return f"the status {one.status} and {other.status}"
    for split in sorted({*one.counted, *other.counted}):
        first, second = one.counted.get(split, {}), other.counted.get(split, {})
        for metric in sorted({*first, *second}):
            values = first.get(metric, np.nan), second.get(metric, np.nan)
            if not _same(*values):
                return f"a {split} {metric} of {values[0]:.6g} and {values[1]:.6g}"
    for name in sorted({*one.arrays, *other.arrays}):
        if name not in one.arrays or name not in other.arrays or not _same(one.arrays[name], other.arrays[name]):
            return f"different {name.replace('_', ' ')}"
    return None


def _same(one: Any, other: Any) -> bool:
    """Whether two numbers or arrays are equal but for their last bits."""
    return np.shape(one) == np.shape(other) and bool(np.allclose(one, other, ROUNDING, ROUNDING, equal_nan=True))


def _finished_at(cell: CellResult) -> str:
    return str(cell.provenance.get("time", ""))


def _check_one_protocol(seen: Sequence[tuple[Store, dict[str, Protocol]]], wanted: str | None) -> None:
    """Refuse stores that do not share one protocol, or lack the one that is asked for."""
    every = {key: protocol for _, protocols in seen for key, protocol in protocols.items()}
    shared = [key for key in every if wanted is None or key.startswith(wanted)]
    lacking = [store for store, protocols in seen if not set(protocols) & set(shared)]
    if len(shared) == 1 and not lacking:
        return
    held = "; ".join(f"{store} holds {listed(sorted(protocols)) or 'no cell'}" for store, protocols in seen)
    asked = "one protocol" if wanted is None else f"protocol {wanted}"
    differ = differing([protocol.to_json() for protocol in every.values()])
    terms = f" The protocols differ in {listed(differ)}." if differ else ""
    raise DataError(
        f"The cells of {len(seen)} stores were to be merged into one report; that takes {asked} in each, and {held}."
        f"{terms} Scores under different terms are not comparable: write a report of each, or run all under one."
    )


def differing(protocols: Sequence[Mapping[str, Any]]) -> list[str]:
    """Terms that are not the same in all."""
    return [key for key in protocols[0] if any(other[key] != protocols[0][key] for other in protocols[1:])]
