"""One sweep: tiles are brought near, turned, read, undone, and put back."""

from numba import njit

from qml.engine.lanes32 import REAL, VB, E, hsum, sload, splat, vload, vstore
from qml.engine.vector import at, call, f64at, f64set, odd, take_ticket
from qml.engine.wide import layout as L
from qml.engine.wide.lanes32 import swapped


def load_tile(sweep, state, base, tile):
    """Copy one tile of a state to `tile`, lanes permuted where the sweep wants it."""
    offsets, shears = at(sweep, L.SWEEP_OFFSETS), at(sweep, L.SWEEP_SHEARS)
    for u in range(at(sweep, L.SWEEP_VECTORS)):
        source, target = state + (base ^ at(offsets, u)), tile + 2 * VB * u
        if shears == 0:
            vstore(target, vload(source))
            vstore(target + VB, vload(source + VB))
        else:
            shear = at(shears, u)
            vstore(target, swapped(vload(source), shear))
            vstore(target + VB, swapped(vload(source + VB), shear))
    return 0


def store_tile(sweep, state, base, tile):
    """The inverse of `load_tile`."""
    offsets, shears = at(sweep, L.SWEEP_OFFSETS), at(sweep, L.SWEEP_SHEARS)
    for u in range(at(sweep, L.SWEEP_VECTORS)):
        source, target = tile + 2 * VB * u, state + (base ^ at(offsets, u))
        if shears == 0:
            vstore(target, vload(source))
            vstore(target + VB, vload(source + VB))
        else:
            shear = at(shears, u)
            vstore(target, swapped(vload(source), shear))
            vstore(target + VB, swapped(vload(source + VB), shear))
    return 0


