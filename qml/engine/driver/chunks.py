"""Tiles in fixed chunks: whichever thread takes a chunk, its sums are the same and are added in the same order."""

from numba import njit

from qml.engine import layout as L
from qml.engine.driver.kets import ket_at
from qml.engine.lanes32 import REAL, VB, E, T, hsum, splat, sstore, vload, vstore
from qml.engine.vector import at, call, f64at, f64set, put, take_ticket


def load_shared(plan, frame, work):
    """Coefficients of all turns that are the same for every row, once a thread and call."""
    for g in range(at(plan, L.PLAN_N_GATES)):
        gate = at(plan, L.PLAN_GATES) + 8 * L.GATE_SIZE * g
        pair = at(frame, L.FRAME_COSSIN) + 16 * at(gate, L.GATE_TURN)
        out = at(work, L.WORK_COEFFICIENTS) + 2 * VB * g
        vstore(out, splat(REAL(f64at(pair))))
        vstore(out + VB, splat(REAL(f64at(pair + 8) * at(gate, L.GATE_SIGN))))
    for k in range(at(plan, L.PLAN_N_PREFIX)):
        pair, out = at(frame, L.FRAME_PREFIX_COSSIN) + 16 * k, at(work, L.WORK_PREFIX) + 2 * VB * k
        vstore(out, splat(REAL(f64at(pair))))
        vstore(out + VB, splat(REAL(f64at(pair + 8))))
    return 0


@njit(error_model="numpy")
def clear(vectors, count):
    """Zero `count` vectors."""
    for place in range(vectors, vectors + VB * count, VB):
        vstore(place, splat(REAL(0)))


@njit(error_model="numpy")
def tile_gradient(plan, frame, work, tile, ket):
    """Gradients of one tile whose kets lie ready."""
    entries = at(plan, L.PLAN_ENTRIES)
    clear(at(work, L.WORK_INPUT_GRADIENT), at(plan, L.PLAN_ROWS))
    call(at(entries, L.ENTRY_START_BRA), plan, frame, work, ket, tile)
    for k in range(at(plan, L.PLAN_N_FLIP_WORDS)):
        word = at(plan, L.PLAN_FLIP_WORDS) + 8 * L.FLIP_WORD_SIZE * k
        call(at(entries, L.ENTRY_ADD_FLIP_WORD), plan, frame, work, ket, tile, word)
    call(at(entries, L.ENTRY_RUN_BACKWARD), plan, frame, work, tile)
    if at(plan, L.PLAN_INITIAL) != 0:
        call(at(entries, L.ENTRY_STORE_STATE_GRADIENT), plan, frame, work, tile)
    else:
        call(at(entries, L.ENTRY_PREFIX_BACKWARD), plan, work)
    call(at(entries, L.ENTRY_STORE_ROW_GRADIENT), plan, frame, work, tile)


@njit(error_model="numpy")
def run_tile(plan, frame, work, tile):
    """One tile from its inputs to its values and gradients, while it stays in the nearest cache."""
    entries = at(plan, L.PLAN_ENTRIES)
    call(at(entries, L.ENTRY_LOAD_ROWS), plan, frame, work, tile)
    if at(plan, L.PLAN_INITIAL) != 0:
        call(at(entries, L.ENTRY_LOAD_STATES), plan, frame, work, tile)
    else:
        call(at(entries, L.ENTRY_PREFIX_FORWARD), plan, work)
    if at(frame, L.FRAME_RESUME) == 0:
        call(at(entries, L.ENTRY_RUN_FORWARD), plan, frame, work, tile)
    ket = ket_at(plan, frame, work, tile, at(plan, L.PLAN_N_SEGMENTS))
    if at(frame, L.FRAME_VALUES) != 0:
        if at(plan, L.PLAN_N_Z_WORDS) > 0:
            call(at(entries, L.ENTRY_READ_Z_WORDS), plan, frame, work, ket, tile)
        for k in range(at(plan, L.PLAN_N_FLIP_WORDS)):
            word = at(plan, L.PLAN_FLIP_WORDS) + 8 * L.FLIP_WORD_SIZE * k
            call(at(entries, L.ENTRY_READ_FLIP_WORD), plan, frame, work, ket, tile, word)
    if at(frame, L.FRAME_KETS) != 0:
        call(at(entries, L.ENTRY_STORE_KET), plan, frame, work, tile)
    if at(frame, L.FRAME_COTANGENT) != 0:
        tile_gradient(plan, frame, work, tile, ket)


