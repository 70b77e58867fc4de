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
def store_pair(p, ar, ai, br, bi):
    """Both amplitudes of a wire."""
    vstore(p, ar)
    vstore(p + VB, ai)
    vstore(p + 2 * VB, br)
    vstore(p + 3 * VB, bi)


@njit(error_model="numpy")
def first_pair(plan, frame, step, pair, p):
    """What the first step of a wire makes of |0>."""
    number, zero = at(step, L.STEP_SHARED), splat(REAL(0))
    if number >= 0:
        matrix = at(frame, L.FRAME_MATRICES) + 4 * E * number
        ar, ai, br, bi = sload(matrix), sload(matrix + E), sload(matrix + 2 * E), sload(matrix + 3 * E)
        store_pair(p, splat(ar), splat(ai), splat(br), splat(bi))
        return
    axis = at(at(plan, L.PLAN_PREFIX) + 8 * L.TURN_SIZE * at(step, L.STEP_TURN), L.TURN_Z)
    c, s = vload(pair), vload(pair + VB)
    if axis == 1:
        store_pair(p, c, zero, s, zero)
    elif axis == 2:
        store_pair(p, c, zero - s, zero, zero)
    else:
        store_pair(p, c, zero, zero, zero - s)


@njit(error_model="numpy")
def wire_state(plan, frame, bit, p, steps):
    """The two-vector of one bit at `p`."""
    first, end = at(at(plan, L.PLAN_STEP_FIRST), bit), at(at(plan, L.PLAN_STEP_FIRST), bit + 1)
    if first == end:
        zero = splat(REAL(0))
        store_pair(p, splat(REAL(1)), zero, zero, zero)
    for k in range(first, end):
        step, pair = at(plan, L.PLAN_STEPS) + 8 * L.STEP_SIZE * k, steps + 2 * VB * k
        number = at(step, L.STEP_SHARED)
        if k == first:
            first_pair(plan, frame, step, pair, p)
        elif number >= 0:
            multiply_pair(at(frame, L.FRAME_MATRICES) + 4 * E * number, p)
        else:
            axis = at(at(plan, L.PLAN_PREFIX) + 8 * L.TURN_SIZE * at(step, L.STEP_TURN), L.TURN_Z)
            turn_pair(axis, vload(pair), vload(pair + VB), p)


@njit(error_model="numpy")
def fill_levels(wires, bits, level):
    """Product states of the first 0, 1, ..., `bits` of some wires, behind one another; returns the last."""
    vstore(level, splat(REAL(1)))
    vstore(level + VB, splat(REAL(0)))
    for bit in range(bits):
        p, size = wires + 4 * VB * bit, 2 * VB << bit
        ar, ai, br, bi = vload(p), vload(p + VB), vload(p + 2 * VB), vload(p + 3 * VB)
        for o in range(level, level + size, 2 * VB):
            x, y = vload(o), vload(o + VB)
            vstore(o + size, x * ar - y * ai)
            vstore(o + size + VB, x * ai + y * ar)
            vstore(o + 2 * size, x * br - y * bi)
            vstore(o + 2 * size + VB, x * bi + y * br)
        level += size
    return level


def prefix_forward(plan, frame, work, tile):
    """The two-vector of every bit, the products of the lower and of the upper half of them, and of both: the ket."""
    qubits, levels, ket = at(plan, L.PLAN_QUBITS), at(work, L.WORK_LEVELS), at(work, L.WORK_KETS)
    wires, low = wires_at(plan, frame, work, tile), at(plan, L.PLAN_QUBITS) + 1 >> 1
    if at(frame, L.FRAME_RESUME) == 0:
        for bit in range(qubits):
            wire_state(plan, frame, bit, wires + 4 * VB * bit, wires + 4 * VB * qubits)
    lower, row = fill_levels(wires, low, levels), 2 * VB << low
    upper = fill_levels(wires + 4 * VB * low, qubits - low, lower + row)
    for h in range(1 << qubits - low):
        a, b, target = vload(upper + 2 * VB * h), vload(upper + 2 * VB * h + VB), ket + row * h
        for o in range(0, row, 2 * VB):
            x, y = vload(lower + o), vload(lower + o + VB)
            vstore(target + o, x * a - y * b)
            vstore(target + o + VB, x * b + y * a)
    return 0


def prefix_backward(plan, frame, work, tile):
    """The bra that each half of the bits sees, then bit by bit from the top; each leaves three slopes for its turns."""
    bra, qubits, levels = at(work, L.WORK_BRA), at(plan, L.PLAN_QUBITS), at(work, L.WORK_LEVELS)
    low, wires = qubits + 1 >> 1, wires_at(plan, frame, work, tile)
    high, row = qubits - low, 2 * VB << low
    lower = levels + row - 2 * VB
    upper_levels = lower + row
    upper = upper_levels + (2 * VB << high) - 2 * VB
    by_lower = upper + (2 * VB << high)
    project(upper, 1 << high, row, bra, 1 << low, 2 * VB, by_lower)
    project(lower, 1 << low, 2 * VB, bra, 1 << high, row, by_lower + row)
    half_backward(plan, frame, work, wires, 0, low, levels, by_lower)
    half_backward(plan, frame, work, wires, low, qubits, upper_levels, by_lower + row)
    return 0


@njit(error_model="numpy")
def project(state, count, far, bra, rows, near, out):
    """`out[r] = sum_j conj(state[j]) bra[r, j]`, two rows at a time in sums that do not wait for one another."""
    for r in range(0, rows, 2):
        b = bra + near * r
        c = b + near if rows > 1 else b
        b0, b1, b2, b3 = splat(REAL(0)), splat(REAL(0)), splat(REAL(0)), splat(REAL(0))
        c0, c1, c2, c3 = b0, b0, b0, b0
        for j in range(count):
            x, y, o = vload(state + 2 * VB * j), vload(state + 2 * VB * j + VB), far * j
            p, q = vload(b + o), vload(b + o + VB)
            b0, b1, b2, b3 = b0 + x * p, b1 + y * q, b2 + x * q, b3 + y * p
            p, q = vload(c + o), vload(c + o + VB)
            c0, c1, c2, c3 = c0 + x * p, c1 + y * q, c2 + x * q, c3 + y * p
        target = out + 2 * VB * r
        vstore(target, b0 + b1)
        vstore(target + VB, b2 - b3)
        if rows > 1:
            vstore(target + 2 * VB, c0 + c1)
            vstore(target + 3 * VB, c2 - c3)


@njit(error_model="numpy")
def half_backward(plan, frame, work, wires, first, end, levels, bra):
    """The gradients of the turns of bits `first` to `end - 1`, given the bra that they see."""
    slopes, steps = at(work, L.WORK_SCRATCH), wires + 4 * VB * at(plan, L.PLAN_QUBITS)
    starts = at(plan, L.PLAN_STEP_FIRST)
    for bit in range(end - 1, first - 1, -1):
        half = 1 << bit - first
        contract(levels + 2 * VB * (half - 1), bra, half, wires + 4 * VB * bit, slopes)
        for k in range(at(starts, bit + 1) - 1, at(starts, bit) - 1, -1):
            step_backward(plan, frame, work, k, slopes, steps + 2 * VB * k, k > at(starts, bit))


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
