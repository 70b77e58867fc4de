"""Compiled pieces of the engine, and loops that only move memory, run many times."""

from __future__ import annotations

import ctypes
import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numba
import numpy as np
from numba import types

from qml.engine.vector import call, vocabulary


@dataclass(frozen=True)
class Piece:
    """A compiled piece with what it is called with, and the seconds of one call once they are measured."""

    name: str
    address: int
    arguments: tuple[int, ...]
    seconds: float = 0.0

    def timed(self, enough: float = 0.02) -> Piece:
        """This piece with the fastest of seven measurements."""
        repeat, count = _repeater(len(self.arguments)), 1
        while (elapsed := self._elapsed(repeat, count)) < enough:
            count = max(2 * count, int(count * enough / max(elapsed, 1e-9)))
        return replace(self, seconds=min(self._elapsed(repeat, count) for _ in range(7)) / count)

    def _elapsed(self, repeat: Callable[..., int], count: int) -> float:
        started = time.perf_counter()
        repeat(self.address, count, *self.arguments)
        return time.perf_counter() - started


def _function(source: str, name: str, words: dict) -> tuple[Callable[..., int], object]:
    """`source` compiled to a C function of integers, and what keeps it alive."""
    scope = dict(words)
    exec(source, scope)  # noqa: S102 - the text is made here
    count = scope[name].__code__.co_argcount
    piece = numba.cfunc(types.int64(*[types.int64] * count), error_model="numpy")(scope[name])
    return ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * count)(int(piece.address or 0)), piece


@functools.cache
def _repeater(count: int) -> Callable[..., int]:
    names = ", ".join(f"a{i}" for i in range(count))
    source = f"def repeat(f, n, {names}):\n    for i in range(n):\n        call(f, {names})\n    return 0\n"
    function, kept = _function(source, "repeat", {"call": call})
    _KEPT.append(kept)
    return function


_KEPT: list[object] = []


def _aligned(nbytes: int) -> tuple[np.ndarray, int]:
    raw = np.zeros(nbytes + 4096, np.uint8)
    return raw, raw.ctypes.data + -raw.ctypes.data % 4096


def bandwidth(kind: str, kibibytes: int) -> float:
    """GB/s that one thread loads, stores, or copies (read plus written) within `kibibytes`."""
    moves = {
        "load": [f"s{k} = s{k} + vload(p + o + {k} * VB)" for k in range(4)],
        "store": [f"vstore(p + o + {k} * VB, s{k})" for k in range(4)],
        "copy": [f"vstore(p + half + 704 + o + {k} * VB, vload(p + o + {k} * VB))" for k in range(4)],
    }
    lines = ["def move(p, size, n):", "    half = size", *(f"    s{k} = splat(REAL(0))" for k in range(4))]
    lines += ["    for i in range(n):", "        for o in range(0, size, 4 * VB):"]
    lines += [*(f"            {move}" for move in moves[kind]), "    vstore(p, s0 + s1 + s2 + s3)", "    return 0"]
    function, _kept = _function("\n".join(lines), "move", vars(vocabulary("float32")))
    size = kibibytes * 1024 // (2 if kind == "copy" else 1)
    _raw, place = _aligned(2 * size + 4096)
    count = max(1, (64 << 20) // size)
    moved = size * count * (2 if kind == "copy" else 1)
    return 1e-9 * moved / min(_seconds(lambda: function(place, size, count)) for _ in range(5))


def _seconds(job: Callable[[], object]) -> float:
    started = time.perf_counter()
    job()
    return time.perf_counter() - started