def run_chunks(plan, frame, work):
    """Take chunks until none is left; every thread of a call runs this with buffers of its own."""
    entries, tickets = at(plan, L.PLAN_ENTRIES), frame + 8 * L.FRAME_TICKET
    length, gradient = at(frame, L.FRAME_CHUNK_TILES), at(frame, L.FRAME_COTANGENT)
    tiles = (at(frame, L.FRAME_BATCH) + T - 1) // T
    call(at(entries, L.ENTRY_LOAD_SHARED), plan, frame, work)
    while True:
        chunk = take_ticket(tickets)
        if chunk >= at(frame, L.FRAME_CHUNKS):
            return 0
        if gradient != 0:
            clear(at(work, L.WORK_SHARED_SUM), at(plan, L.PLAN_SHARED))
            if at(frame, L.FRAME_LEAN) == 0:
                clear(at(work, L.WORK_TABLE_SUM), at(plan, L.PLAN_N_TABLES) * at(plan, L.PLAN_AMPLITUDES))
        for tile in range(chunk * length, min((chunk + 1) * length, tiles)):
            run_tile(plan, frame, work, tile)
        if gradient != 0:
            call(at(entries, L.ENTRY_CLOSE_CHUNK), plan, frame, work, chunk)


@njit(error_model="numpy")
def sums_length(plan, frame):
    """Numbers that a chunk leaves: one a shared value, and the slopes of the tables unless the run is lean."""
    tables = at(plan, L.PLAN_N_TABLES) if at(frame, L.FRAME_LEAN) == 0 else 0
    return at(plan, L.PLAN_SHARED) + tables * at(plan, L.PLAN_AMPLITUDES)


def close_chunk(plan, frame, work, chunk):
    """Sums over the lanes of a chunk, in double."""
    shared, total = at(plan, L.PLAN_SHARED), sums_length(plan, frame)
    out = at(frame, L.FRAME_SUMS) + 8 * total * chunk
    for j in range(total):
        place = at(work, L.WORK_SHARED_SUM) + VB * j
        if j >= shared:
            place = at(work, L.WORK_TABLE_SUM) + VB * (j - shared)
        f64set(out + 8 * j, hsum(vload(place)))
    return 0


def finish(plan, frame, gradient):
    """Shared gradients: chunks added in order, then one Walsh-Hadamard transform a table."""
    shared, amplitudes, total = at(plan, L.PLAN_SHARED), at(plan, L.PLAN_AMPLITUDES), sums_length(plan, frame)
    sums = at(frame, L.FRAME_SUMS)
    for chunk in range(1, at(frame, L.FRAME_CHUNKS)):
        for j in range(total):
            f64set(sums + 8 * j, f64at(sums + 8 * j) + f64at(sums + 8 * (total * chunk + j)))
    tables = (total - shared) // amplitudes
    for table in range(tables):
        slopes = sums + 8 * (shared + amplitudes * table)
        call(at(at(plan, L.PLAN_ENTRIES), L.ENTRY_TRANSFORM_SCALARS), slopes, amplitudes)
        first = at(plan, L.PLAN_TABLE_FIRST)
        for k in range(at(first, table), at(first, table + 1)):
            turn = at(plan, L.PLAN_TABLE_TURNS) + 8 * L.TURN_SIZE * k
            if at(turn, L.TURN_KIND) == L.KIND_SHARED:
                place = sums + 8 * at(turn, L.TURN_COLUMN)
                slope = f64at(turn + 8 * L.TURN_COEFFICIENT) * f64at(slopes + 8 * at(turn, L.TURN_Z))
                f64set(place, f64at(place) + slope)
    for j in range(shared):
        sstore(gradient + E * j, REAL(f64at(sums + 8 * j)))
    return 0


def begin(frame, inputs, values, cotangent, input_gradient, states, stride, state_gradient, batch):
    """What changes from call to call, in one step: filling the frame from Python would cost more than a small run."""
    put(frame, L.FRAME_INPUTS, inputs)
    put(frame, L.FRAME_VALUES, values)
    put(frame, L.FRAME_COTANGENT, cotangent)
    put(frame, L.FRAME_INPUT_GRADIENT, input_gradient)
    put(frame, L.FRAME_STATES, states)
    put(frame, L.FRAME_STATE_STRIDE, stride)
    put(frame, L.FRAME_STATE_GRADIENT, state_gradient)
    put(frame, L.FRAME_BATCH, batch)
    put(frame, L.FRAME_TICKET, 0)
    return 0
