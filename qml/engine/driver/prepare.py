"""Once per call: the shared turns reduced in a Pauli frame, the matrices of the prefix, and the tables of phases."""

import math

import numpy as np
from numba import njit

from qml.engine import layout as L
from qml.engine.lanes32 import REAL, VB, E, T, sincos, sload, sstore, vload
from qml.engine.lanes64 import T as T64
from qml.engine.lanes64 import vload as vload64
from qml.engine.lanes64 import vstore as vstore64
from qml.engine.vector import at, call, f64at, f64set, odd, put

TWO_PI = 6.283185307179586
LARGEST_REDUCED = 3.5  # beyond about 1e15 radians nothing is left of a phase: NaN, not an arbitrary angle


@njit(error_model="numpy")
def shared_half_angle(turn, shared):
    """Half the angle of a constant or shared turn, in double."""
    angle = f64at(turn + 8 * L.TURN_CONSTANT)
    if at(turn, L.TURN_KIND) == L.KIND_SHARED:
        angle += f64at(turn + 8 * L.TURN_COEFFICIENT) * sload(shared + E * at(turn, L.TURN_COLUMN))
    return 0.5 * angle


def prepare(plan, frame):
    """Everything of a call that does not depend on the row."""
    shared = at(frame, L.FRAME_SHARED)
    factors, tables = at(frame, L.FRAME_FACTORS), at(plan, L.PLAN_N_TABLES)
    for table in range(tables + 1):
        f64set(factors + 8 * table, 1.0)
    reduce_turns(plan, frame, shared)
    scale = f64at(factors + 8 * tables)
    word_factors(plan, frame, at(plan, L.PLAN_Z_WORDS), at(plan, L.PLAN_N_Z_WORDS), 0, scale * scale)
    word_factors(plan, frame, at(plan, L.PLAN_FLIP_WORDS), at(plan, L.PLAN_N_FLIP_WORDS), 1, scale * scale)
    steps = at(plan, L.PLAN_STEPS)
    for step in range(steps, steps + 8 * L.STEP_SIZE * at(plan, L.PLAN_N_STEPS), 8 * L.STEP_SIZE):
        if at(step, L.STEP_SHARED) >= 0:
            step_matrix(plan, frame, step, shared)
    if tables > 0:
        call(at(at(plan, L.PLAN_ENTRIES), L.ENTRY_PREPARE_TABLES), plan, frame, shared)
    return 0


@njit(error_model="numpy")
def reduce_turns(plan, frame, shared):
    """Cosine and tangent of the mixing turns, and the sign of every angle.

    A turn by more than a quarter is `exp(-i h P) = -i P sin(h) (1 + i P / tan(h))`: its P moves to the end of the
    circuit, where it flips signs of words, and on its way those of later angles. So |tangent| <= 1 for any weights.
    """
    flip_x, flip_z, quarters = 0, 0, 0
    flips, groups = at(frame, L.FRAME_FLIPS), at(plan, L.PLAN_GROUPS)
    for k in range(at(plan, L.PLAN_N_SEGMENTS)):
        segment = at(plan, L.PLAN_SEGMENTS) + 8 * L.SEGMENT_SIZE * k
        put(flips, k, flip_x)
        for group in range(at(segment, L.SEGMENT_GROUP), at(segment, L.SEGMENT_GROUP_END)):
            record = groups + 8 * L.GROUP_SIZE * group
            if at(record, L.GROUP_TWIN) >= 0:  # the same turns on another sign class of cosets
                continue
            table, first = at(record, L.GROUP_TABLE), at(record, L.GROUP_GATE)
            factor = at(frame, L.FRAME_FACTORS) + 8 * (table if table >= 0 else at(plan, L.PLAN_N_TABLES))
            for gate in range(first, first + at(record, L.GROUP_WIDTH)):
                number = at(at(plan, L.PLAN_GATES) + 8 * L.GATE_SIZE * gate, L.GATE_TURN)
                turn = at(plan, L.PLAN_TURNS) + 8 * L.TURN_SIZE * number
                x, z = at(turn, L.TURN_X), at(turn, L.TURN_Z)
                sign = 1.0 - 2.0 * odd((flip_x & z) ^ (flip_z & x))
                f64set(at(frame, L.FRAME_SIGNS) + 8 * number, sign)
                if at(turn, L.TURN_KIND) == L.KIND_ROW:
                    continue
                half = sign * shared_half_angle(turn, shared)
                c, s = math.cos(half), math.sin(half)
                if abs(s) > abs(c):
                    c, s = s, -c
                    quarters += 3 + odd(x & z) + 2 * (odd(flip_z & x) + count_pairs(x & z))
                    flip_x, flip_z = flip_x ^ x, flip_z ^ z
                f64set(at(frame, L.FRAME_COSSIN) + 16 * number, c)
                f64set(at(frame, L.FRAME_COSSIN) + 16 * number + 8, s / c)
                f64set(factor, f64at(factor) * c)
    put(frame, L.FRAME_FLIP_X, flip_x)
    put(frame, L.FRAME_FLIP_Z, flip_z)
    put(frame, L.FRAME_FLIP_QUARTERS, quarters & 3)


