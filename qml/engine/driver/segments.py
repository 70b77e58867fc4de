"""The blocks of a plan on one tile: forward, backward, and the ket un-computed where it was not kept."""

from numba import njit

from qml.engine import layout as L
from qml.engine.driver.kets import ket_at
from qml.engine.lanes32 import REAL, VB, E, splat, vload, vstore
from qml.engine.vector import at, call, f64at, fetch

FORWARD, UNDO = 0, 1


@njit(error_model="numpy")
def table_of(plan, frame, segment):
    """Address of a segment's phase table, 0 if it has none."""
    table = at(segment, L.SEGMENT_TABLE)
    return at(frame, L.FRAME_TABLES) + 2 * E * at(plan, L.PLAN_AMPLITUDES) * table if table >= 0 else 0


@njit(error_model="numpy")
def phases_of(plan, frame, work, segment):
    """Address of a segment's row phases, 0 if it has none."""
    if at(segment, L.SEGMENT_LANE_END) == at(segment, L.SEGMENT_LANE):
        return 0
    number = 0 if at(frame, L.FRAME_ROLLING) != 0 else at(segment, L.SEGMENT_PHASES)
    return at(work, L.WORK_PHASES) + 2 * VB * at(plan, L.PLAN_AMPLITUDES) * number


@njit(error_model="numpy")
def move_group(plan, work, kind, group, first, second, table, slopes):
    """Run the forward or the undo kernel of a group; the table is carried along if its address is not 0."""
    record = at(plan, L.PLAN_GROUPS) + 8 * L.GROUP_SIZE * group
    number = at(record, L.GROUP_FORWARD if kind == FORWARD else L.GROUP_UNDO) + (1 if table != 0 else 0)
    kernel = at(at(plan, L.PLAN_ENTRIES), number)
    bases, cosets = at(record, L.GROUP_BASES), at(record, L.GROUP_COSETS)
    offsets = at(record, L.GROUP_OFFSETS)
    coefficients = at(work, L.WORK_COEFFICIENTS) + 2 * VB * at(record, L.GROUP_GATE)
    if kind == FORWARD:
        call(kernel, first, second, bases, cosets, offsets, coefficients, table)
    else:
        call(kernel, first, second, bases, cosets, offsets, coefficients, table, slopes)


@njit(error_model="numpy")
def leads(plan, segment, group):
    """Whether a group belongs to the first split of a segment into cosets, whose sweep may carry the table."""
    first = at(segment, L.SEGMENT_GROUP)
    twin = at(at(plan, L.PLAN_GROUPS) + 8 * L.GROUP_SIZE * group, L.GROUP_TWIN)
    return group == first or twin == first


def run_forward(plan, frame, work, tile):
    """All segments of one tile. A segment's first sweep is out of place, so keeping its ket costs nothing."""
    entries = at(plan, L.PLAN_ENTRIES)
    for k in range(at(plan, L.PLAN_N_SEGMENTS)):
        segment = at(plan, L.PLAN_SEGMENTS) + 8 * L.SEGMENT_SIZE * k
        source, target = ket_at(plan, frame, work, tile, k), ket_at(plan, frame, work, tile, k + 1)
        table, phases = table_of(plan, frame, segment), phases_of(plan, frame, work, segment)
        first, end = at(segment, L.SEGMENT_GROUP), at(segment, L.SEGMENT_GROUP_END)
        flip = at(at(frame, L.FRAME_FLIPS), k)
        if phases != 0:
            call(at(entries, L.ENTRY_ROW_PHASES), plan, work, segment, flip, phases)
        if phases != 0 or first == end:
            call(at(entries, L.ENTRY_DIAGONAL_FORWARD), plan, source, target, table, phases)
            source, table = target, 0
        for group in range(first, end):
            if leads(plan, segment, group):
                move_group(plan, work, FORWARD, group, source, target, table, 0)
            else:
                move_group(plan, work, FORWARD, group, target, target, 0, 0)
    return 0


