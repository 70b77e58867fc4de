"""Where the ket of a segment lies; free of precision, so that every driver file can use it."""

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
        return at(frame, L.FRAME_RESIDUAL) + size * (tile * at(plan, L.PLAN_N_SEGMENTS) + k - 1)
    return at(work, L.WORK_KETS) + size * k
