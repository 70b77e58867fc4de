"""Pauli words: values at the end of a run, and the bra that their cotangents make of the ket."""

from numba import njit

from qml.engine import layout as L
from qml.engine.lanes32 import REAL, VB, E, T, gather, scatter, sload, splat, sstore, vload, vstore
from qml.engine.vector import at, call, odd


@njit(error_model="numpy")
def factor_of(frame, place):
    """Sign of a word in the Pauli frame of this call, times the square of what its kets leave out."""
    return sload(at(frame, L.FRAME_WORD_FACTORS) + E * place)


@njit(error_model="numpy")
def store_column(plan, frame, work, tile, place, value):
    """The value of one word in every row of a tile, given the value that the ket has."""
    words, first = at(plan, L.PLAN_WORDS), tile * T
    value = value * factor_of(frame, place)
    count = min(T, at(frame, L.FRAME_BATCH) - first)
    target = at(frame, L.FRAME_VALUES) + E * (words * first + place)
    if count == T:
        scatter(target, E * words, value)
    else:
        buffer = at(work, L.WORK_LANES)
        vstore(buffer, value)
        for lane in range(count):
            sstore(target + E * words * lane, sload(buffer + E * lane))


@njit(error_model="numpy")
def cotangent_column(plan, frame, work, tile, place):
    """The derivative of the loss by the value that the ket gives a word; padding lanes are zero."""
    words, first, buffer = at(plan, L.PLAN_WORDS), tile * T, at(work, L.WORK_LANES)
    count = min(T, at(frame, L.FRAME_BATCH) - first)
    source = at(frame, L.FRAME_COTANGENT) + E * (words * first + place)
    if count == T:
        vstore(buffer, gather(source, E * words))
    else:
        vstore(buffer, splat(REAL(0)))
        for lane in range(count):
            sstore(buffer + E * lane, sload(source + E * words * lane))
    return vload(buffer) * factor_of(frame, place)


def read_z_words(plan, frame, work, ket, tile):
    """All Z words at once: entry `z` of the Walsh-Hadamard transform of the probabilities is <Z^z>."""
    amplitudes, spectrum = at(plan, L.PLAN_AMPLITUDES), at(work, L.WORK_SPECTRUM)
    for i in range(amplitudes):
        x, y = vload(ket + 2 * VB * i), vload(ket + 2 * VB * i + VB)
        vstore(spectrum + VB * i, x * x + y * y)
    call(at(at(plan, L.PLAN_ENTRIES), L.ENTRY_TRANSFORM_VECTORS), spectrum, amplitudes)
    for k in range(at(plan, L.PLAN_N_Z_WORDS)):
        word = at(plan, L.PLAN_Z_WORDS) + 8 * L.Z_WORD_SIZE * k
        store_column(plan, frame, work, tile, at(word, L.Z_WORD_PLACE), vload(spectrum + VB * at(word, L.Z_WORD_MASK)))
    return 0


def read_apart(plan, frame, work, ket, tile):
    """Independent Z words: the first are sums over members of cosets, the others a transform of the cosets' sums."""
    entries, reading = at(plan, L.PLAN_ENTRIES), at(plan, L.PLAN_READING)
    inner, outer, width = at(work, L.WORK_SCRATCH), at(work, L.WORK_SPECTRUM), at(reading, L.READING_WIDTH)
    cosets, kernel = at(reading, L.READING_COSETS), at(entries, at(reading, L.READING_SUM))
    bases, offsets = at(reading, L.READING_BASES), at(reading, L.READING_OFFSETS)
    call(kernel, ket, bases, cosets, offsets, inner, outer)
    if at(plan, L.PLAN_N_Z_WORDS) > width:
        call(at(entries, L.ENTRY_TRANSFORM_VECTORS), outer, cosets)
    for k in range(at(plan, L.PLAN_N_Z_WORDS)):
        word = at(plan, L.PLAN_Z_WORDS) + 8 * L.Z_WORD_SIZE * k
        place = inner + VB * k if k < width else outer + (VB << (k - width))
        store_column(plan, frame, work, tile, at(word, L.Z_WORD_PLACE), vload(place))
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
    store_column(plan, frame, work, tile, at(word, L.FLIP_WORD_PLACE), total * REAL(2 * at(word, L.FLIP_WORD_SIGN)))
    return 0


@njit(error_model="numpy")
def clear(vectors, count):
    """Zero `count` vectors."""
    for place in range(vectors, vectors + VB * count, VB):
        vstore(place, splat(REAL(0)))


def start_bra(plan, frame, work, ket, tile):
    """The bra (sum of cotangent * Z word) ket: one vector whatever the number of words."""
    amplitudes, spectrum, bra = at(plan, L.PLAN_AMPLITUDES), at(work, L.WORK_SPECTRUM), at(work, L.WORK_BRA)
    clear(spectrum, amplitudes)
    for k in range(at(plan, L.PLAN_N_Z_WORDS)):
        word = at(plan, L.PLAN_Z_WORDS) + 8 * L.Z_WORD_SIZE * k
        place = spectrum + VB * at(word, L.Z_WORD_MASK)
        vstore(place, vload(place) + cotangent_column(plan, frame, work, tile, at(word, L.Z_WORD_PLACE)))
    call(at(at(plan, L.PLAN_ENTRIES), L.ENTRY_TRANSFORM_VECTORS), spectrum, amplitudes)
    for i in range(amplitudes):
        d, o = vload(spectrum + VB * i), 2 * VB * i
        vstore(bra + o, d * vload(ket + o))
        vstore(bra + o + VB, d * vload(ket + o + VB))
    return 0


def start_apart(plan, frame, work, ket, tile):
    """The same bra of independent Z words: its factors are sums of one number a member and one a coset."""
    entries, reading = at(plan, L.PLAN_ENTRIES), at(plan, L.PLAN_READING)
    inner, outer, width = at(work, L.WORK_SCRATCH), at(work, L.WORK_SPECTRUM), at(reading, L.READING_WIDTH)
    cosets, kernel = at(reading, L.READING_COSETS), at(entries, at(reading, L.READING_BRA))
    clear(inner, width)
    clear(outer, cosets)
    for k in range(at(plan, L.PLAN_N_Z_WORDS)):
        word = at(plan, L.PLAN_Z_WORDS) + 8 * L.Z_WORD_SIZE * k
        place = inner + VB * k if k < width else outer + (VB << (k - width))
        vstore(place, cotangent_column(plan, frame, work, tile, at(word, L.Z_WORD_PLACE)))
    if at(plan, L.PLAN_N_Z_WORDS) > width:
        call(at(entries, L.ENTRY_TRANSFORM_VECTORS), outer, cosets)
    bases, offsets = at(reading, L.READING_BASES), at(reading, L.READING_OFFSETS)
    call(kernel, ket, at(work, L.WORK_BRA), bases, cosets, offsets, inner, outer)
    return 0


def add_flip_word(plan, frame, work, ket, tile, word):
    """Add cotangent * P ket for a word with X or Y: (P ket)_j = i^popcount(x & z) (-1)^(z.i) ket_i, i = j ^ x."""
    x, z, bra = at(word, L.FLIP_WORD_X), at(word, L.FLIP_WORD_Z), at(work, L.WORK_BRA)
    cotangent = cotangent_column(plan, frame, work, tile, at(word, L.FLIP_WORD_PLACE))
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
