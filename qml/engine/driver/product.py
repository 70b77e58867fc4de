"""Where most runs start: a product state, one two-vector a bit; and its gradients."""

from numba import njit

from qml.engine import layout as L
from qml.engine.driver.kets import wires_at
from qml.engine.lanes32 import REAL, VB, E, sload, splat, vload, vstore
from qml.engine.vector import at, f64at


@njit(error_model="numpy")
def turn_pair(axis, c, s, p):
    """exp(-i t/2 A) on the two-vector (a, b) at `p`, with c = cos(t/2), s = sin(t/2)."""
    ar, ai, br, bi = vload(p), vload(p + VB), vload(p + 2 * VB), vload(p + 3 * VB)
    if axis == 2:
        vstore(p, c * ar + s * ai)
        vstore(p + VB, c * ai - s * ar)
        vstore(p + 2 * VB, c * br - s * bi)
        vstore(p + 3 * VB, c * bi + s * br)
    elif axis == 1:
        vstore(p, c * ar - s * br)
        vstore(p + 2 * VB, c * br + s * ar)
        vstore(p + VB, c * ai - s * bi)
        vstore(p + 3 * VB, c * bi + s * ai)
    else:
        vstore(p, c * ar + s * bi)
        vstore(p + VB, c * ai - s * br)
        vstore(p + 2 * VB, c * br + s * ai)
        vstore(p + 3 * VB, c * bi - s * ar)


@njit(error_model="numpy")
def multiply_pair(matrix, p):
    """[[a, -b*], [b, a*]] on the two-vector at `p`; the matrix is the same for all rows."""
    ar, ai, br, bi = sload(matrix), sload(matrix + E), sload(matrix + 2 * E), sload(matrix + 3 * E)
    xr, xi, yr, yi = vload(p), vload(p + VB), vload(p + 2 * VB), vload(p + 3 * VB)
    vstore(p, xr * ar - xi * ai - yr * br - yi * bi)
    vstore(p + VB, xi * ar + xr * ai - yi * br + yr * bi)
    vstore(p + 2 * VB, xr * br - xi * bi + yr * ar + yi * ai)
    vstore(p + 3 * VB, xi * br + xr * bi + yi * ar - yr * ai)


@njit(error_model="numpy")
def wire_state(plan, frame, bit, p, steps):
    """The two-vector of one bit at `p`."""
    vstore(p, splat(REAL(1)))
    for part in range(1, 4):
        vstore(p + part * VB, splat(REAL(0)))
    for k in range(at(at(plan, L.PLAN_STEP_FIRST), bit), at(at(plan, L.PLAN_STEP_FIRST), bit + 1)):
        step = at(plan, L.PLAN_STEPS) + 8 * L.STEP_SIZE * k
        number, pair = at(step, L.STEP_SHARED), steps + 2 * VB * k
        if number >= 0:
            multiply_pair(at(frame, L.FRAME_MATRICES) + 4 * E * number, p)
        else:
            axis = at(at(plan, L.PLAN_PREFIX) + 8 * L.TURN_SIZE * at(step, L.STEP_TURN), L.TURN_Z)
            turn_pair(axis, vload(pair), vload(pair + VB), p)


def prefix_forward(plan, frame, work, tile):
    """The two-vector of every bit, then the state of bits 0..i-1 for every i, kept for the gradient."""
    qubits, source = at(plan, L.PLAN_QUBITS), at(work, L.WORK_LEVELS)
    wires = wires_at(plan, frame, work, tile)
    if at(frame, L.FRAME_RESUME) == 0:
        for bit in range(qubits):
            wire_state(plan, frame, bit, wires + 4 * VB * bit, wires + 4 * VB * qubits)
    vstore(source, splat(REAL(1)))
    vstore(source + VB, splat(REAL(0)))
    for bit in range(qubits):
        p, half = wires + 4 * VB * bit, 1 << bit
        target = source + 2 * VB * half if bit < qubits - 1 else at(work, L.WORK_KETS)
        ar, ai, br, bi = vload(p), vload(p + VB), vload(p + 2 * VB), vload(p + 3 * VB)
        for o in range(0, 2 * VB * half, 2 * VB):
            x, y = vload(source + o), vload(source + o + VB)
            vstore(target + o, x * ar - y * ai)
            vstore(target + o + VB, x * ai + y * ar)
            upper = target + o + 2 * VB * half
            vstore(upper, x * br - y * bi)
            vstore(upper + VB, x * bi + y * br)
        source = target
    return 0