@njit(error_model="numpy")
def group_slopes(plan, frame, work, group, ket):
    """Add the gradients of a group's turns: `coefficient * Im <bra| P |ket>`."""
    record = at(plan, L.PLAN_GROUPS) + 8 * L.GROUP_SIZE * group
    width, scratch = at(record, L.GROUP_WIDTH), at(work, L.WORK_SCRATCH)
    bases, cosets = at(record, L.GROUP_BASES), at(record, L.GROUP_COSETS)
    kernel = at(at(plan, L.PLAN_ENTRIES), at(record, L.GROUP_SLOPES))
    call(kernel, ket, at(work, L.WORK_BRA), bases, cosets, at(record, L.GROUP_OFFSETS), scratch)
    for j in range(width):
        gate = at(plan, L.PLAN_GATES) + 8 * L.GATE_SIZE * (at(record, L.GROUP_GATE) + j)
        turn = at(plan, L.PLAN_TURNS) + 8 * L.TURN_SIZE * at(gate, L.GATE_TURN)
        kind = at(turn, L.TURN_KIND)
        if kind != L.KIND_CONSTANT:
            sums = at(work, L.WORK_SHARED_SUM if kind == L.KIND_SHARED else L.WORK_INPUT_GRADIENT)
            place = sums + VB * at(turn, L.TURN_COLUMN)
            sign = f64at(at(frame, L.FRAME_SIGNS) + 8 * at(gate, L.GATE_TURN)) * at(gate, L.GATE_SIGN)
            factor = f64at(turn + 8 * L.TURN_COEFFICIENT) * sign
            vstore(place, vload(place) + vload(scratch + VB * j) * REAL(factor))


def undo_segment(plan, frame, work, segment, ket):
    """The ket before a segment from the ket after it, in place: for runs that keep no kets."""
    for group in range(at(segment, L.SEGMENT_GROUP_END) - 1, at(segment, L.SEGMENT_GROUP) - 1, -1):
        move_group(plan, work, UNDO, group, ket, 0, 0, 0)
    table, phases = table_of(plan, frame, segment), phases_of(plan, frame, work, segment)
    if table != 0 or phases != 0:
        call(at(at(plan, L.PLAN_ENTRIES), L.ENTRY_DIAGONAL_UNDO), plan, ket, table, phases)
    return 0


def run_backward(plan, frame, work, tile):
    """Slopes of all turns, last segment first, while the segments are undone on the bra."""
    entries, bra, lean = at(plan, L.PLAN_ENTRIES), at(work, L.WORK_BRA), at(frame, L.FRAME_LEAN)
    amplitudes = at(plan, L.PLAN_AMPLITUDES)
    for k in range(at(plan, L.PLAN_N_SEGMENTS) - 1, -1, -1):
        segment = at(plan, L.PLAN_SEGMENTS) + 8 * L.SEGMENT_SIZE * k
        table, phases = table_of(plan, frame, segment), phases_of(plan, frame, work, segment)
        first, end = at(segment, L.SEGMENT_GROUP), at(segment, L.SEGMENT_GROUP_END)
        flip = at(at(frame, L.FRAME_FLIPS), k)
        after, before = ket_at(plan, frame, work, tile, k + 1), ket_at(plan, frame, work, tile, k)
        if lean != 0:  # un-computed in place: the only ket stays where the forward run left it
            after = before = ket_at(plan, frame, work, tile, at(plan, L.PLAN_N_SEGMENTS))
        for group in range(first, end):
            group_slopes(plan, frame, work, group, after)
        if at(frame, L.FRAME_RESUME) != 0:  # the ket that is read next
            ahead = before if k > 0 else ket_at(plan, frame, work, tile + 1, at(plan, L.PLAN_N_SEGMENTS))
            for o in range(ahead, ahead + 2 * VB * amplitudes, 64):
                fetch(o)
        if phases != 0 and (lean != 0 or at(frame, L.FRAME_RESUME) != 0):
            call(at(entries, L.ENTRY_ROW_PHASES), plan, work, segment, flip, phases)
        slopes = at(work, L.WORK_TABLE_SUM)
        if lean != 0:
            call(at(entries, L.ENTRY_UNDO_SEGMENT), plan, frame, work, segment, before)
            if table != 0:
                for o in range(slopes, slopes + VB * amplitudes, VB):
                    vstore(o, splat(REAL(0)))
        else:
            slopes += VB * amplitudes * max(at(segment, L.SEGMENT_TABLE), 0)
        diagonal = phases != 0 or first == end
        for group in range(end - 1, first - 1, -1):
            carried = table if leads(plan, segment, group) and not diagonal else 0
            move_group(plan, work, UNDO, group, bra, before, carried, slopes)
        if diagonal:
            call(at(entries, L.ENTRY_DIAGONAL_BACKWARD), plan, work, segment, flip, before, table, slopes, phases)
        if lean != 0 and table != 0:
            call(at(entries, L.ENTRY_TABLE_SLOPES), plan, work, at(segment, L.SEGMENT_TABLE), flip, slopes)
    return 0
