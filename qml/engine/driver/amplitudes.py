"""The last ket of a tile as rows of complex numbers, for runs that are asked for states."""

from numba import njit

from qml.engine import layout as L
from qml.engine.driver.kets import ket_at
from qml.engine.lanes32 import REAL, VB, E, T, scatter, sload, sstore, store_square, vload, vstore
from qml.engine.vector import at, f64at


@njit(error_model="numpy")
def store_lanes(buffer, place, stride, count, value):
    """The first `count` lanes of `value`, `stride` bytes apart."""
    vstore(buffer, value)
    for lane in range(count):
        sstore(place + stride * lane, sload(buffer + E * lane))


def store_ket(plan, frame, work, tile):
    """Amplitudes of every row of a tile, with the factor that the kets of this call leave out (see `choose_form`)."""
    amplitudes, first, buffer = at(plan, L.PLAN_AMPLITUDES), tile * T, at(work, L.WORK_SCRATCH)
    ket = ket_at(plan, frame, work, tile, at(plan, L.PLAN_N_SEGMENTS))
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