@njit(error_model="numpy")
def count_pairs(bits):
    """Half the number of bits that are set, rounded down, modulo 2."""
    pairs, low = 0, 0
    while bits != 0:
        pairs, low = pairs ^ (low & bits & 1), low ^ (bits & 1)
        bits >>= 1
    return pairs


@njit(error_model="numpy")
def word_factors(plan, frame, words, count, flips, scale):
    """What the value of each word is multiplied by: the square of what the kets leave out, and its sign."""
    flip_x, flip_z = at(frame, L.FRAME_FLIP_X), at(frame, L.FRAME_FLIP_Z)
    for k in range(count):
        if flips != 0:
            word = words + 8 * L.FLIP_WORD_SIZE * k
            clash = (flip_x & at(word, L.FLIP_WORD_Z)) ^ (flip_z & at(word, L.FLIP_WORD_X))
            place = at(word, L.FLIP_WORD_PLACE)
        else:
            word = words + 8 * L.Z_WORD_SIZE * k
            clash, place = flip_x & at(word, L.Z_WORD_MASK), at(word, L.Z_WORD_PLACE)
        sstore(at(frame, L.FRAME_WORD_FACTORS) + E * place, REAL(scale * (1 - 2 * odd(clash))))


@njit(error_model="numpy")
def step_matrix(plan, frame, step, shared):
    """The turns of a shared prefix step as one matrix [[a, -b*], [b, a*]], and what they do to axes."""
    turns, first, end = at(plan, L.PLAN_PREFIX), at(step, L.STEP_TURN), at(step, L.STEP_END)
    a, b = 1.0 + 0.0j, 0.0j
    for k in range(first, end):
        turn = turns + 8 * L.TURN_SIZE * k
        half, axis = shared_half_angle(turn, shared), at(turn, L.TURN_Z)
        c, s = math.cos(half), math.sin(half)
        if axis == 2:
            a, b = a * complex(c, -s), b * complex(c, s)
        elif axis == 1:
            a, b = c * a - s * b, s * a + c * b
        else:
            a, b = c * a - 1j * s * b, c * b - 1j * s * a
    number = at(step, L.STEP_SHARED)
    matrix = at(frame, L.FRAME_MATRICES) + 4 * E * number
    sstore(matrix, REAL(a.real))
    sstore(matrix + E, REAL(a.imag))
    sstore(matrix + 2 * E, REAL(b.real))
    sstore(matrix + 3 * E, REAL(b.imag))
    # Columns X, Y, Z: where the turns from k on carry each axis; those of turn k itself are turned about its own.
    columns, axes = at(frame, L.FRAME_VECTORS), at(frame, L.FRAME_AXES)
    for i in range(9):
        f64set(columns + 8 * i, 1.0 if i % 4 == 0 else 0.0)
    for k in range(end - 1, first - 1, -1):
        turn = turns + 8 * L.TURN_SIZE * k
        angle, axis = 2.0 * shared_half_angle(turn, shared), at(turn, L.TURN_Z)
        c, s, u, v = math.cos(angle), math.sin(angle), 24 * ((axis + 1) % 3), 24 * ((axis + 2) % 3)
        for i in range(3):
            f64set(axes + 24 * k + 8 * i, f64at(columns + 24 * axis + 8 * i))
            x, y = f64at(columns + u + 8 * i), f64at(columns + v + 8 * i)
            f64set(columns + u + 8 * i, c * x + s * y)
            f64set(columns + v + 8 * i, c * y - s * x)
    for i in range(9):
        sstore(at(frame, L.FRAME_RETURNS) + E * (9 * number + i), REAL(f64at(columns + 8 * i)))