def make_product(plan, frame, sweep, base, tile):
    """One tile of the product state, from its lower and its upper half."""
    offsets, shears = at(sweep, L.SWEEP_OFFSETS), at(sweep, L.SWEEP_SHEARS)
    low, high, lows = at(frame, L.FRAME_LOW), at(frame, L.FRAME_HIGH), at(plan, L.PLAN_LOW_VECTORS)
    for u in range(at(sweep, L.SWEEP_VECTORS)):
        place = base ^ at(offsets, u)
        source, upper = low + (place & (2 * VB * lows - 1)), high + 2 * E * (place // (2 * VB * lows))
        hr, hi, lr, li = sload(upper), sload(upper + E), vload(source), vload(source + VB)
        x, y = lr * hr - li * hi, lr * hi + li * hr
        if shears != 0:
            x, y = swapped(x, at(shears, u)), swapped(y, at(shears, u))
        vstore(tile + 2 * VB * u, x)
        vstore(tile + 2 * VB * u + VB, y)
    return 0


@njit(error_model="numpy")
def prepare_step(plan, frame, work, step, base, direction):
    """Coefficients of a group on the tile with this base; `direction` is -1 to undo it."""
    out, signs = at(work, L.WORK_COEFFICIENTS), at(plan, L.PLAN_LANE_SIGNS)
    lanes = VB // E
    for gate in range(at(step, L.STEP_GATE), at(step, L.STEP_GATE_END), 8 * L.GATE_SIZE):
        sign = direction * at(gate, L.GATE_SIGN) * (1 - 2 * odd(base & at(gate, L.GATE_BASE)))
        tangent = sign * f64at(at(frame, L.FRAME_TANGENTS) + 8 * at(gate, L.GATE_TURN))
        value = vload(signs + E * lanes * at(gate, L.GATE_LANES)) * REAL(tangent)
        vstore(out, value)
        out += VB
        if at(step, L.STEP_CROSS) != 0:
            vstore(out, value * REAL(at(gate, L.GATE_TWIST)))
            out += VB
    vstore(out, splat(REAL(f64at(at(frame, L.FRAME_FACTORS) + 8 * at(step, L.STEP_FACTOR)))))


def move_forward(plan, frame, work, step, base):
    """Apply a group of turns to the ket of a tile."""
    prepare_step(plan, frame, work, step, base, 1)
    kernel = at(at(plan, L.PLAN_ENTRIES), at(step, L.STEP_KERNEL))
    bases, cosets, offsets = at(step, L.STEP_BASES), at(step, L.STEP_COSETS), at(step, L.STEP_OFFSETS)
    call(kernel, at(work, L.WORK_KET), bases, cosets, offsets, at(work, L.WORK_COEFFICIENTS))
    return 0


def move_backward(plan, frame, work, step, base, sums):
    """Slopes of a group of turns, which are then undone on ket and bra."""
    prepare_step(plan, frame, work, step, base, -1)
    kernel, out = at(at(plan, L.PLAN_ENTRIES), at(step, L.STEP_KERNEL)), at(work, L.WORK_OUT)
    bases, cosets, offsets = at(step, L.STEP_BASES), at(step, L.STEP_COSETS), at(step, L.STEP_OFFSETS)
    ket, bra, coefficients = at(work, L.WORK_KET), at(work, L.WORK_BRA), at(work, L.WORK_COEFFICIENTS)
    call(kernel, ket, bra, bases, cosets, offsets, coefficients, out)
    signs, lanes = at(plan, L.PLAN_LANE_SIGNS), VB // E
    for gate in range(at(step, L.STEP_GATE), at(step, L.STEP_GATE_END), 8 * L.GATE_SIZE):
        total = vload(out)
        out += VB
        if at(step, L.STEP_CROSS) != 0:
            total = total + vload(out) * REAL(at(gate, L.GATE_TWIST))
            out += VB
        slope = hsum(total * vload(signs + E * lanes * at(gate, L.GATE_LANES)))
        sign = at(gate, L.GATE_SIGN) * (1 - 2 * odd(base & at(gate, L.GATE_BASE)))
        place = sums + 8 * at(gate, L.GATE_SLOT)
        f64set(place, f64at(place) + sign * slope)
    return 0


@njit(error_model="numpy")
def tile_forward(plan, frame, work, sweep, base):
    """All steps of a sweep on one tile."""
    entries, tile = at(plan, L.PLAN_ENTRIES), at(sweep, L.SWEEP_VECTORS)
    for step in range(at(sweep, L.SWEEP_FORWARD), at(sweep, L.SWEEP_FORWARD_END), 8 * L.STEP_SIZE):
        strings = at(step, L.STEP_STRINGS)
        if strings != 0:
            call(at(entries, L.ENTRY_PHASE_FORWARD), plan, frame, work, strings, tile, base)
        else:
            call(at(entries, L.ENTRY_MOVE_FORWARD), plan, frame, work, step, base)


@njit(error_model="numpy")
def tile_backward(plan, frame, work, sweep, base, sums):
    """Slopes of all steps of a sweep on one tile, last step first."""
    entries, tile = at(plan, L.PLAN_ENTRIES), at(sweep, L.SWEEP_VECTORS)
    first, end = at(sweep, L.SWEEP_BACKWARD), at(sweep, L.SWEEP_BACKWARD_END)
    for step in range(end - 8 * L.STEP_SIZE, first - 1, -8 * L.STEP_SIZE):
        strings = at(step, L.STEP_STRINGS)
        if strings != 0:
            call(at(entries, L.ENTRY_PHASE_BACKWARD), plan, frame, work, strings, tile, base, sums)
        else:
            call(at(entries, L.ENTRY_MOVE_BACKWARD), plan, frame, work, step, base, sums)


@njit(error_model="numpy")
def run_tile(plan, frame, work, sweep, tile, what, sums):
    """What a sweep does to one tile."""
    entries, base = at(plan, L.PLAN_ENTRIES), at(at(sweep, L.SWEEP_BASES), tile)
    ket, bra = at(work, L.WORK_KET), at(work, L.WORK_BRA)
    index = base // (2 * VB) << at(plan, L.PLAN_LANE_BITS)  # of the first amplitude: what masks are about
    if what & L.MAKE_PRODUCT:
        call(at(entries, L.ENTRY_MAKE_PRODUCT), plan, frame, sweep, base, ket)
    if what & L.LOAD_KET:
        call(at(entries, L.ENTRY_LOAD_TILE), sweep, at(frame, L.FRAME_SOURCE), base, ket)
    if what & L.LOAD_BRA:
        call(at(entries, L.ENTRY_LOAD_TILE), sweep, at(frame, L.FRAME_BRA), base, bra)
    if what & L.FORWARD:
        tile_forward(plan, frame, work, sweep, index)
    words, vectors = at(sweep, L.SWEEP_WORDS), at(sweep, L.SWEEP_VECTORS)
    if what & L.READ:
        call(at(entries, L.ENTRY_READ_WORDS), plan, work, words, vectors, index, sums)
    if what & L.START_BRA:
        call(at(entries, L.ENTRY_START_BRA), plan, frame, work, words, vectors, index)
    if what & L.BACKWARD:
        tile_backward(plan, frame, work, sweep, index, sums)
    if what & L.STORE_KET:
        call(at(entries, L.ENTRY_STORE_TILE), sweep, at(frame, L.FRAME_KET), base, ket)
    if what & L.STORE_BRA:
        call(at(entries, L.ENTRY_STORE_TILE), sweep, at(frame, L.FRAME_BRA), base, bra)


def run_sweep(plan, frame, work, sweep, what):
    """Take chunks of tiles until none is left; every thread of a sweep runs this with buffers of its own."""
    chunks, tiles, slots = at(sweep, L.SWEEP_CHUNKS), at(sweep, L.SWEEP_TILES), at(sweep, L.SWEEP_SLOTS)
    tickets, length = frame + 8 * L.FRAME_TICKET, tiles // chunks
    while True:
        chunk = take_ticket(tickets)
        if chunk >= chunks:
            return 0
        sums = at(frame, L.FRAME_SUMS) + 8 * slots * chunk
        for slot in range(slots):
            f64set(sums + 8 * slot, 0.0)
        for tile in range(chunk * length, (chunk + 1) * length):
            run_tile(plan, frame, work, sweep, tile, what, sums)
