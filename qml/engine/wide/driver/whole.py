"""Passes over a whole state in memory order: the bra contracted with a product state, and words that flip bits."""

from numba import njit

from qml.engine.lanes32 import REAL, VB, E, hsum, sload, splat, vload, vstore
from qml.engine.vector import at, f64at, f64set, odd, take_ticket
from qml.engine.wide import layout as L
from qml.engine.wide.lanes32 import swapped

LANES = VB // E


def contract(plan, frame):
    """The bra contracted with the lower half of the product state, and with the upper half, chunk by chunk."""
    lows, chunks = at(plan, L.PLAN_LOW_VECTORS), at(frame, L.FRAME_CHUNKS)
    low, length = at(frame, L.FRAME_LOW), at(plan, L.PLAN_VECTORS) // lows // chunks
    while True:
        chunk = take_ticket(frame + 8 * L.FRAME_TICKET)
        if chunk >= chunks:
            return 0
        sums = at(frame, L.FRAME_LOW_SUMS) + 2 * VB * lows * chunk
        for o in range(sums, sums + 2 * VB * lows, VB):
            vstore(o, splat(REAL(0)))
        for upper in range(chunk * length, (chunk + 1) * length):
            bra = at(frame, L.FRAME_BRA) + 2 * VB * lows * upper
            pair = at(frame, L.FRAME_HIGH) + 2 * E * upper
            hr, hi = sload(pair), sload(pair + E)
            real, imaginary = splat(REAL(0)), splat(REAL(0))
            for o in range(0, 2 * VB * lows, 2 * VB):
                u, v = vload(bra + o), vload(bra + o + VB)
                lr, li = vload(low + o), vload(low + o + VB)
                real = real + lr * u + li * v
                imaginary = imaginary + lr * v - li * u
                vstore(sums + o, vload(sums + o) + u * hr + v * hi)
                vstore(sums + o + VB, vload(sums + o + VB) + v * hr - u * hi)
            f64set(at(frame, L.FRAME_HIGH_SUMS) + 16 * upper, hsum(real))
            f64set(at(frame, L.FRAME_HIGH_SUMS) + 16 * upper + 8, hsum(imaginary))


@njit(error_model="numpy")
def partner(ket, word, lane_bits, place):
    """Address of the vector that a word brings to vector `place`, its lanes' permutation, and the sign it has there."""
    x = at(word, L.FLIP_X)
    sign = at(word, L.FLIP_SIGN) * (1 - 2 * odd((place << lane_bits ^ x) & at(word, L.FLIP_Z)))
    return ket + 2 * VB * (place ^ x >> lane_bits), x & (LANES - 1), sign


def read_flip(plan, frame, word):
    """Re <ket| P |ket> of a word that flips bits, chunk by chunk."""
    bits, ket, chunks = at(plan, L.PLAN_LANE_BITS), at(frame, L.FRAME_SOURCE), at(frame, L.FRAME_CHUNKS)
    length, imaginary = at(plan, L.PLAN_VECTORS) // chunks, at(word, L.FLIP_ODD)
    lane_signs = vload(at(plan, L.PLAN_LANE_SIGNS) + E * LANES * (at(word, L.FLIP_Z) & (LANES - 1)))
    while True:
        chunk = take_ticket(frame + 8 * L.FRAME_TICKET)
        if chunk >= chunks:
            return 0
        total = splat(REAL(0))
        for place in range(chunk * length, (chunk + 1) * length):
            other, swap, sign = partner(ket, word, bits, place)
            x, y = vload(ket + 2 * VB * place), vload(ket + 2 * VB * place + VB)
            u, v = swapped(vload(other), swap), swapped(vload(other + VB), swap)
            if imaginary == 0:
                total = total + (x * u + y * v) * REAL(sign)
            else:
                total = total + (y * u - x * v) * REAL(sign)
        f64set(at(frame, L.FRAME_SUMS) + 8 * chunk, hsum(total * lane_signs))


def add_flip(plan, frame, word, number):
    """Add to the bra a word that flips bits, times its cotangent."""
    bits, ket, chunks = at(plan, L.PLAN_LANE_BITS), at(frame, L.FRAME_SOURCE), at(frame, L.FRAME_CHUNKS)
    length, imaginary = at(plan, L.PLAN_VECTORS) // chunks, at(word, L.FLIP_ODD)
    lane_signs = vload(at(plan, L.PLAN_LANE_SIGNS) + E * LANES * (at(word, L.FLIP_Z) & (LANES - 1)))
    weight = f64at(at(frame, L.FRAME_COTANGENT) + 8 * number)
    while True:
        chunk = take_ticket(frame + 8 * L.FRAME_TICKET)
        if chunk >= chunks:
            return 0
        for place in range(chunk * length, (chunk + 1) * length):
            other, swap, sign = partner(ket, word, bits, place)
            u, v = swapped(vload(other), swap), swapped(vload(other + VB), swap)
            factor, bra = lane_signs * REAL(weight * sign), at(frame, L.FRAME_BRA) + 2 * VB * place
            if imaginary == 0:
                vstore(bra, vload(bra) + u * factor)
                vstore(bra + VB, vload(bra + VB) + v * factor)
            else:
                vstore(bra, vload(bra) - v * factor)
                vstore(bra + VB, vload(bra + VB) + u * factor)
