"""The handler that XLA calls: from its buffers to the kernels and back, with no Python in between.

All memory of a call lies in a buffer that XLA hands in, so that any number of calls may run at once; what a forward
run leaves for its gradient lies in a ring of ours, and a token for it goes through XLA.
"""

from numba import njit

from qml.engine import layout as L
from qml.engine import xla_layout as X
from qml.engine.driver.ring import claim, hold, memory_of, publish, release
from qml.engine.lanes32 import VB, sload
from qml.engine.vector import at, call, put, u32at

WORK_HEAD = -(-8 * L.WORK_SIZE // 64) * 64  # bytes of the table before the buffers of a thread


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
    """`rows, shared, [initial] -> words, scratch, [token]`."""
    arguments, results = at(frame, X.XLA_ARGUMENTS), at(frame, X.XLA_RESULTS)
    scratch, initial, ring, record, residual = aligned(data(results, 1)), 0, at(station, X.STATION_RING), 0, 0
    if at(told, X.CALL_INITIAL) != 0:
        initial = data(arguments, 2)
        if at(told, X.CALL_CHECKED) != 0 and not all_finite(initial, told):
            return failure(frame, scratch, X.ERROR_INVALID, at(station, X.STATION_NO_NORM))
    if at(told, X.CALL_KETS) != 0:
        for place in range(X.TOKEN_SIZE):
            put(data(results, 2), place, 0)
        record = claim(ring, at(told, X.CALL_RESIDUAL), station, at(told, X.CALL_BATCH))
        if record != 0:
            residual = memory_of(ring, record)
    lay_out(station, told, scratch, residual, at(told, X.CALL_KETS))
    put(scratch, L.FRAME_SHARED, somewhere(data(arguments, 1)))
    put(scratch, L.FRAME_INPUTS, data(arguments, 0))
    put(scratch, L.FRAME_VALUES, data(results, 0))
    put(scratch, L.FRAME_STATES, initial)
    if share(station, told, scratch) != 0:
        if record != 0:
            release(ring, record)
        return failure(frame, scratch, X.ERROR_INVALID, at(station, X.STATION_NOT_FINITE))
    if record != 0:
        for place in range(L.FRAME_CALL, L.FRAME_BUFFERS):
            put(residual, place - L.FRAME_CALL, at(scratch, place))
        publish(ring, record, data(results, 2))
    return 0


@njit(error_model="numpy")
def gradients(frame, station, told):
    """`rows, shared, [initial], cotangent, [token] -> by rows, by shared, [by initial], scratch`."""
    arguments, results, ring = at(frame, X.XLA_ARGUMENTS), at(frame, X.XLA_RESULTS), at(station, X.STATION_RING)
    more = at(told, X.CALL_INITIAL)
    scratch = aligned(data(results, 2 + more))
    initial, by_initial, record, residual = 0, 0, 0, 0
    if more != 0:
        initial, by_initial = data(arguments, 2), data(results, 2)
    if at(told, X.CALL_KETS) != 0:
        record = hold(ring, data(arguments, 3 + more), station, at(told, X.CALL_BATCH))
        if record != 0:
            residual = memory_of(ring, record)
    lay_out(station, told, scratch, residual, at(told, X.CALL_KETS))
    if record == 0:
        put(scratch, L.FRAME_SHARED, somewhere(data(arguments, 1)))
    else:
        put(scratch, L.FRAME_RESUME, 1)
        for place in range(L.FRAME_CALL, L.FRAME_BUFFERS):
            put(scratch, place, at(residual, place - L.FRAME_CALL))
    put(scratch, L.FRAME_SHARED_GRADIENT, somewhere(data(results, 1)))
    put(scratch, L.FRAME_INPUTS, data(arguments, 0))
    put(scratch, L.FRAME_COTANGENT, data(arguments, 2 + more))
    put(scratch, L.FRAME_INPUT_GRADIENT, data(results, 0))
    put(scratch, L.FRAME_STATES, initial)
    put(scratch, L.FRAME_STATE_GRADIENT, by_initial)
    refused = share(station, told, scratch)
    if record != 0:
        release(ring, record)
    if refused != 0:
        return failure(frame, scratch, X.ERROR_INVALID, at(station, X.STATION_NOT_FINITE))
    return 0


@njit(error_model="numpy")
def somewhere(address):
    """An address for numbers that may be none at all: 0 would say that they are not wanted."""
    return address if address != 0 else 8


@njit(error_model="numpy")
def lay_out(station, told, scratch, residual, kets):
    """The frame's table: its buffers lie in the residual where there is one, else in the scratch memory."""
    model, buffers = at(station, X.STATION_FRAME), scratch + at(told, X.CALL_BUFFERS)
    if residual != 0:
        buffers = residual + X.RESIDUAL_HEAD
    for place in range(L.FRAME_SIZE):
        put(scratch, place, at(model, place) + (buffers if place >= L.FRAME_BUFFERS else 0))
    work = scratch + at(told, X.CALL_WORK)
    put(scratch, L.FRAME_PLAN, at(station, X.STATION_PLAN))
    put(scratch, L.FRAME_WORK, work)
    put(scratch, L.FRAME_STATE_STRIDE, at(told, X.CALL_STRIDE))
    put(scratch, L.FRAME_BATCH, at(told, X.CALL_BATCH))
    put(scratch, L.FRAME_CHUNK_TILES, at(told, X.CALL_TILES))
    put(scratch, L.FRAME_CHUNKS, at(told, X.CALL_CHUNKS))
    put(scratch, L.FRAME_SUMS, scratch + at(told, X.CALL_SUMS))
    put(scratch, L.FRAME_ROLLING, at(told, X.CALL_ROLLING))
    if residual != 0:
        put(scratch, L.FRAME_RESIDUAL, residual + kets)
    offsets = at(station, X.STATION_WORK_OFFSETS)
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
def share(station, told, scratch):
    """A call that is laid out, on the threads it is worth; 1 where a shared value is not finite, and nothing ran."""
    entries, helpers = at(at(station, X.STATION_PLAN), L.PLAN_ENTRIES), at(told, X.CALL_THREADS) - 1
    if helpers == 0:
        return call(at(entries, L.ENTRY_STEP), scratch)
    works = scratch + at(told, X.CALL_HELPERS)
    for number in range(helpers):
        put(works, number, scratch + at(told, X.CALL_WORK) + at(told, X.CALL_WORK_STRIDE) * (number + 1))
    return call(at(entries, L.ENTRY_STEP_SHARED), scratch, at(station, X.STATION_CREW), works, helpers)
