"""The vector type: arithmetic, columns, and sines of any angle."""

import ctypes

import numba
import numpy as np
import pytest
from numba import types

from qml.engine import lanes32, lanes64
from qml.engine.vector import VECTOR_BYTES, at, call, native_bytes, odd, put, take_ticket

LANES = {"float32": lanes32, "float64": lanes64}


def compiled(function, n_arguments: int):
    """A C function of integers, and what keeps it alive."""
    piece = numba.cfunc(types.int64(*[types.int64] * n_arguments))(function)
    return ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * n_arguments)(piece.address), piece


def aligned(values: np.ndarray) -> np.ndarray:
    """A copy that starts on a vector boundary."""
    raw = np.zeros(values.nbytes + VECTOR_BYTES, np.uint8)
    start = -raw.ctypes.data % VECTOR_BYTES
    result = raw[start : start + values.nbytes].view(values.dtype)
    result[:] = values
    return result


def sines(angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cosine and sine of one vector of angles."""
    lanes = LANES[angles.dtype.name]
    vload, sincos = lanes.vload, lanes.sincos

    def piece(source, target):
        sincos(vload(source), target)
        return 0

    function, _kept = compiled(piece, 2)
    source, target = aligned(angles), aligned(np.zeros(2 * len(angles), angles.dtype))
    function(source.ctypes.data, target.ctypes.data)
    return target[: len(angles)], target[len(angles) :]


@pytest.mark.parametrize(("dtype", "bound"), [("float32", 2e-7), ("float64", 4e-16)])
def test_sine_and_cosine_of_reduced_angles(dtype, bound):
    lanes = LANES[dtype]
    for first in np.linspace(-np.pi, np.pi, 25):
        angles = np.linspace(first, first + 0.2, lanes.T).astype(dtype)
        cosine, sine = sines(angles)
        np.testing.assert_allclose(cosine, np.cos(angles.astype(float)), atol=bound)
        np.testing.assert_allclose(sine, np.sin(angles.astype(float)), atol=bound)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_bad_angle_stays_in_its_lane(dtype):
    angles = np.zeros(LANES[dtype].T, dtype)
    angles[0], angles[1] = np.nan, np.inf
    cosine, sine = sines(angles)
    assert np.isnan(cosine[:2]).all()
    assert np.isnan(sine[:2]).all()
    np.testing.assert_array_equal(cosine[2:], 1)
    np.testing.assert_array_equal(sine[2:], 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arithmetic_of_vectors_and_numbers(dtype):
    lanes = LANES[dtype]
    vload, vstore, splat, hsum, sload, sstore, real = (
        lanes.vload,
        lanes.vstore,
        lanes.splat,
        lanes.hsum,
        lanes.sload,
        lanes.sstore,
        lanes.REAL,
    )

    def piece(source, target, total):
        a = vload(source)
        b = a * real(2) + splat(real(1))
        vstore(target, b - a * a)
        sstore(total, hsum(b))
        sstore(total, sload(total) + real(1))
        return 0

    function, _kept = compiled(piece, 3)
    a = aligned(np.arange(lanes.T).astype(dtype))
    out, total = aligned(np.zeros(lanes.T, dtype)), np.zeros(1, dtype)
    function(a.ctypes.data, out.ctypes.data, total.ctypes.data)
    np.testing.assert_array_equal(out, 2 * a + 1 - a * a)
    assert total[0] == (2 * a + 1).sum() + 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_columns_are_gathered_and_scattered(dtype):
    lanes = LANES[dtype]
    gather, scatter, width = lanes.gather, lanes.scatter, lanes.E

    def piece(source, target):
        scatter(target, width * 2, gather(source, width * 3))
        return 0

    function, _kept = compiled(piece, 2)
    source = np.arange(3 * lanes.T).astype(dtype).reshape(-1, 3)
    target = np.zeros((lanes.T, 2), dtype)
    function(source.ctypes.data, target.ctypes.data)
    np.testing.assert_array_equal(target[:, 0], source[:, 0])
    assert not target[:, 1].any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_half_angles_are_reduced_in_double(dtype):
    lanes = LANES[dtype]
    vload, vstore, half_angle = lanes.vload, lanes.vstore, lanes.half_angle

    def piece(source, target):
        vstore(target, half_angle(vload(source), 1.7, 0.3))
        return 0

    function, _kept = compiled(piece, 2)
    values = aligned(np.linspace(-1e4, 1e4, lanes.T).astype(dtype))
    out = aligned(np.zeros(lanes.T, dtype))
    function(values.ctypes.data, out.ctypes.data)
    exact = (1.7 * values.astype(float) + 0.3) / 2
    assert np.abs(out).max() <= np.pi * (1 + 1e-6)
    np.testing.assert_allclose(np.sin(out.astype(float)), np.sin(exact), atol=3e-7 if dtype == "float32" else 3e-12)


def test_tables_calls_and_tickets():
    def callee(a, b):
        return a - 2 * b

    inner, kept = compiled(callee, 2)

    def piece(table, function):
        put(table, 1, call(function, at(table, 0), 3) + odd(0b10110))
        return take_ticket(table + 16)

    outer, _kept = compiled(piece, 2)
    table = np.array([10, 0, 7], np.int64)
    assert inner(10, 3) == 4
    assert outer(table.ctypes.data, kept.address) == 7
    np.testing.assert_array_equal(table, [10, 5, 8])


def test_the_width_is_that_of_a_register():
    assert native_bytes() in (16, 32, 64)
    assert lanes32.T == 2 * lanes64.T
