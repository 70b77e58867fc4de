"""What comes in and goes out a row: values as vectors, cosines of the turns that read them, amplitudes, gradients."""

from numba import njit

from qml.engine import layout as L
from qml.engine.driver.kets import wires_at
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
def gate_cosines(plan, frame, work, gate, g, turn):
    """Coefficients of a gate that differs from row to row; gates of one turn differ in sign only."""
    table, first = at(work, L.WORK_COEFFICIENTS), at(gate, L.GATE_FIRST)
    out, sign = table + 2 * VB * g, at(gate, L.GATE_SIGN)
    if first == g:
        row_cosines(work, turn, out)
        sign *= int(f64at(at(frame, L.FRAME_SIGNS) + 8 * at(gate, L.GATE_TURN)))
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
    steps = wires_at(plan, frame, work, tile) + 4 * VB * at(plan, L.PLAN_QUBITS)
    for k in range(at(plan, L.PLAN_N_STEPS) if at(frame, L.FRAME_RESUME) == 0 else 0):
        step = at(plan, L.PLAN_STEPS) + 8 * L.STEP_SIZE * k
        if at(step, L.STEP_SHARED) < 0:
            turn = at(plan, L.PLAN_PREFIX) + 8 * L.TURN_SIZE * at(step, L.STEP_TURN)
            row_cosines(work, turn, steps + 2 * VB * k)
    for g in range(at(plan, L.PLAN_N_GATES)):
        gate = at(plan, L.PLAN_GATES) + 8 * L.GATE_SIZE * g
        turn = at(plan, L.PLAN_TURNS) + 8 * L.TURN_SIZE * at(gate, L.GATE_TURN)
        if at(turn, L.TURN_KIND) == L.KIND_ROW:
            gate_cosines(plan, frame, work, gate, g, turn)
    return 0


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
