"""Where kets and wires of the prefix lie; free of precision, so that every driver file can use it."""

from numba import njit

from qml.engine import layout as L
from qml.engine.vector import at


@njit(error_model="numpy")
def ket_at(plan, frame, work, tile, k):
    """The ket after `k` segments: kept one a segment, two in turn, or in the residual of a forward call."""
    size = at(plan, L.PLAN_KET_BYTES)
    if at(frame, L.FRAME_ROLLING) != 0:
        return at(work, L.WORK_KETS) + size * (k & 1)
    if k > 0 and at(frame, L.FRAME_RESIDUAL) != 0:
        last = at(frame, L.FRAME_RESIDUAL) + at(plan, L.PLAN_KEPT_BYTES) * (tile + 1)
        return last - size * (at(plan, L.PLAN_N_SEGMENTS) + 1 - k)
    return at(work, L.WORK_KETS) + size * k


@njit(error_model="numpy")
def wires_at(plan, frame, work, tile):
    """The two-vectors of the wires, with the cosines of the prefix behind them; kept in a residual too."""
    if at(frame, L.FRAME_RESIDUAL) != 0:
        return at(frame, L.FRAME_RESIDUAL) + at(plan, L.PLAN_KEPT_BYTES) * tile
    return at(work, L.WORK_WIRES)
