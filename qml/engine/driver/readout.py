"""Pauli words: values at the end of a run, and the bra that their cotangents make of the ket."""

from numba import njit

from qml.engine import layout as L
from qml.engine.lanes32 import REAL, VB, E, T, gather, scatter, sload, splat, sstore, vload, vstore
from qml.engine.vector import at, call, f64at, odd


@njit(error_model="numpy")
def state_scale(plan, frame):
    """Square of the factor that the kets of this call leave out (see `choose_form`)."""
    factor = f64at(at(frame, L.FRAME_FACTORS) + 8 * at(plan, L.PLAN_N_TABLES))
    return REAL(factor * factor)


@njit(error_model="numpy")
def store_column(plan, frame, work, tile, place, value):
    """One value of every row of a tile."""
    words, first = at(plan, L.PLAN_WORDS), tile * T
    count = min(T, at(frame, L.FRAME_BATCH) - first)
    target = at(frame, L.FRAME_VALUES) + E * (words * first + place)
    if count == T:
        scatter(target, E * words, value)
    else:
        buffer = at(work, L.WORK_SCRATCH)
        vstore(buffer, value)
        for lane in range(count):
            sstore(target + E * words * lane, sload(buffer + E * lane))


@njit(error_model="numpy")
def cotangent_column(plan, frame, work, tile, place):
    """The cotangents of one word in the rows of a tile; padding lanes are zero."""
    words, first, buffer = at(plan, L.PLAN_WORDS), tile * T, at(work, L.WORK_SCRATCH)
    count = min(T, at(frame, L.FRAME_BATCH) - first)
    source = at(frame, L.FRAME_COTANGENT) + E * (words * first + place)
    if count == T:
        vstore(buffer, gather(source, E * words))
    else:
        vstore(buffer, splat(REAL(0)))
        for lane in range(count):
            sstore(buffer + E * lane, sload(source + E * words * lane))
    return vload(buffer)


def read_z_words(plan, frame, work, ket, tile):
    """All Z words at once: entry `z` of the Walsh-Hadamard transform of the probabilities is <Z^z>."""
    amplitudes, spectrum = at(plan, L.PLAN_AMPLITUDES), at(work, L.WORK_SPECTRUM)
    for i in range(amplitudes):
        x, y = vload(ket + 2 * VB * i), vload(ket + 2 * VB * i + VB)
        vstore(spectrum + VB * i, x * x + y * y)
    call(at(at(plan, L.PLAN_ENTRIES), L.ENTRY_TRANSFORM_VECTORS), spectrum, amplitudes)
    scale = state_scale(plan, frame)
    for k in range(at(plan, L.PLAN_N_Z_WORDS)):
        word = at(plan, L.PLAN_Z_WORDS) + 8 * L.Z_WORD_SIZE * k
        value = vload(spectrum + VB * at(word, L.Z_WORD_MASK)) * scale
        store_column(plan, frame, work, tile, at(word, L.Z_WORD_PLACE), value)
    return 0


def read_flip_word(plan, frame, work, ket, tile, word):
    """<ket| P |ket> of a word with X or Y: one sweep over the pairs of amplitudes that P swaps."""
    x, z = at(word, L.FLIP_WORD_X), at(word, L.FLIP_WORD_Z)
    coupled, total = at(word, L.FLIP_WORD_ODD), splat(REAL(0))
    for i in range(at(plan, L.PLAN_AMPLITUDES)):
        j = i ^ x
        if i < j:
            p, q = ket + 2 * VB * i, ket + 2 * VB * j
            if coupled != 0:  # -2 s Im(conj(k_j) k_i)
                term = vload(p) * vload(q + VB) - vload(p + VB) * vload(q)
            else:  # 2 s Re(conj(k_j) k_i)
                term = vload(p) * vload(q) + vload(p + VB) * vload(q + VB)
            total = total + term * REAL(1 - 2 * odd(i & z))
    value = total * REAL(2 * at(word, L.FLIP_WORD_SIGN)) * state_scale(plan, frame)
    store_column(plan, frame, work, tile, at(word, L.FLIP_WORD_PLACE), value)
    return 0


def start_bra(plan, frame, work, ket, tile):
    """The bra (sum of cotangent * Z word) ket: one vector whatever the number of words."""
    amplitudes, spectrum, bra = at(plan, L.PLAN_AMPLITUDES), at(work, L.WORK_SPECTRUM), at(work, L.WORK_BRA)
    for i in range(amplitudes):
        vstore(spectrum + VB * i, splat(REAL(0)))
    scale = state_scale(plan, frame)
    for k in range(at(plan, L.PLAN_N_Z_WORDS)):
        word = at(plan, L.PLAN_Z_WORDS) + 8 * L.Z_WORD_SIZE * k
        place = spectrum + VB * at(word, L.Z_WORD_MASK)
        cotangent = cotangent_column(plan, frame, work, tile, at(word, L.Z_WORD_PLACE))
        vstore(place, vload(place) + cotangent * scale)
    call(at(at(plan, L.PLAN_ENTRIES), L.ENTRY_TRANSFORM_VECTORS), spectrum, amplitudes)
    for i in range(amplitudes):
        d, o = vload(spectrum + VB * i), 2 * VB * i
        vstore(bra + o, d * vload(ket + o))
        vstore(bra + o + VB, d * vload(ket + o + VB))
    return 0


def add_flip_word(plan, frame, work, ket, tile, word):
    """Add cotangent * P ket for a word with X or Y: (P ket)_j = i^popcount(x & z) (-1)^(z.i) ket_i, i = j ^ x."""
    x, z, bra = at(word, L.FLIP_WORD_X), at(word, L.FLIP_WORD_Z), at(work, L.WORK_BRA)
    cotangent = cotangent_column(plan, frame, work, tile, at(word, L.FLIP_WORD_PLACE)) * state_scale(plan, frame)
    sign = at(word, L.FLIP_WORD_SIGN)
    for j in range(at(plan, L.PLAN_AMPLITUDES)):
        i = j ^ x
        p, q = ket + 2 * VB * i, bra + 2 * VB * j
        factor = cotangent * REAL(sign * (1 - 2 * odd(i & z)))
        if at(word, L.FLIP_WORD_ODD) != 0:  # times i
            vstore(q, vload(q) - factor * vload(p + VB))
            vstore(q + VB, vload(q + VB) + factor * vload(p))
        else:
            vstore(q, vload(q) + factor * vload(p))
            vstore(q + VB, vload(q + VB) + factor * vload(p + VB))
    return 0