def prefix_backward(plan, frame, work, tile):
    """Contract the bra with the product state bit by bit, from the top; each bit leaves three slopes for its turns."""
    bra, slopes, qubits = at(work, L.WORK_BRA), at(work, L.WORK_SCRATCH), at(plan, L.PLAN_QUBITS)
    wires = wires_at(plan, frame, work, tile)
    for bit in range(qubits - 1, -1, -1):
        level = at(work, L.WORK_LEVELS) + 2 * VB * ((1 << bit) - 1)
        contract(level, bra, 1 << bit, wires + 4 * VB * bit, slopes)
        first, end = at(at(plan, L.PLAN_STEP_FIRST), bit), at(at(plan, L.PLAN_STEP_FIRST), bit + 1)
        for k in range(end - 1, first - 1, -1):
            step_backward(plan, frame, work, k, slopes, wires + 4 * VB * qubits + 2 * VB * k, k > first)
    return 0


@njit(error_model="numpy")
def contract(level, bra, half, wire, slopes):
    """The bra without its highest bit; at `slopes`, Im <bra| P |ket> for P = X, Y, Z on that bit."""
    ar, ai, br, bi = vload(wire), vload(wire + VB), vload(wire + 2 * VB), vload(wire + 3 * VB)
    c0, c1, c2, c3 = splat(REAL(0)), splat(REAL(0)), splat(REAL(0)), splat(REAL(0))
    for j in range(half):
        o, h = 2 * VB * j, 2 * VB * (j + half)
        vr, vi = vload(level + o), vload(level + o + VB)
        lr, li, hr, hi = vload(bra + o), vload(bra + o + VB), vload(bra + h), vload(bra + h + VB)
        c0 = c0 + vr * lr + vi * li
        c1 = c1 + vr * li - vi * lr
        c2 = c2 + vr * hr + vi * hi
        c3 = c3 + vr * hi - vi * hr
        vstore(bra + o, ar * lr + ai * li + br * hr + bi * hi)
        vstore(bra + o + VB, ar * li - ai * lr + br * hi - bi * hr)
    vstore(slopes, c0 * bi - c1 * br + c2 * ai - c3 * ar)
    vstore(slopes + VB, c2 * ar - c0 * br + c3 * ai - c1 * bi)
    vstore(slopes + 2 * VB, c0 * ai - c1 * ar - c2 * bi + c3 * br)


@njit(error_model="numpy")
def step_backward(plan, frame, work, k, slopes, pair, more):
    """Slopes of one step of a bit; with `more` steps before it, the slopes before it take their place."""
    step = at(plan, L.PLAN_STEPS) + 8 * L.STEP_SIZE * k
    number = at(step, L.STEP_SHARED)
    if number >= 0:
        x, y, z = vload(slopes), vload(slopes + VB), vload(slopes + 2 * VB)
        place = at(work, L.WORK_STEP_SUM) + 3 * VB * number
        vstore(place, vload(place) + x)
        vstore(place + VB, vload(place + VB) + y)
        vstore(place + 2 * VB, vload(place + 2 * VB) + z)
        if more:
            back = at(frame, L.FRAME_RETURNS) + 9 * E * number
            for axis in range(3):
                m = back + 3 * E * axis
                vstore(slopes + VB * axis, x * sload(m) + y * sload(m + E) + z * sload(m + 2 * E))
        return
    turn = at(plan, L.PLAN_PREFIX) + 8 * L.TURN_SIZE * at(step, L.STEP_TURN)
    axis, place = at(turn, L.TURN_Z), at(work, L.WORK_INPUT_GRADIENT) + VB * at(turn, L.TURN_COLUMN)
    vstore(place, vload(place) + vload(slopes + VB * axis) * REAL(f64at(turn + 8 * L.TURN_COEFFICIENT)))
    if more:
        c, s = vload(pair), vload(pair + VB)
        cosine, sine = c * c - s * s, c * s * REAL(2)
        u, v = slopes + VB * ((axis + 1) % 3), slopes + VB * ((axis + 2) % 3)
        x, y = vload(u), vload(v)
        vstore(u, cosine * x + sine * y)
        vstore(v, cosine * y - sine * x)
