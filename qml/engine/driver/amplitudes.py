"""The last ket of a tile as rows of complex numbers, for runs that are asked for states."""

from numba import njit

from qml.engine import layout as L
from qml.engine.driver.kets import ket_at
from qml.engine.lanes32 import REAL, VB, E, T, scatter, sload, sstore, store_square, vload, vstore
from qml.engine.vector import at, f64at, odd


@njit(error_model="numpy")
def store_lanes(buffer, place, stride, count, value):
    """The first `count` lanes of `value`, `stride` bytes apart."""
    vstore(buffer, value)
    for lane in range(count):
        sstore(place + stride * lane, sload(buffer + E * lane))


@njit(error_model="numpy")
def put_turned(place, quarters, x, y):
    """Store i^quarters (x + i y)."""
    c, s = REAL((1 - (quarters & 2)) * (1 - (quarters & 1))), REAL((1 - (quarters & 2)) * (quarters & 1))
    vstore(place, x * c - y * s)
    vstore(place + VB, x * s + y * c)


@njit(error_model="numpy")
def leave_frame(plan, frame, ket):
    """The ket out of the Pauli frame, in place: amplitude `j` is i^quarters (-1)^(z.i) times that of `i = j ^ x`."""
    x, z, quarters = at(frame, L.FRAME_FLIP_X), at(frame, L.FRAME_FLIP_Z), at(frame, L.FRAME_FLIP_QUARTERS)
    if x == 0 and z == 0 and quarters == 0:
        return
    for i in range(at(plan, L.PLAN_AMPLITUDES)):
        j = i ^ x
        if i <= j:
            p, q = ket + 2 * VB * i, ket + 2 * VB * j
            pr, pi, qr, qi = vload(p), vload(p + VB), vload(q), vload(q + VB)
            put_turned(p, quarters + 2 * odd(z & j), qr, qi)
            put_turned(q, quarters + 2 * odd(z & i), pr, pi)


def store_ket(plan, frame, work, tile):
    """Amplitudes of every row of a tile, out of the Pauli frame and with the factor that kets leave out."""
    amplitudes, first, buffer = at(plan, L.PLAN_AMPLITUDES), tile * T, at(work, L.WORK_SCRATCH)
    ket = ket_at(plan, frame, work, tile, at(plan, L.PLAN_N_SEGMENTS))
    leave_frame(plan, frame, ket)
    factor = REAL(f64at(at(frame, L.FRAME_FACTORS) + 8 * at(plan, L.PLAN_N_TABLES)))
    count = min(T, at(frame, L.FRAME_BATCH) - first)
    stride = 2 * E * amplitudes
    target = at(frame, L.FRAME_KETS) + stride * first
    if count == T and 2 * amplitudes >= T:  # a square of T vectors holds T / 2 amplitudes
        for o in range(0, 2 * VB * amplitudes, VB * T):
            store_square(ket + o, target + o // T, stride, factor)
        return 0
    for i in range(amplitudes):
        place, o = target + 2 * E * i, ket + 2 * VB * i
        x, y = vload(o) * factor, vload(o + VB) * factor
        if count == T:
            scatter(place, stride, x)
            scatter(place + E, stride, y)
        else:
            store_lanes(buffer, place, stride, count, x)
            store_lanes(buffer, place + E, stride, count, y)
    return 0
