"""Once per call: sines and cosines of the shared turns, the form of every group, and the tables of phases."""

import math

import numpy as np
from numba import njit

from qml.engine import layout as L
from qml.engine.kernels import PER_KIND
from qml.engine.lanes32 import REAL, VB, E, T, sincos, sload, sstore, vload
from qml.engine.vector import at, call, f64at, f64set, put

TWO_PI = 6.283185307179586
LARGEST_REDUCED = 3.5  # beyond about 1e15 radians nothing is left of a phase: NaN, not an arbitrary angle
SMALLEST_COSINE = 0.125  # below it the tangent loses digits
SMALLEST_FACTOR = 1e-5  # the product of cosines folded into a table: keeps amplitudes in float32's range


@njit(error_model="numpy")
def shared_half_angle(turn, shared):
    """Half the angle of a constant or shared turn, in double."""
    angle = f64at(turn + 8 * L.TURN_CONSTANT)
    if at(turn, L.TURN_KIND) == L.KIND_SHARED:
        angle += f64at(turn + 8 * L.TURN_COEFFICIENT) * sload(shared + E * at(turn, L.TURN_COLUMN))
    return 0.5 * angle


def prepare(plan, frame, shared):
    """Everything of a call that does not depend on the row."""
    entries = at(plan, L.PLAN_ENTRIES)
    cosines_of(at(plan, L.PLAN_TURNS), at(plan, L.PLAN_N_TURNS), shared, at(frame, L.FRAME_COSSIN))
    cosines_of(at(plan, L.PLAN_PREFIX), at(plan, L.PLAN_N_PREFIX), shared, at(frame, L.FRAME_PREFIX_COSSIN))
    factors = at(frame, L.FRAME_FACTORS)
    for table in range(at(plan, L.PLAN_N_TABLES) + 1):
        f64set(factors + 8 * table, 1.0)
    for group in range(at(plan, L.PLAN_N_GROUPS)):
        choose_form(plan, frame, group)
    if at(plan, L.PLAN_N_TABLES) > 0:
        call(at(entries, L.ENTRY_PREPARE_TABLES), plan, frame, shared)
    return 0


@njit(error_model="numpy")
def cosines_of(turns, count, shared, out):
    """Cosine and sine of half the angle of every turn that is the same for all rows."""
    for k in range(count):
        turn = turns + 8 * L.TURN_SIZE * k
        if at(turn, L.TURN_KIND) != L.KIND_ROW:
            half = shared_half_angle(turn, shared)
            f64set(out + 16 * k, math.cos(half))
            f64set(out + 16 * k + 8, math.sin(half))


@njit(error_model="numpy")
def choose_form(plan, frame, group):
    """The tangent form where it is safe for these values: cosines are divided out and multiplied into a table.

    Without a table the product becomes a factor of the whole state, which a lean run cannot undo.
    """
    record, forms = at(plan, L.PLAN_GROUPS) + 8 * L.GROUP_SIZE * group, at(frame, L.FRAME_FORMS)
    twin, table, width = at(record, L.GROUP_TWIN), at(record, L.GROUP_TABLE), at(record, L.GROUP_WIDTH)
    if twin >= 0:  # the same turns on another sign class of cosets: one decision, cosines counted once
        put(forms, group, at(forms, twin))
        return
    factor = at(frame, L.FRAME_FACTORS) + 8 * (table if table >= 0 else at(plan, L.PLAN_N_TABLES))
    tangent = at(record, L.GROUP_BY_ROW) == 0 and (table >= 0 or at(frame, L.FRAME_LEAN) == 0)
    first, product = at(record, L.GROUP_GATE), f64at(factor)
    for gate in range(first, first + width):
        turn = at(at(plan, L.PLAN_GATES) + 8 * L.GATE_SIZE * gate, L.GATE_TURN)
        if tangent:
            cosine = f64at(at(frame, L.FRAME_COSSIN) + 16 * turn)
            tangent = abs(cosine) > SMALLEST_COSINE
            product *= cosine
    if not tangent or abs(product) < SMALLEST_FACTOR:
        put(forms, group, 1)
        return
    put(forms, group, 0)
    f64set(factor, product)
    for gate in range(first, first + width):
        pair = at(frame, L.FRAME_COSSIN) + 16 * at(at(plan, L.PLAN_GATES) + 8 * L.GATE_SIZE * gate, L.GATE_TURN)
        f64set(pair + 8, f64at(pair + 8) / f64at(pair))


