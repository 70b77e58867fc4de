"""The handler that XLA calls: from its buffers to the kernels and back, with no Python in between.

All memory of a call lies in a buffer that XLA hands in, so that any number of calls may run at once. A thread of XLA's
pool that helps comes in through a gate: it may come after the call has ended, and then finds the gate closed.
"""

from numba import njit

from qml.engine import layout as L
from qml.engine import xla_layout as X
from qml.engine.atomics import atomic_add, atomic_and, atomic_or, atomic_swap
from qml.engine.lanes32 import VB, sload
from qml.engine.vector import at, call, put, u32at

HEAD = -(-8 * L.FRAME_SIZE // 64) * 64  # bytes of the frame's table, at the start of the scratch memory
WORK_HEAD = -(-8 * L.WORK_SIZE // 64) * 64


def xla_call(frame, station):
    """One call of XLA: metadata, values, or gradients."""
    extension = at(frame, X.XLA_EXTENSION)
    if extension != 0 and u32at(extension + 8) == X.EXTENSION_METADATA:
        put(at(extension, X.XLA_METADATA), X.XLA_VERSION, at(station, X.STATION_VERSION))
        return 0
    if u32at(frame + 8 * X.XLA_STAGE) != X.STAGE_EXECUTE:
        return 0
    told = at(at(at(frame, X.XLA_ATTRIBUTES), 0), X.XLA_ARRAY_DATA)
    if at(told, X.CALL_GRADIENT) != 0:
        return gradients(frame, station, told)
    return values(frame, station, told)


@njit(error_model="numpy")
def data(table, number):
    """Where the numbers of an argument or result lie."""
    return at(at(table, number), X.XLA_BUFFER_DATA)


@njit(error_model="numpy")
def aligned(address):
    """The first address from here on that vectors may be stored at."""
    return (address + VB - 1) // VB * VB


@njit(error_model="numpy")
def values(frame, station, told):
    """`rows, shared, [initial] -> words, scratch, [residual]`."""
    arguments, results = at(frame, X.XLA_ARGUMENTS), at(frame, X.XLA_RESULTS)
    plan, scratch = at(station, X.STATION_PLAN), aligned(data(results, 1))
    initial, residual = 0, 0
    if at(told, X.CALL_INITIAL) != 0:
        initial = data(arguments, 2)
        if at(told, X.CALL_CHECKED) != 0 and not all_finite(initial, told):
            return failure(frame, scratch, X.ERROR_INVALID, at(station, X.STATION_NO_NORM))
    if at(told, X.CALL_KETS) != 0:
        residual = data(results, 2)
        if residual % VB != 0:
            return failure(frame, scratch, X.ERROR_INTERNAL, at(station, X.STATION_UNALIGNED))
    lay_out(station, told, scratch, residual)
    entries, rows = at(plan, L.PLAN_ENTRIES), data(arguments, 0)
    call(at(entries, L.ENTRY_PREPARE), plan, scratch, data(arguments, 1))
    stride, batch = at(told, X.CALL_STRIDE), at(told, X.CALL_BATCH)
    call(at(entries, L.ENTRY_BEGIN), scratch, rows, data(results, 0), 0, rows, initial, stride, 0, batch)
    share(frame, station, told, scratch)
    if residual != 0:
        put(residual, 0, X.RESIDUAL_MARK + batch)
    return 0


@njit(error_model="numpy")
def gradients(frame, station, told):
    """`rows, shared, [initial], cotangent, [residual] -> by rows, by shared, [by initial], scratch`."""
    arguments, results = at(frame, X.XLA_ARGUMENTS), at(frame, X.XLA_RESULTS)
    plan, more = at(station, X.STATION_PLAN), at(told, X.CALL_INITIAL)
    scratch = aligned(data(results, 2 + more))
    initial, by_initial, residual = 0, 0, 0
    if more != 0:
        initial, by_initial = data(arguments, 2), data(results, 2)
    if at(told, X.CALL_KETS) != 0:
        residual = data(arguments, 3 + more)
        if residual % VB != 0:
            return failure(frame, scratch, X.ERROR_INTERNAL, at(station, X.STATION_UNALIGNED))
        if at(residual, 0) != X.RESIDUAL_MARK + at(told, X.CALL_BATCH):
            residual = 0  # a forward run over several devices has left none
    lay_out(station, told, scratch, residual)
    entries, stride, batch = at(plan, L.PLAN_ENTRIES), at(told, X.CALL_STRIDE), at(told, X.CALL_BATCH)
    if residual == 0:
        call(at(entries, L.ENTRY_PREPARE), plan, scratch, data(arguments, 1))
    rows, cotangent, by_rows = data(arguments, 0), data(arguments, 2 + more), data(results, 0)
    call(at(entries, L.ENTRY_BEGIN), scratch, rows, 0, cotangent, by_rows, initial, stride, by_initial, batch)
    share(frame, station, told, scratch)
    call(at(entries, L.ENTRY_FINISH), plan, scratch, data(results, 1))
    return 0


@njit(error_model="numpy")
def lay_out(station, told, scratch, residual):
    """The frame's table: its buffers lie in the residual where there is one, else in the scratch memory."""
    for place in range(L.FRAME_SIZE):
        put(scratch, place, 0)
    offsets, buffers = at(station, X.STATION_FRAME_OFFSETS), residual + X.RESIDUAL_HEAD
    if residual == 0:
        buffers = scratch + at(told, X.CALL_BUFFERS)
    for place in range(L.FRAME_INPUTS):
        put(scratch, place, buffers + at(offsets, place))
    put(scratch, L.FRAME_SUMS, scratch + at(told, X.CALL_SUMS))
    put(scratch, L.FRAME_CHUNK_TILES, at(told, X.CALL_TILES))
    put(scratch, L.FRAME_CHUNKS, at(told, X.CALL_CHUNKS))
    put(scratch, L.FRAME_LEAN, at(told, X.CALL_LEAN))
    put(scratch, L.FRAME_ROLLING, at(told, X.CALL_ROLLING))
    if residual != 0:
        put(scratch, L.FRAME_RESIDUAL, residual + at(told, X.CALL_KETS))
        put(scratch, L.FRAME_RESUME, at(told, X.CALL_GRADIENT))
    offsets, work = at(station, X.STATION_WORK_OFFSETS), scratch + at(told, X.CALL_WORK)
    if at(told, X.CALL_GRADIENT) != 0 or residual != 0:
        offsets = at(station, X.STATION_GRADIENT_OFFSETS)
    for _ in range(at(told, X.CALL_THREADS)):
        for place in range(L.WORK_SIZE):
            put(work, place, work + WORK_HEAD + at(offsets, place))
        work += at(told, X.CALL_WORK_STRIDE)


@njit(error_model="numpy")
def all_finite(initial, told):
    """Whether no row of the initial amplitudes was divided by a norm of zero; its first amplitude would be NaN."""
    stride, rows = at(told, X.CALL_STRIDE), at(told, X.CALL_BATCH)
    if stride == 0:
        rows = 1
    for row in range(rows):
        first = sload(initial + stride * row)
        if first != first:
            return False
    return True


@njit(error_model="numpy")
def failure(frame, scratch, code, text):
    """An error of XLA instead of a result."""
    put(scratch, 0, X.ERROR_SIZE)
    put(scratch, 1, 0)
    put(scratch, 2, text)
    put(scratch, 3, code)
    return call(at(at(frame, X.XLA_API), X.XLA_ERROR_CREATE), scratch)


@njit(error_model="numpy")
def share(frame, station, told, scratch):
    """All chunks of a call, on this thread and on those of XLA's pool that come in time."""
    plan, threads, work = at(station, X.STATION_PLAN), at(told, X.CALL_THREADS), scratch + at(told, X.CALL_WORK)
    run_chunks = at(at(plan, L.PLAN_ENTRIES), L.ENTRY_RUN_CHUNKS)
    gate = 0
    if threads > 1:
        gate = free_gate(at(station, X.STATION_GATES))
    if gate == 0:
        call(run_chunks, plan, scratch, work)
        return
    put(gate, X.GATE_NEXT, 0)
    put(gate, X.GATE_LIMIT, threads - 1)
    put(gate, X.GATE_PLAN, plan)
    put(gate, X.GATE_FRAME, scratch)
    put(gate, X.GATE_WORK, work + at(told, X.CALL_WORK_STRIDE))
    put(gate, X.GATE_WORK_STRIDE, at(told, X.CALL_WORK_STRIDE))
    atomic_and(gate + 8 * X.GATE_STATE, ~X.GATE_CLOSED)
    schedule(frame, station, gate, threads - 1)
    call(run_chunks, plan, scratch, work)
    atomic_or(gate + 8 * X.GATE_STATE, X.GATE_CLOSED)
    spins = 0
    while atomic_add(gate + 8 * X.GATE_STATE, 0) != X.GATE_CLOSED:
        spins += 1
        if spins > 100 and at(station, X.STATION_YIELD) != 0:
            call(at(station, X.STATION_YIELD))
    atomic_swap(gate + 8 * X.GATE_TAKEN, 0)


@njit(error_model="numpy")
def free_gate(gates):
    """A gate for this call alone; 0 if all are in use."""
    for number in range(X.GATES):
        gate = gates + 8 * X.GATE_SIZE * number
        if at(gate, X.GATE_TAKEN) == 0 and atomic_swap(gate + 8 * X.GATE_TAKEN, 1) == 0:
            return gate
    return 0


@njit(error_model="numpy")
def schedule(frame, station, gate, count):
    """Ask XLA's pool for `count` threads; without a pool this thread does all the work."""
    api, record = at(frame, X.XLA_API), gate + 8 * X.GATE_SCHEDULE
    put(record, 0, X.SCHEDULE_SIZE)
    put(record, 1, 0)
    put(record, 2, at(frame, X.XLA_CONTEXT))
    put(record, 3, at(station, X.STATION_HELP))
    put(record, 4, gate)
    for _ in range(count):
        error = call(at(api, X.XLA_SCHEDULE), record)
        if error != 0:
            put(record, 0, X.DESTROY_SIZE)
            put(record, 2, error)
            call(at(api, X.XLA_ERROR_DESTROY), record)
            return


def xla_help(gate):
    """What a thread of the pool runs: chunks of the call behind the gate, if it is still open."""
    state = gate + 8 * X.GATE_STATE
    if atomic_add(state, 1) & X.GATE_CLOSED == 0:
        number = atomic_add(gate + 8 * X.GATE_NEXT, 1)
        if number < at(gate, X.GATE_LIMIT):
            plan, work = at(gate, X.GATE_PLAN), at(gate, X.GATE_WORK) + number * at(gate, X.GATE_WORK_STRIDE)
            call(at(at(plan, L.PLAN_ENTRIES), L.ENTRY_RUN_CHUNKS), plan, at(gate, X.GATE_FRAME), work)
    atomic_add(state, -1)
    return 0
