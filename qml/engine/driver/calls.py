"""One step from arrays to arrays: its parts, and the whole on one thread or on several."""

from numba import njit

from qml.engine import crew_layout as C
from qml.engine import layout as L
from qml.engine.atomics import atomic_load, atomic_swap
from qml.engine.driver.crew import call_helper, dismiss_helpers, wait
from qml.engine.lanes32 import REAL, VB, E, sload, sstore
from qml.engine.lanes64 import vload as vload64
from qml.engine.lanes64 import vstore as vstore64
from qml.engine.vector import at, call, f64at, f64set, odd


def begin(frame):
    """Prepare what does not depend on the row, unless an earlier call with the same shared values has.

    1 instead of 0 where a shared value is not finite: nothing is to be run.
    """
    plan = at(frame, L.FRAME_PLAN)
    if at(frame, L.FRAME_SHARED) != 0:
        if not finite(at(frame, L.FRAME_SHARED), at(plan, L.PLAN_SHARED)):
            return 1
        call(at(at(plan, L.PLAN_ENTRIES), L.ENTRY_PREPARE), plan, frame)
    return 0


@njit(error_model="numpy")
def finite(values, count):
    """Whether no value is NaN or infinite."""
    for place in range(values, values + E * count, E):
        value = sload(place)
        if value - value != REAL(0):
            return False
    return True


@njit(error_model="numpy")
def run_step(frame, crew, works, helpers):
    """Begin, take chunks beside the helpers, finish. Helpers wake up while this thread begins."""
    plan, taken = at(frame, L.FRAME_PLAN), 0
    entries = at(plan, L.PLAN_ENTRIES)
    for number in range(helpers):
        taken = call_helper(crew, taken, at(entries, L.ENTRY_HELP_STEP), crew, frame, at(works, number))
    refused = call(at(entries, L.ENTRY_BEGIN), frame)
    atomic_swap(frame + 8 * L.FRAME_GO, 2 if refused != 0 else 1)
    if refused == 0:
        call(at(entries, L.ENTRY_RUN_CHUNKS), plan, frame, at(frame, L.FRAME_WORK))
    dismiss_helpers(crew, taken)
    if refused == 0 and at(frame, L.FRAME_SHARED_GRADIENT) != 0:
        call(at(entries, L.ENTRY_FINISH), frame)
    return refused


def step(frame):
    """A whole call on one thread; 1 instead of 0 where a shared value is not finite and nothing was run."""
    return run_step(frame, 0, 0, 0)


def step_shared(frame, crew, works, helpers):
    """`step`, with as many helpers as are free, each with one of the `works`."""
    return run_step(frame, crew, works, helpers)


def help_step(crew, frame, work):
    """What a helper runs: chunks, as soon as the call has begun."""
    plan, go = at(frame, L.FRAME_PLAN), frame + 8 * L.FRAME_GO
    wait(at(crew, C.CREW_REST), go, 0)
    if atomic_load(go) == 1:
        call(at(at(plan, L.PLAN_ENTRIES), L.ENTRY_RUN_CHUNKS), plan, frame, work)
    return 0


@njit(error_model="numpy")
def add_slope(sums, turn, slope):
    """Add `slope` to the gradient of the shared value that a turn reads."""
    if at(turn, L.TURN_KIND) == L.KIND_SHARED:
        place = sums + 8 * at(turn, L.TURN_COLUMN)
        f64set(place, f64at(place) + f64at(turn + 8 * L.TURN_COEFFICIENT) * slope)


def finish(frame):
    """Shared gradients: chunks added in order, then the steps of the prefix, then one transform a table."""
    plan, gradient = at(frame, L.FRAME_PLAN), at(frame, L.FRAME_SHARED_GRADIENT)
    shared, amplitudes, sums = at(plan, L.PLAN_SHARED), at(plan, L.PLAN_AMPLITUDES), at(frame, L.FRAME_SUMS)
    steps, tables, size = sums + 8 * shared, sums + 8 * at(plan, L.PLAN_SUMS_HEAD), 8 * at(plan, L.PLAN_SUMS)
    for chunk in range(1, at(frame, L.FRAME_CHUNKS)):
        for o in range(0, size, VB):
            vstore64(sums + o, vload64(sums + o) + vload64(sums + size * chunk + o))
    for k in range(at(plan, L.PLAN_N_STEPS)):
        step_record = at(plan, L.PLAN_STEPS) + 8 * L.STEP_SIZE * k
        if at(step_record, L.STEP_SHARED) >= 0:
            slopes = steps + 24 * at(step_record, L.STEP_SHARED)
            for number in range(at(step_record, L.STEP_TURN), at(step_record, L.STEP_END)):
                axis, slope = at(frame, L.FRAME_AXES) + 24 * number, 0.0
                for i in range(0, 24, 8):
                    slope += f64at(axis + i) * f64at(slopes + i)
                add_slope(sums, at(plan, L.PLAN_PREFIX) + 8 * L.TURN_SIZE * number, slope)
    if at(frame, L.FRAME_LEAN) == 0:
        for segment in range(at(plan, L.PLAN_N_SEGMENTS)):
            table = at(at(plan, L.PLAN_SEGMENTS) + 8 * L.SEGMENT_SIZE * segment, L.SEGMENT_TABLE)
            if table >= 0:
                finish_table(plan, table, sums, tables + 8 * amplitudes * table, at(at(frame, L.FRAME_FLIPS), segment))
    for j in range(shared):
        sstore(gradient + E * j, REAL(f64at(sums + 8 * j)))
    return 0


@njit(error_model="numpy")
def finish_table(plan, table, sums, slopes, flip):
    """Gradients of the turns of one table from the slopes of its phases."""
    call(at(at(plan, L.PLAN_ENTRIES), L.ENTRY_TRANSFORM_SCALARS), slopes, at(plan, L.PLAN_AMPLITUDES))
    first = at(plan, L.PLAN_TABLE_FIRST)
    for k in range(at(first, table), at(first, table + 1)):
        turn = at(plan, L.PLAN_TABLE_TURNS) + 8 * L.TURN_SIZE * k
        z = at(turn, L.TURN_Z)
        add_slope(sums, turn, (1 - 2 * odd(flip & z)) * f64at(slopes + 8 * z))