def missing_kernel(plan, frame, gradient):
    """Number of a kernel that this call needs and nobody has compiled yet, 0 if there is none."""
    entries, forms = at(plan, L.PLAN_ENTRIES), at(frame, L.FRAME_FORMS)
    for group in range(at(plan, L.PLAN_N_GROUPS)):
        record = at(plan, L.PLAN_GROUPS) + 8 * L.GROUP_SIZE * group
        shape = (at(record, L.GROUP_WIDTH) - 1) * 2 + at(record, L.GROUP_COUPLING)
        tables = 2 if at(record, L.GROUP_TABLE) >= 0 else 1
        for table in range(tables):
            move = L.FIRST_KERNEL + (shape * 2 + at(forms, group)) * 2 + table
            if at(entries, move) == 0:
                return move
            if gradient != 0 and at(entries, move + PER_KIND) == 0:
                return move + PER_KIND
        if gradient != 0 and at(entries, L.FIRST_KERNEL + 2 * PER_KIND + shape) == 0:
            return L.FIRST_KERNEL + 2 * PER_KIND + shape
    return 0


def prepare_tables(plan, frame, shared):
    """Phase of every basis state = Walsh-Hadamard transform of the half angles, placed at their z masks."""
    entries, amplitudes = at(plan, L.PLAN_ENTRIES), at(plan, L.PLAN_AMPLITUDES)
    phases, buffer = at(frame, L.FRAME_SCRATCH), at(frame, L.FRAME_VECTORS)
    for table in range(at(plan, L.PLAN_N_TABLES)):
        for i in range(amplitudes):
            f64set(phases + 8 * i, 0.0)
        for k in range(at(at(plan, L.PLAN_TABLE_FIRST), table), at(at(plan, L.PLAN_TABLE_FIRST), table + 1)):
            turn = at(plan, L.PLAN_TABLE_TURNS) + 8 * L.TURN_SIZE * k
            place = phases + 8 * at(turn, L.TURN_Z)
            f64set(place, f64at(place) - shared_half_angle(turn, shared))
        call(at(entries, L.ENTRY_TRANSFORM_SCALARS), phases, amplitudes)
        factor = f64at(at(frame, L.FRAME_FACTORS) + 8 * table)
        out = at(frame, L.FRAME_TABLES) + 2 * E * amplitudes * table
        for first in range(0, amplitudes, T):
            count = min(T, amplitudes - first)
            for lane in range(count):  # reduced in double, then sine and cosine in working precision
                phase = f64at(phases + 8 * (first + lane))
                reduced = phase - TWO_PI * np.rint(phase / TWO_PI)
                sstore(buffer + E * lane, REAL(reduced if abs(reduced) < LARGEST_REDUCED else np.nan))
            sincos(vload(buffer), buffer + VB)
            for lane in range(count):
                pair = out + 2 * E * (first + lane)
                sstore(pair, REAL(factor * sload(buffer + VB + E * lane)))
                sstore(pair + E, REAL(factor * sload(buffer + 2 * VB + E * lane)))
    return 0


def transform_scalars(values, count):
    """Walsh-Hadamard transform of `count` float64 numbers, in place."""
    half = 1
    while half < count:
        for block in range(values, values + 8 * count, 16 * half):
            for place in range(block, block + 8 * half, 8):
                a, b = f64at(place), f64at(place + 8 * half)
                f64set(place, a + b)
                f64set(place + 8 * half, a - b)
        half *= 2
    return 0
