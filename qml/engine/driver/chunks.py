"""Tiles in fixed chunks: whichever thread takes a chunk, its sums are the same and are added in the same order."""

from numba import njit

from qml.engine import layout as L
from qml.engine.driver.kets import ket_at
from qml.engine.lanes32 import REAL, VB, T, hsum, splat, vload, vstore
from qml.engine.vector import at, call, f64at, f64set, take_ticket


def load_shared(plan, frame, work):
    """Coefficients of all turns that are the same for every row, once a thread and call."""
    for g in range(at(plan, L.PLAN_N_GATES)):
        gate = at(plan, L.PLAN_GATES) + 8 * L.GATE_SIZE * g
        pair = at(frame, L.FRAME_COSSIN) + 16 * at(gate, L.GATE_TURN)
        vstore(at(work, L.WORK_COEFFICIENTS) + 2 * VB * g + VB, splat(REAL(f64at(pair + 8) * at(gate, L.GATE_SIGN))))
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
    start = L.ENTRY_START_BRA if at(plan, L.PLAN_READING) == 0 else L.ENTRY_START_APART
    call(at(entries, start), plan, frame, work, ket, tile)
    for k in range(at(plan, L.PLAN_N_FLIP_WORDS)):
        word = at(plan, L.PLAN_FLIP_WORDS) + 8 * L.FLIP_WORD_SIZE * k
        call(at(entries, L.ENTRY_ADD_FLIP_WORD), plan, frame, work, ket, tile, word)
    call(at(entries, L.ENTRY_RUN_BACKWARD), plan, frame, work, tile)
    if at(plan, L.PLAN_INITIAL) != 0:
        call(at(entries, L.ENTRY_STORE_STATE_GRADIENT), plan, frame, work, tile)
    else:
        call(at(entries, L.ENTRY_PREFIX_BACKWARD), plan, frame, work, tile)
    call(at(entries, L.ENTRY_STORE_ROW_GRADIENT), plan, frame, work, tile)


@njit(error_model="numpy")
def run_tile(plan, frame, work, tile):
    """One tile from its inputs to its values and gradients, while it stays in the nearest cache."""
    entries = at(plan, L.PLAN_ENTRIES)
    resumed = at(frame, L.FRAME_RESUME) != 0
    if not resumed or at(plan, L.PLAN_LATE) != 0:
        call(at(entries, L.ENTRY_LOAD_ROWS), plan, frame, work, tile)
    if at(plan, L.PLAN_INITIAL) != 0:
        call(at(entries, L.ENTRY_LOAD_STATES), plan, frame, work, tile)
    else:
        call(at(entries, L.ENTRY_PREFIX_FORWARD), plan, frame, work, tile)
    if not resumed:
        call(at(entries, L.ENTRY_RUN_FORWARD), plan, frame, work, tile)
    ket = ket_at(plan, frame, work, tile, at(plan, L.PLAN_N_SEGMENTS))
    if at(frame, L.FRAME_VALUES) != 0:
        if at(plan, L.PLAN_N_Z_WORDS) > 0:
            read = L.ENTRY_READ_Z_WORDS if at(plan, L.PLAN_READING) == 0 else L.ENTRY_READ_APART
            call(at(entries, read), plan, frame, work, ket, tile)
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
            clear(at(work, L.WORK_STEP_SUM), 3 * at(plan, L.PLAN_N_SHARED_STEPS))
            if at(frame, L.FRAME_LEAN) == 0:
                clear(at(work, L.WORK_TABLE_SUM), at(plan, L.PLAN_N_TABLES) * at(plan, L.PLAN_AMPLITUDES))
        for tile in range(chunk * length, min((chunk + 1) * length, tiles)):
            run_tile(plan, frame, work, tile)
        if gradient != 0:
            call(at(entries, L.ENTRY_CLOSE_CHUNK), plan, frame, work, chunk)


@njit(error_model="numpy")
def store_sums(out, vectors, count):
    """The sums over the lanes of `count` vectors, in double."""
    for j in range(count):
        f64set(out + 8 * j, hsum(vload(vectors + VB * j)))


def close_chunk(plan, frame, work, chunk):
    """What a chunk adds to the shared gradients: shared values, steps of the prefix, and slopes of the tables."""
    shared, head = at(plan, L.PLAN_SHARED), at(plan, L.PLAN_SUMS_HEAD)
    out = at(frame, L.FRAME_SUMS) + 8 * at(plan, L.PLAN_SUMS) * chunk
    store_sums(out, at(work, L.WORK_SHARED_SUM), shared)
    store_sums(out + 8 * shared, at(work, L.WORK_STEP_SUM), 3 * at(plan, L.PLAN_N_SHARED_STEPS))
    if at(frame, L.FRAME_LEAN) == 0:
        tables = at(plan, L.PLAN_N_TABLES) * at(plan, L.PLAN_AMPLITUDES)
        store_sums(out + 8 * head, at(work, L.WORK_TABLE_SUM), tables)
    return 0
