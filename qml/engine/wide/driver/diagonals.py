"""Words of Z alone on a tile, sixteen vectors at a time: phases from their angles, and their sums.

The value of every word's sign times its coefficient, summed at each amplitude, is a Walsh-Hadamard transform. Bits of
the vector number above the fourth, the lanes and the base only give each word a sign for a whole row; the transform of
the four lowest bits happens in registers.
"""

from numba import njit

from qml.engine.lanes32 import REAL, VB, E, hsum, sload, splat, vload, vstore
from qml.engine.vector import at, f64at, f64set, odd, u32at
from qml.engine.wide import layout as L
from qml.engine.wide.lanes import ROW
from qml.engine.wide.lanes32 import add_phases, phase_row, signed_phase, transform_row

LANES = VB // E
TERM_BYTES = 8 * L.TERM_SIZE


@njit(error_model="numpy")
def clear(place, count):
    """Zero `count` vectors."""
    for o in range(place, place + VB * count, VB):
        vstore(o, splat(REAL(0)))


@njit(error_model="numpy")
def term_phase(plan, frame, term, base):
    """The phase of a turn in each lane, on the tile with this base."""
    masks = at(plan, L.PLAN_LANE_MASKS) + E * LANES * at(term, L.TERM_LANES)
    phase = at(at(frame, L.FRAME_PHASES), at(term, L.TERM_NUMBER))
    return signed_phase(phase, masks, -odd(base & at(term, L.TERM_BASE)))


@njit(error_model="numpy")
def prepare_phases(plan, frame, work, strings, base):
    """Terms of a tile: those that all rows share summed by place, the others with both signs."""
    low, high = at(work, L.WORK_LOW), at(work, L.WORK_HIGH)
    clear(low, ROW)
    for term in range(at(strings, L.STRINGS_LOW), at(strings, L.STRINGS_LOW_END), TERM_BYTES):
        place = low + VB * at(term, L.TERM_PLACE)
        vstore(place, add_phases(vload(place), term_phase(plan, frame, term, base)))
    first = at(strings, L.STRINGS_HIGH)
    for k in range(at(strings, L.STRINGS_HIGHS)):
        phase = term_phase(plan, frame, first + TERM_BYTES * k, base)
        other = term_phase(plan, frame, first + TERM_BYTES * k, base ^ minus_base(first + TERM_BYTES * k))
        vstore(high + 2 * VB * k, phase)
        vstore(high + 2 * VB * k + VB, other)


@njit(error_model="numpy")
def minus_base(term):
    """A base that turns the sign of a term: the lowest bit of its mask."""
    mask = at(term, L.TERM_BASE)
    return mask & -mask


@njit(error_model="numpy")
def sum_phases(work, strings, row):
    """Cosine and sine of the phase of each amplitude of a row, at WORK_ANGLES."""
    low, high, out = at(work, L.WORK_LOW), at(work, L.WORK_HIGH), at(work, L.WORK_ROW)
    first = at(strings, L.STRINGS_FIRST)
    picks = at(strings, L.STRINGS_PICKS) + 4 * at(strings, L.STRINGS_HIGHS) * row
    for place in range(ROW):
        total = vload(low + VB * place)
        for k in range(at(first, place), at(first, place + 1)):
            total = add_phases(total, vload(high + u32at(picks + 4 * k)))
        vstore(out + VB * place, total)
    phase_row(out, at(work, L.WORK_ANGLES))


