"""Where a run starts: a product state, one two-vector a bit, or amplitudes that are handed in; and their gradients."""

from numba import njit

from qml.engine import layout as L
from qml.engine.lanes32 import (
    REAL,
    VB,
    E,
    T,
    gather,
    half_angle,
    scatter,
    sincos,
    sload,
    splat,
    sstore,
    vload,
    vstore,
)
from qml.engine.vector import at, f64at


@njit(error_model="numpy")
def row_cosines(work, turn, out):
    """Cosine and sine of half the angle of a turn that differs from row to row."""
    value = vload(at(work, L.WORK_INPUTS) + VB * at(turn, L.TURN_COLUMN))
    sincos(half_angle(value, f64at(turn + 8 * L.TURN_COEFFICIENT), f64at(turn + 8 * L.TURN_CONSTANT)), out)


@njit(error_model="numpy")
def gate_cosines(plan, work, gate, g, turn):
    """Coefficients of a gate that differs from row to row; gates of one turn differ in sign only."""
    table, first = at(work, L.WORK_COEFFICIENTS), at(gate, L.GATE_FIRST)
    out, sign = table + 2 * VB * g, at(gate, L.GATE_SIGN)
    if first == g:
        row_cosines(work, turn, out)
    else:
        sign *= at(at(plan, L.PLAN_GATES) + 8 * L.GATE_SIZE * first, L.GATE_SIGN)
        vstore(out, vload(table + 2 * VB * first))
        vstore(out + VB, vload(table + 2 * VB * first + VB))
    vstore(out + VB, vload(out + VB) * REAL(sign))


def load_rows(plan, frame, work, tile):
    """Row values of one tile as vectors (padding lanes are zero), and the cosines of all turns that read them."""
    inputs, columns, first = at(work, L.WORK_INPUTS), at(plan, L.PLAN_ROWS), tile * T
    count = min(T, at(frame, L.FRAME_BATCH) - first)
    source = at(frame, L.FRAME_INPUTS) + E * columns * first
    for j in range(columns):
        if count == T:
            vstore(inputs + VB * j, gather(source + E * j, E * columns))
        else:
            vstore(inputs + VB * j, splat(REAL(0)))
            for lane in range(count):
                sstore(inputs + VB * j + E * lane, sload(source + E * (lane * columns + j)))
    for k in range(at(plan, L.PLAN_N_PREFIX)):
        turn = at(plan, L.PLAN_PREFIX) + 8 * L.TURN_SIZE * k
        if at(turn, L.TURN_KIND) == L.KIND_ROW:
            row_cosines(work, turn, at(work, L.WORK_PREFIX) + 2 * VB * k)
    for g in range(at(plan, L.PLAN_N_GATES)):
        gate = at(plan, L.PLAN_GATES) + 8 * L.GATE_SIZE * g
        turn = at(plan, L.PLAN_TURNS) + 8 * L.TURN_SIZE * at(gate, L.GATE_TURN)
        if at(turn, L.TURN_KIND) == L.KIND_ROW:
            gate_cosines(plan, work, gate, g, turn)
    return 0


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


def prefix_forward(plan, work):
    """The two-vector of every bit, then the state of bits 0..i-1 for every i, kept for the gradient."""
    qubits, source = at(plan, L.PLAN_QUBITS), at(work, L.WORK_LEVELS)
    vstore(source, splat(REAL(1)))
    vstore(source + VB, splat(REAL(0)))
    for bit in range(qubits):
        p = at(work, L.WORK_WIRES) + 4 * VB * bit
        vstore(p, splat(REAL(1)))
        for part in range(1, 4):
            vstore(p + part * VB, splat(REAL(0)))
        for k in range(at(at(plan, L.PLAN_PREFIX_FIRST), bit), at(at(plan, L.PLAN_PREFIX_FIRST), bit + 1)):
            axis = at(at(plan, L.PLAN_PREFIX) + 8 * L.TURN_SIZE * k, L.TURN_Z)
            pair = at(work, L.WORK_PREFIX) + 2 * VB * k
            turn_pair(axis, vload(pair), vload(pair + VB), p)
        half = 1 << bit
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


def prefix_backward(plan, work):
    """Contract the bra with the product state bit by bit, from the top; then un-apply the turns of that bit."""
    bra, scratch = at(work, L.WORK_BRA), at(work, L.WORK_SCRATCH)
    for bit in range(at(plan, L.PLAN_QUBITS) - 1, -1, -1):
        contract(
            at(work, L.WORK_LEVELS) + 2 * VB * ((1 << bit) - 1),
            bra,
            1 << bit,
            at(work, L.WORK_WIRES) + 4 * VB * bit,
            scratch,
        )
        first, end = at(at(plan, L.PLAN_PREFIX_FIRST), bit), at(at(plan, L.PLAN_PREFIX_FIRST), bit + 1)
        for k in range(end - 1, first - 1, -1):
            prefix_turn_backward(
                work, at(plan, L.PLAN_PREFIX) + 8 * L.TURN_SIZE * k, at(work, L.WORK_PREFIX) + 2 * VB * k, scratch
            )
    return 0


