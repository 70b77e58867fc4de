"""Diagonal turns: tables of phases that no kernel can carry, and phases that differ from row to row."""

from numba import njit

from qml.engine import layout as L
from qml.engine.lanes32 import REAL, VB, E, half_angle, sincos, sload, splat, vload, vstore
from qml.engine.vector import at, call, f64at, odd


def transform_vectors(values, count):
    """Walsh-Hadamard transform of `count` vectors (a power of two), in place, two levels a sweep."""
    end, half = values + count * VB, VB
    levels = 0
    while 1 << levels < count:
        levels += 1
    if levels & 1:
        for o in range(values, end, 2 * VB):
            a, b = vload(o), vload(o + VB)
            vstore(o, a + b)
            vstore(o + VB, a - b)
        half = 2 * VB
    while half < count * VB:
        for block in range(values, end, 4 * half):
            for o in range(block, block + half, VB):
                a, b, c, d = vload(o), vload(o + half), vload(o + 2 * half), vload(o + 3 * half)
                s, t, u, v = a + b, a - b, c + d, c - d
                vstore(o, s + u)
                vstore(o + half, t + v)
                vstore(o + 2 * half, s - u)
                vstore(o + 3 * half, t - v)
        half *= 4
    return 0


def row_phases(plan, work, segment, flip, out):
    """(cosine, sine) of every amplitude and lane: all row angles of a segment in one transform."""
    amplitudes, phases = at(plan, L.PLAN_AMPLITUDES), at(work, L.WORK_SPECTRUM)
    for o in range(phases, phases + VB * amplitudes, VB):
        vstore(o, splat(REAL(0)))
    for k in range(at(segment, L.SEGMENT_LANE), at(segment, L.SEGMENT_LANE_END)):
        turn = at(plan, L.PLAN_LANE_TURNS) + 8 * L.TURN_SIZE * k
        value = vload(at(work, L.WORK_INPUTS) + VB * at(turn, L.TURN_COLUMN))
        z = at(turn, L.TURN_Z)
        place, sign = phases + VB * z, REAL(1 - 2 * odd(flip & z))
        # Reduced before they are added: a half angle may change by 2 pi whatever its sign in the sum.
        coefficient, constant = f64at(turn + 8 * L.TURN_COEFFICIENT), f64at(turn + 8 * L.TURN_CONSTANT)
        vstore(place, vload(place) - half_angle(value, coefficient, constant) * sign)
    call(at(at(plan, L.PLAN_ENTRIES), L.ENTRY_TRANSFORM_VECTORS), phases, amplitudes)
    for i in range(amplitudes):
        sincos(vload(phases + VB * i), out + 2 * VB * i)
    return 0


def diagonal_forward(plan, source, target, table, phases):
    """Shared table and row phases in one sweep; an address of 0 means none."""
    for i in range(at(plan, L.PLAN_AMPLITUDES)):
        o = 2 * VB * i
        x, y = vload(source + o), vload(source + o + VB)
        if table != 0:
            c, s = splat(sload(table + 2 * E * i)), splat(sload(table + 2 * E * i + E))
            x, y = x * c - y * s, x * s + y * c
        if phases != 0:
            c, s = vload(phases + o), vload(phases + o + VB)
            x, y = x * c - y * s, x * s + y * c
        vstore(target + o, x)
        vstore(target + o + VB, y)
    return 0


@njit(error_model="numpy")
def undone(state, i, table, phases):
    """Amplitude `i` of `state` with its phases undone."""
    o = 2 * VB * i
    x, y = vload(state + o), vload(state + o + VB)
    if phases != 0:
        c, s = vload(phases + o), vload(phases + o + VB)
        x, y = x * c + y * s, y * c - x * s
    if table != 0:
        c, s = splat(sload(table + 2 * E * i)), splat(sload(table + 2 * E * i + E))
        x, y = x * c + y * s, y * c - x * s
    return x, y


def diagonal_undo(plan, ket, table, phases):
    """The ket before the diagonals of a segment, in place."""
    for i in range(at(plan, L.PLAN_AMPLITUDES)):
        x, y = undone(ket, i, table, phases)
        vstore(ket + 2 * VB * i, x)
        vstore(ket + 2 * VB * i + VB, y)
    return 0


def diagonal_backward(plan, work, segment, flip, ket, table, slopes, phases):
    """Undo the diagonals on the bra; collect the slopes of the table and the gradients of the row turns."""
    amplitudes, bra, spectrum = at(plan, L.PLAN_AMPLITUDES), at(work, L.WORK_BRA), at(work, L.WORK_SPECTRUM)
    for i in range(amplitudes):
        o = 2 * VB * i
        x, y = undone(bra, i, table, phases)
        slope = x * vload(ket + o + VB) - y * vload(ket + o)
        if table != 0:
            vstore(slopes + VB * i, vload(slopes + VB * i) + slope)
        vstore(spectrum + VB * i, slope)
        vstore(bra + o, x)
        vstore(bra + o + VB, y)
    if phases != 0:
        call(at(at(plan, L.PLAN_ENTRIES), L.ENTRY_TRANSFORM_VECTORS), spectrum, amplitudes)
        for k in range(at(segment, L.SEGMENT_LANE), at(segment, L.SEGMENT_LANE_END)):
            turn = at(plan, L.PLAN_LANE_TURNS) + 8 * L.TURN_SIZE * k
            place = at(work, L.WORK_INPUT_GRADIENT) + VB * at(turn, L.TURN_COLUMN)
            z = at(turn, L.TURN_Z)
            factor = f64at(turn + 8 * L.TURN_COEFFICIENT) * (1 - 2 * odd(flip & z))
            vstore(place, vload(place) + vload(spectrum + VB * z) * REAL(factor))
    return 0


def table_slopes(plan, work, table, flip, slopes):
    """Lean runs: the gradients of a table of this tile, at once and without keeping its slopes."""
    call(at(at(plan, L.PLAN_ENTRIES), L.ENTRY_TRANSFORM_VECTORS), slopes, at(plan, L.PLAN_AMPLITUDES))
    first = at(plan, L.PLAN_TABLE_FIRST)
    for k in range(at(first, table), at(first, table + 1)):
        turn = at(plan, L.PLAN_TABLE_TURNS) + 8 * L.TURN_SIZE * k
        if at(turn, L.TURN_KIND) == L.KIND_SHARED:
            place = at(work, L.WORK_SHARED_SUM) + VB * at(turn, L.TURN_COLUMN)
            z = at(turn, L.TURN_Z)
            factor = f64at(turn + 8 * L.TURN_COEFFICIENT) * (1 - 2 * odd(flip & z))
            vstore(place, vload(place) + vload(slopes + VB * z) * REAL(factor))
    return 0
