"""Outcomes and bindings as bytes of a job store: NumPy's archive, compressed, never pickled."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from qml.backends.backend import Outcome
from qml.backends.counts import Counts
from qml.backends.measuring import settings_of
from qml.backends.remote import Cost, Request
from qml.base.errors import DataError, JobError, ShapeError
from qml.base.redacting import is_secret_name, redacted


def packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays by name as the bytes of a compressed archive; shapes are those of the arrays."""
    kept: Any = arrays
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **kept)
    return file.getvalue()


def unpacked(data: bytes) -> dict[str, np.ndarray]:
    """What `packed` made of arrays.

    Raises:
        DataError: the bytes are no archive.

    Example:
        >>> unpacked(packed({"a": np.arange(3)}))["a"].tolist()
        [0, 1, 2]
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"A result in the job store cannot be read ({error}). Bring back a copy of the store."
        ) from error


def outcome_bytes(outcome: Outcome) -> bytes:
    """An Outcome: values, variance, counts bit by bit, and its record without keys."""
    arrays = {"values": np.asarray(outcome.values_RK, float)}
    if outcome.variance_RK is not None:
        arrays["variance"] = np.asarray(outcome.variance_RK, float)
    for place, counts in enumerate(outcome.counts):
        shape = np.array([counts.n_rows, counts.bits_NM.shape[1]])
        bits = np.packbits(np.asarray(counts.bits_NM, np.uint8), axis=1)
        parts = {"shape": shape, "row": counts.row_N, "bits": bits, "times": counts.times_N}
        arrays |= {f"{name}{place}": part for name, part in parts.items()}
    arrays["record"] = np.frombuffer(json.dumps(plain(outcome.record)).encode(), np.uint8)
    return packed(arrays)


def outcome_from(data: bytes) -> Outcome:
    """The Outcome of `outcome_bytes`.

    Raises:
        DataError: the bytes are none.
    """
    arrays = unpacked(data)
    counts = []
    try:
        while f"row{len(counts)}" in arrays:
            shape, row, bits, times = (arrays[f"{name}{len(counts)}"] for name in ("shape", "row", "bits", "times"))
            counts.append(Counts(int(shape[0]), row, np.unpackbits(bits, axis=1, count=int(shape[1])), times))
        record = json.loads(arrays["record"].tobytes().decode())
        return Outcome(arrays["values"], arrays.get("variance"), tuple(counts), record)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise DataError(
            f"A result in the job store cannot be read ({error}). Bring back a copy of the store."
        ) from error


def plain(value: Any) -> Any:
    """Facts as JSON data, without keys; what is neither number nor text is named by its text.

    Example:
        >>> plain({"seconds": np.float64(2), "token": "abc", "note": "Bearer abcdef123"})
        {'seconds': 2.0, 'token': '***', 'note': 'Bearer ***'}
    """
    if isinstance(value, Mapping):
        return {str(k): "***" if is_secret_name(str(k)) and item else plain(item) for k, item in value.items()}
    if isinstance(value, (tuple, list, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return redacted(str(value))


def cost_text(cost: Cost) -> str:
    """A Cost as JSON."""
    return json.dumps({name: plain(held) for name, held in vars(cost).items()})


def cost_from(text: str) -> Cost:
    """The Cost of `cost_text`.

    Raises:
        DataError: the text is none.

    Example:
        >>> cost_from(cost_text(Cost(2, 200, seconds=0.5))).seconds
        0.5
    """
    try:
        return Cost(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise DataError(f"A cost in the job store cannot be read ({error}). Bring back a copy of the store.") from error


def checked(outcome: Outcome, request: Request, job: str) -> Outcome:
    """`outcome`, once it is seen to be an answer to `request`.

    Raises:
        JobError: it has values or counts of other shapes, values that are not finite, or a binding without shots.
    """
    readout, n_rows = request.program.readout, len(request.slots_RS)
    wrong = None
    values = np.asarray(outcome.values_RK)
    if values.shape != (n_rows, readout.n_values):
        wrong = f"values of shape {values.shape}; {(n_rows, readout.n_values)} were asked for"
    elif not np.issubdtype(values.dtype, np.number) or not np.isfinite(values).all():
        wrong = "values that are not finite numbers"
    elif outcome.counts:
        settings = settings_of(readout)
        widths = [len(setting.wires) for setting in settings]
        found = [counts.bits_NM.shape[1] for counts in outcome.counts]
        if found != widths or any(counts.n_rows != n_rows for counts in outcome.counts):
            wrong = f"counts of {found} qubits; {widths} were measured, of {n_rows} bindings"
        elif any((counts.shots_R <= 0).any() for counts in outcome.counts):
            wrong = "no shot of some bindings"
    if wrong:
        raise JobError(f"Job {job} brought {wrong}. It is kept as it is on the machine: asking again fetches it again.")
    return outcome


def joined(parts: list[Outcome]) -> Outcome:
    """Outcomes of spans of bindings, one behind another, as one.

    Raises:
        ShapeError: there is none.
    """
    if not parts:
        raise ShapeError("Outcomes of no bindings were to be joined.")
    if len(parts) == 1:
        return parts[0]
    values = np.concatenate([part.values_RK for part in parts])
    variances = [part.variance_RK for part in parts]
    known = [variance for variance in variances if variance is not None]
    variance = np.concatenate(known) if len(known) == len(parts) else None
    counts = tuple(Counts.joined(spans) for spans in zip(*(part.counts for part in parts), strict=True))
    jobs = [job for part in parts for job in part.record.get("jobs", [])]
    return Outcome(values, variance, counts, {**parts[0].record, "jobs": jobs})
