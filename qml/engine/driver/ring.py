"""The ring of residuals: memory in which forward runs leave what their gradients start from, and how tokens find it.

Records lie behind one another in one piece of memory that is used in a circle. A new one goes on top and overtakes the
oldest where there is no room; those on top whose gradient was taken are given up, so that a forward run and its
gradient use the same warm memory again and again. Every change is made under a lock that is held for some ten
instructions; kets are written and read outside it, in records that are held.
"""

from numba import njit

from qml.engine import xla_layout as X
from qml.engine.atomics import atomic_swap
from qml.engine.driver.crew import wait
from qml.engine.vector import at, put


@njit(error_model="numpy")
def lock(ring):
    """Wait for the right to change the ring."""
    while atomic_swap(ring + 8 * X.RING_LOCK, 1) != 0:
        wait(at(ring, X.RING_REST), ring + 8 * X.RING_LOCK, 1)


@njit(error_model="numpy")
def unlock(ring):
    """Let others change the ring."""
    atomic_swap(ring + 8 * X.RING_LOCK, 0)


@njit(error_model="numpy")
def count(ring, place):
    """One more of something that the ring tells of itself."""
    put(ring, place, at(ring, place) + 1)


@njit(error_model="numpy")
def record_of(ring, number):
    """The record of a number; numbers go round."""
    return at(ring, X.RING_RECORDS) + 8 * X.RECORD_SIZE * (number % X.RECORDS)


@njit(error_model="numpy")
def claim(ring, nbytes, station, batch):
    """A held record of `nbytes` for the residual of a forward run; 0 where everything is held by others."""
    lock(ring)
    record = on_top(ring, nbytes)
    if record == 0:
        count(ring, X.RING_REFUSED)
    else:
        put(record, X.RECORD_STATION, station)
        put(record, X.RECORD_BATCH, batch)
    unlock(ring)
    return record


@njit(error_model="numpy")
def on_top(ring, nbytes):
    """A new record behind the last one, after as many of the oldest are given up as it takes."""
    bottom, top = at(ring, X.RING_BOTTOM), at(ring, X.RING_TOP)
    put(ring, X.RING_HIGH, top)  # what was given up was intact until now
    if nbytes > at(ring, X.RING_CAPACITY):
        return 0
    start = gap(ring, bottom, top, nbytes)
    while start < 0:
        oldest = record_of(ring, bottom)
        if at(oldest, X.RECORD_HOLDERS) != 0:
            return 0
        if at(oldest, X.RECORD_READ) == 0:
            count(ring, X.RING_OVERTAKEN)
        bottom += 1
        put(ring, X.RING_BOTTOM, bottom)
        start = gap(ring, bottom, top, nbytes)
    record = record_of(ring, top)
    put(ring, X.RING_TOP, top + 1)
    put(ring, X.RING_HIGH, top + 1)
    put(record, X.RECORD_GENERATION, 0)
    put(record, X.RECORD_NUMBER, top)
    put(record, X.RECORD_START, start)
    put(record, X.RECORD_END, start + nbytes)
    put(record, X.RECORD_HOLDERS, 1)
    put(record, X.RECORD_READ, 0)
    return record


@njit(error_model="numpy")
def gap(ring, bottom, top, nbytes):
    """Where `nbytes` fit behind the last record, without touching the first; -1 for nowhere."""
    if bottom == top:
        return 0
    if top - bottom == X.RECORDS:
        return -1
    first = at(record_of(ring, bottom), X.RECORD_START)
    last, end = at(record_of(ring, top - 1), X.RECORD_START), at(record_of(ring, top - 1), X.RECORD_END)
    if last < first:  # the circle is closed: what is free lies between the last and the first
        return end if end + nbytes <= first else -1
    if end + nbytes <= at(ring, X.RING_CAPACITY):
        return end
    return 0 if nbytes <= first else -1


@njit(error_model="numpy")
def memory_of(ring, record):
    """Where the bytes of a record lie."""
    return at(ring, X.RING_MEMORY) + at(record, X.RECORD_START)


@njit(error_model="numpy")
def publish(ring, record, token):
    """A claimed record is whole: from now on its token, which is written here, finds it."""
    lock(ring)
    generation = at(ring, X.RING_GENERATION) + 1
    put(ring, X.RING_GENERATION, generation)
    put(record, X.RECORD_GENERATION, generation)
    put(record, X.RECORD_HOLDERS, 0)
    put(token, X.TOKEN_NONCE, at(ring, X.RING_NONCE))
    put(token, X.TOKEN_GENERATION, generation)
    put(token, X.TOKEN_NUMBER, at(record, X.RECORD_NUMBER))
    unlock(ring)


@njit(error_model="numpy")
def hold(ring, token, station, batch):
    """The record of a token, held for reading; 0 where it was overtaken or was never of this ring and this call."""
    found, number = 0, at(token, X.TOKEN_NUMBER)
    lock(ring)
    if at(token, X.TOKEN_NONCE) == at(ring, X.RING_NONCE) and at(ring, X.RING_BOTTOM) <= number < at(ring, X.RING_HIGH):
        record = record_of(ring, number)
        if (
            at(record, X.RECORD_GENERATION) == at(token, X.TOKEN_GENERATION)
            and at(record, X.RECORD_STATION) == station
            and at(record, X.RECORD_BATCH) == batch
        ):
            found = record
            put(record, X.RECORD_HOLDERS, at(record, X.RECORD_HOLDERS) + 1)
            put(ring, X.RING_TOP, max(at(ring, X.RING_TOP), number + 1))
    count(ring, X.RING_FOUND if found != 0 else X.RING_MISSED)
    unlock(ring)
    return found


@njit(error_model="numpy")
def release(ring, record):
    """A gradient has read a held record, or its forward run came to nothing; what is not needed on top is given up.

    It stays intact, and may be read again, until the next forward run takes its place.
    """
    lock(ring)
    put(record, X.RECORD_HOLDERS, at(record, X.RECORD_HOLDERS) - 1)
    put(record, X.RECORD_READ, 1)
    bottom, top = at(ring, X.RING_BOTTOM), at(ring, X.RING_TOP)
    while top > bottom:
        last = record_of(ring, top - 1)
        if at(last, X.RECORD_HOLDERS) != 0 or at(last, X.RECORD_READ) == 0:
            break
        top -= 1
    put(ring, X.RING_TOP, top)
    unlock(ring)