def prepare_tables(plan, frame, shared):
    """Phase of every basis state = Walsh-Hadamard transform of the half angles, placed at their z masks."""
    entries, amplitudes = at(plan, L.PLAN_ENTRIES), at(plan, L.PLAN_AMPLITUDES)
    phases, first = at(frame, L.FRAME_SCRATCH), at(plan, L.PLAN_TABLE_FIRST)
    for segment in range(at(plan, L.PLAN_N_SEGMENTS)):
        table = at(at(plan, L.PLAN_SEGMENTS) + 8 * L.SEGMENT_SIZE * segment, L.SEGMENT_TABLE)
        if table < 0:
            continue
        flip = at(at(frame, L.FRAME_FLIPS), segment)
        for i in range(amplitudes):
            f64set(phases + 8 * i, 0.0)
        for k in range(at(first, table), at(first, table + 1)):
            turn = at(plan, L.PLAN_TABLE_TURNS) + 8 * L.TURN_SIZE * k
            z = at(turn, L.TURN_Z)
            f64set(phases + 8 * z, f64at(phases + 8 * z) - (1 - 2 * odd(flip & z)) * shared_half_angle(turn, shared))
        call(at(entries, L.ENTRY_TRANSFORM_SCALARS), phases, amplitudes)
        fill_table(frame, phases, amplitudes, table)
    return 0


@njit(error_model="numpy")
def fill_table(frame, phases, amplitudes, table):
    """Cosine and sine of the phases times the factor of a table: reduced in double, taken in working precision."""
    buffer, factor = at(frame, L.FRAME_VECTORS), REAL(f64at(at(frame, L.FRAME_FACTORS) + 8 * table))
    out = at(frame, L.FRAME_TABLES) + 2 * E * amplitudes * table
    for first in range(0, amplitudes, T):
        count = min(T, amplitudes - first)
        for lane in range(count):
            phase = f64at(phases + 8 * (first + lane))
            reduced = phase - TWO_PI * np.rint(phase / TWO_PI)
            sstore(buffer + E * lane, REAL(reduced if abs(reduced) < LARGEST_REDUCED else np.nan))
        sincos(vload(buffer), buffer + VB)
        for lane in range(count):
            pair = out + 2 * E * (first + lane)
            sstore(pair, factor * sload(buffer + VB + E * lane))
            sstore(pair + E, factor * sload(buffer + 2 * VB + E * lane))


def transform_scalars(values, count):
    """Walsh-Hadamard transform of `count` float64 numbers, in place; `values` is aligned to vectors."""
    half = 1
    while half < count and (half < T64 or count < 2 * T64):
        for block in range(values, values + 8 * count, 16 * half):
            for place in range(block, block + 8 * half, 8):
                a, b = f64at(place), f64at(place + 8 * half)
                f64set(place, a + b)
                f64set(place + 8 * half, a - b)
        half *= 2
    while half < count:
        for block in range(values, values + 8 * count, 16 * half):
            for place in range(block, block + 8 * half, VB):
                a, b = vload64(place), vload64(place + 8 * half)
                vstore64(place, a + b)
                vstore64(place + 8 * half, a - b)
        half *= 2
    return 0