def phase_forward(plan, frame, work, strings, vectors, base):
    """Multiply the ket of a tile by the phases of a diagonal step."""
    prepare_phases(plan, frame, work, strings, base)
    angles, ket = at(work, L.WORK_ANGLES), at(work, L.WORK_KET)
    for row in range(vectors // ROW):
        sum_phases(work, strings, row)
        for o in range(0, 2 * VB * ROW, 2 * VB):
            c, s = vload(angles + o), vload(angles + o + VB)
            x, y = vload(ket + o), vload(ket + o + VB)
            vstore(ket + o, x * c - y * s)
            vstore(ket + o + VB, x * s + y * c)
        ket += 2 * VB * ROW
    return 0


@njit(error_model="numpy")
def sum_row(work, strings, row, lows):
    """Add the sixteen vectors at WORK_ROW to the sums of all words."""
    values, sums = at(work, L.WORK_ROW), at(work, L.WORK_HIGH_SUMS)
    transform_row(values)
    if at(strings, L.STRINGS_LOW_END) != at(strings, L.STRINGS_LOW):
        for o in range(0, VB * ROW, VB):
            vstore(lows + o, vload(lows + o) + vload(values + o))
    first = at(strings, L.STRINGS_FIRST)
    signs = at(strings, L.STRINGS_SIGNS) + E * at(strings, L.STRINGS_HIGHS) * row
    for place in range(ROW):
        value = vload(values + VB * place)
        for k in range(at(first, place), at(first, place + 1)):
            vstore(sums + VB * k, vload(sums + VB * k) + value * sload(signs + E * k))


@njit(error_model="numpy")
def close_sums(plan, work, strings, base, out, lows):
    """Add the sums of a tile to those of its chunk, in double."""
    lane_signs = at(plan, L.PLAN_LANE_SIGNS)
    low_end, first = at(strings, L.STRINGS_LOW_END), at(strings, L.STRINGS_HIGH)
    for term in range(at(strings, L.STRINGS_LOW), low_end, TERM_BYTES):
        close_term(term, lows + VB * at(term, L.TERM_PLACE), lane_signs, base, out)
    for k in range(at(strings, L.STRINGS_HIGHS)):
        close_term(first + TERM_BYTES * k, at(work, L.WORK_HIGH_SUMS) + VB * k, lane_signs, base, out)


@njit(error_model="numpy")
def close_term(term, place, lane_signs, base, out):
    """Add the sum of one word."""
    total = hsum(vload(place) * vload(lane_signs + E * LANES * at(term, L.TERM_LANES)))
    slot = out + 8 * at(term, L.TERM_SLOT)
    f64set(slot, f64at(slot) + (1 - 2 * odd(base & at(term, L.TERM_BASE))) * total)


def phase_backward(plan, frame, work, strings, vectors, base, out):
    """Slopes of a diagonal step, Im(conj(bra) ket) with each word's sign; then ket and bra before it."""
    prepare_phases(plan, frame, work, strings, base)
    clear(at(work, L.WORK_HIGH_SUMS), at(strings, L.STRINGS_HIGHS))
    lows = at(work, L.WORK_OUT)
    clear(lows, ROW)
    angles, ket, bra, values = at(work, L.WORK_ANGLES), at(work, L.WORK_KET), at(work, L.WORK_BRA), at(work, L.WORK_ROW)
    for row in range(vectors // ROW):
        sum_phases(work, strings, row)
        for k in range(ROW):
            o = 2 * VB * k
            c, s = vload(angles + o), vload(angles + o + VB)
            x, y, u, v = vload(ket + o), vload(ket + o + VB), vload(bra + o), vload(bra + o + VB)
            vstore(values + VB * k, u * y - v * x)
            vstore(ket + o, x * c + y * s)
            vstore(ket + o + VB, y * c - x * s)
            vstore(bra + o, u * c + v * s)
            vstore(bra + o + VB, v * c - u * s)
        sum_row(work, strings, row, lows)
        ket += 2 * VB * ROW
        bra += 2 * VB * ROW
    close_sums(plan, work, strings, base, out, lows)
    return 0


def read_words(plan, work, strings, vectors, base, out):
    """Values of all words of Z: |ket|^2 with each word's sign."""
    lows, ket, values = at(work, L.WORK_OUT), at(work, L.WORK_KET), at(work, L.WORK_ROW)
    clear(lows, ROW)
    clear(at(work, L.WORK_HIGH_SUMS), at(strings, L.STRINGS_HIGHS))
    for row in range(vectors // ROW):
        for k in range(ROW):
            x, y = vload(ket + 2 * VB * k), vload(ket + 2 * VB * k + VB)
            vstore(values + VB * k, x * x + y * y)
        sum_row(work, strings, row, lows)
        ket += 2 * VB * ROW
    close_sums(plan, work, strings, base, out, lows)
    return 0


@njit(error_model="numpy")
def term_weight(plan, frame, term, base):
    """The cotangent of a word in each lane, on the tile with this base."""
    weight = f64at(at(frame, L.FRAME_COTANGENT) + 8 * at(term, L.TERM_NUMBER))
    signs = vload(at(plan, L.PLAN_LANE_SIGNS) + E * LANES * at(term, L.TERM_LANES))
    return signs * REAL(weight * (1 - 2 * odd(base & at(term, L.TERM_BASE))))


def start_bra(plan, frame, work, strings, vectors, base):
    """The bra of a tile: the ket times the sum of all words of Z, each times its cotangent."""
    low, high, values = at(work, L.WORK_LOW), at(work, L.WORK_HIGH), at(work, L.WORK_ROW)
    clear(low, ROW)
    for term in range(at(strings, L.STRINGS_LOW), at(strings, L.STRINGS_LOW_END), TERM_BYTES):
        place = low + VB * at(term, L.TERM_PLACE)
        vstore(place, vload(place) + term_weight(plan, frame, term, base))
    highs, first = at(strings, L.STRINGS_HIGHS), at(strings, L.STRINGS_FIRST)
    for k in range(highs):
        vstore(high + VB * k, term_weight(plan, frame, at(strings, L.STRINGS_HIGH) + TERM_BYTES * k, base))
    ket, bra, signs = at(work, L.WORK_KET), at(work, L.WORK_BRA), at(strings, L.STRINGS_SIGNS)
    for _ in range(vectors // ROW):
        for place in range(ROW):
            total = vload(low + VB * place)
            for k in range(at(first, place), at(first, place + 1)):
                total = total + vload(high + VB * k) * sload(signs + E * k)
            vstore(values + VB * place, total)
        transform_row(values)
        for k in range(ROW):
            vstore(bra + 2 * VB * k, vload(ket + 2 * VB * k) * vload(values + VB * k))
            vstore(bra + 2 * VB * k + VB, vload(ket + 2 * VB * k + VB) * vload(values + VB * k))
        ket += 2 * VB * ROW
        bra += 2 * VB * ROW
        signs += E * highs
    return 0