@njit(error_model="numpy")
def contract(level, bra, half, wire, scratch):
    """The bra without its highest bit; at `scratch` the two-vector of that bit, and the bra that this bit sees."""
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
    vstore(scratch, ar)
    vstore(scratch + VB, ai)
    vstore(scratch + 2 * VB, br)
    vstore(scratch + 3 * VB, bi)
    vstore(scratch + 4 * VB, c0)
    vstore(scratch + 5 * VB, c1)
    vstore(scratch + 6 * VB, c2)
    vstore(scratch + 7 * VB, c3)


@njit(error_model="numpy")
def prefix_turn_backward(work, turn, pair, scratch):
    """Slope of one turn of a single bit, then un-apply it on the two-vectors of ket and bra at `scratch`."""
    axis, kind, bra = at(turn, L.TURN_Z), at(turn, L.TURN_KIND), scratch + 4 * VB
    ar, ai, br, bi = vload(scratch), vload(scratch + VB), vload(scratch + 2 * VB), vload(scratch + 3 * VB)
    lr, li, hr, hi = vload(bra), vload(bra + VB), vload(bra + 2 * VB), vload(bra + 3 * VB)
    if axis == 2:
        slope = lr * ai - li * ar - hr * bi + hi * br
    elif axis == 1:
        slope = hr * ar - lr * br + hi * ai - li * bi
    else:
        slope = lr * bi - li * br + hr * ai - hi * ar
    if kind == L.KIND_SHARED or kind == L.KIND_ROW:
        sums = at(work, L.WORK_SHARED_SUM if kind == L.KIND_SHARED else L.WORK_INPUT_GRADIENT)
        place = sums + VB * at(turn, L.TURN_COLUMN)
        vstore(place, vload(place) + slope * REAL(f64at(turn + 8 * L.TURN_COEFFICIENT)))
    c, s = vload(pair), vload(pair + VB) * REAL(-1)
    turn_pair(axis, c, s, scratch)
    turn_pair(axis, c, s, bra)


def load_states(plan, frame, work, tile):
    """Amplitudes handed in, as the first ket of a tile; padding lanes are zero."""
    ket, stride, first = at(work, L.WORK_KETS), at(frame, L.FRAME_STATE_STRIDE), tile * T
    count = min(T, at(frame, L.FRAME_BATCH) - first)
    source = at(frame, L.FRAME_STATES) + stride * first
    for part in range(2 * at(plan, L.PLAN_AMPLITUDES)):
        if stride == 0:
            vstore(ket + VB * part, splat(sload(source + E * part)))
        elif count == T:
            vstore(ket + VB * part, gather(source + E * part, stride))
        else:
            vstore(ket + VB * part, splat(REAL(0)))
            for lane in range(count):
                sstore(ket + VB * part + E * lane, sload(source + stride * lane + E * part))
    return 0


def store_state_gradient(plan, frame, work, tile):
    """Gradient of the amplitudes: twice the bra at the start, `d loss = sum_i Re(conj(g_i) d a_i)`."""
    bra, parts, first = at(work, L.WORK_BRA), 2 * at(plan, L.PLAN_AMPLITUDES), tile * T
    count = min(T, at(frame, L.FRAME_BATCH) - first)
    target = at(frame, L.FRAME_STATE_GRADIENT) + E * parts * first
    for part in range(parts):
        value = vload(bra + VB * part) * REAL(2)
        if count == T:
            scatter(target + E * part, E * parts, value)
        else:
            vstore(at(work, L.WORK_SCRATCH), value)
            for lane in range(count):
                sstore(target + E * (lane * parts + part), sload(at(work, L.WORK_SCRATCH) + E * lane))
    return 0


def store_row_gradient(plan, frame, work, tile):
    """Gradients of the row values of one tile."""
    sums, columns, first = at(work, L.WORK_INPUT_GRADIENT), at(plan, L.PLAN_ROWS), tile * T
    count = min(T, at(frame, L.FRAME_BATCH) - first)
    target = at(frame, L.FRAME_INPUT_GRADIENT) + E * columns * first
    for j in range(columns):
        if count == T:
            scatter(target + E * j, E * columns, vload(sums + VB * j))
        else:
            for lane in range(count):
                sstore(target + E * (lane * columns + j), sload(sums + VB * j + E * lane))
    return 0
