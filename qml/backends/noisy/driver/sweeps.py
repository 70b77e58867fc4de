"""Real Pauli vectors of as many rows as a register has lanes, through operations and back; in place, entry by entry."""

from numba import njit

from qml.backends.noisy import layout as L
from qml.engine.lanes32 import REAL, VB, E, sload, splat, vload, vstore
from qml.engine.vector import at, u32at


@njit(error_model="numpy")
def product(frame, op, keep):
    """Rows of X, Y, Z of the product of an operation's items into the scratch; with `keep`, also behind each item."""
    table, numbers = at(frame, L.FRAME_TABLE), at(frame, L.FRAME_NUMBERS)
    m, cossin = at(frame, L.FRAME_SCRATCH), at(frame, L.FRAME_COSSIN)
    prefix = m + L.PREFIXES * VB
    for k in range(12):
        vstore(m + k * VB, splat(REAL(1.0 if k % 4 == k // 4 + 1 else 0.0)))
    for item in range(at(op, L.OP_ITEMS), at(op, L.OP_ITEMS_END), L.ITEM_SIZE):
        kind, place = at(table, item), at(table, item + 1)
        if kind == L.MATRIX:
            c = numbers + E * place
            for j in range(4):
                x, y, z = vload(m + j * VB), vload(m + (4 + j) * VB), vload(m + (8 + j) * VB)
                one = splat(REAL(1.0 if j == 0 else 0.0))
                for i in range(3):
                    row = c + E * 4 * (i + 1)
                    made = one * sload(row) + x * sload(row + E) + y * sload(row + 2 * E) + z * sload(row + 3 * E)
                    vstore(m + (4 * i + j) * VB, made)
        else:
            a, b = m + 4 * kind * VB, m + 4 * ((kind + 1) % 3) * VB
            c, s = vload(cossin + 2 * place * VB), vload(cossin + (2 * place + 1) * VB)
            for j in range(0, 4 * VB, VB):
                x, y = vload(a + j), vload(b + j)
                vstore(a + j, c * x - s * y)
                vstore(b + j, s * x + c * y)
        if keep != 0:
            for k in range(0, 12 * VB, VB):
                vstore(prefix + k, vload(m + k))
            prefix += 12 * VB
    return prefix


@njit(error_model="numpy")
def block_forward(frame, op):
    """One wire, turned and damped by a matrix of each row of its own; what stood before goes into the store."""
    product(frame, op, 0)
    m, v, keep = at(frame, L.FRAME_SCRATCH), at(frame, L.FRAME_STATE), at(frame, L.FRAME_KEEP)
    lists, stride = at(frame, L.FRAME_LISTS), at(op, L.OP_OFFSETS) * VB
    store = at(frame, L.FRAME_STORE) + at(op, L.OP_STORE) * VB
    for n in range(at(op, L.OP_FORWARD), at(op, L.OP_FORWARD_END)):
        p = v + VB * u32at(lists + 4 * n)
        e, x, y, z = vload(p), vload(p + stride), vload(p + 2 * stride), vload(p + 3 * stride)
        for i in range(3):
            r = m + 4 * i * VB
            made = e * vload(r) + x * vload(r + VB) + y * vload(r + 2 * VB) + z * vload(r + 3 * VB)
            vstore(p + (i + 1) * stride, made)
        if keep != 0:
            vstore(store, e)
            vstore(store + VB, x)
            vstore(store + 2 * VB, y)
            vstore(store + 3 * VB, z)
            store += 4 * VB


@njit(error_model="numpy")
def block_sums(frame, op):
    """Bra through a block of one wire; sums of bra behind it times state before it stay in 12 vectors of scratch."""
    m, bra, lists = at(frame, L.FRAME_SCRATCH), at(frame, L.FRAME_BRA), at(frame, L.FRAME_LISTS)
    stride, store = at(op, L.OP_OFFSETS) * VB, at(frame, L.FRAME_STORE) + at(op, L.OP_STORE) * VB
    none = splat(REAL(0))
    xe, xx, xy, xz = none, none, none, none
    ye, yx, yy, yz = none, none, none, none
    ze, zx, zy, zz = none, none, none, none
    for n in range(at(op, L.OP_FORWARD), at(op, L.OP_FORWARD_END)):
        p = bra + VB * u32at(lists + 4 * n)
        f, x, y, z = vload(p), vload(p + stride), vload(p + 2 * stride), vload(p + 3 * stride)
        e, u, v, w = vload(store), vload(store + VB), vload(store + 2 * VB), vload(store + 3 * VB)
        store += 4 * VB
        xe, xx, xy, xz = xe + x * e, xx + x * u, xy + x * v, xz + x * w
        ye, yx, yy, yz = ye + y * e, yx + y * u, yy + y * v, yz + y * w
        ze, zx, zy, zz = ze + z * e, zx + z * u, zy + z * v, zz + z * w
        vstore(p, f + x * vload(m) + y * vload(m + 4 * VB) + z * vload(m + 8 * VB))
        for j in range(1, 4):
            r = m + j * VB
            vstore(p + j * stride, x * vload(r) + y * vload(r + 4 * VB) + z * vload(r + 8 * VB))
    a = m + 16 * VB
    vstore(a, xe)
    vstore(a + VB, xx)
    vstore(a + 2 * VB, xy)
    vstore(a + 3 * VB, xz)
    vstore(a + 4 * VB, ye)
    vstore(a + 5 * VB, yx)
    vstore(a + 6 * VB, yy)
    vstore(a + 7 * VB, yz)
    vstore(a + 8 * VB, ze)
    vstore(a + 9 * VB, zx)
    vstore(a + 10 * VB, zy)
    vstore(a + 11 * VB, zz)


@njit(error_model="numpy")
def block_backward(frame, op):
    """One wire backwards: the bra, and the slope of each of its turns."""
    prefix = product(frame, op, 1)
    block_sums(frame, op)
    table, numbers, cossin = at(frame, L.FRAME_TABLE), at(frame, L.FRAME_NUMBERS), at(frame, L.FRAME_COSSIN)
    sums, gradient = at(frame, L.FRAME_SCRATCH) + 16 * VB, at(frame, L.FRAME_GRADIENT)
    item = at(op, L.OP_ITEMS_END)
    while item > at(op, L.OP_ITEMS):
        item -= L.ITEM_SIZE
        prefix -= 12 * VB
        kind, place = at(table, item), at(table, item + 1)
        if kind == L.MATRIX:
            c = numbers + E * place
            for j in range(0, 4 * VB, VB):
                x, y, z = vload(sums + j), vload(sums + 4 * VB + j), vload(sums + 8 * VB + j)
                for i in range(3):
                    made = x * sload(c + E * (5 + i)) + y * sload(c + E * (9 + i)) + z * sload(c + E * (13 + i))
                    vstore(sums + 4 * i * VB + j, made)
        else:
            a, b = 4 * kind * VB, 4 * ((kind + 1) % 3) * VB
            c, s = vload(cossin + 2 * place * VB), vload(cossin + (2 * place + 1) * VB)
            slope = splat(REAL(0))
            for j in range(0, 4 * VB, VB):
                x, y = vload(sums + a + j), vload(sums + b + j)
                slope = slope + (y * vload(prefix + a + j) - x * vload(prefix + b + j))
                vstore(sums + a + j, c * x + s * y)
                vstore(sums + b + j, c * y - s * x)
            vstore(gradient + place * VB, vload(gradient + place * VB) + slope)


@njit(error_model="numpy")
def channel(frame, op, vector, rows, first, last):
    """Fixed real matrices on a few wires: each changed entry a short sum, all made before one is stored.

    Rows stand in the table as: how many; then of each its own offset, how many terms, and of each term its offset and
    where its number stands.
    """
    table, numbers, lists = at(frame, L.FRAME_TABLE), at(frame, L.FRAME_NUMBERS), at(frame, L.FRAME_LISTS)
    scratch, count = at(frame, L.FRAME_SCRATCH), at(table, rows)
    for n in range(first, last):
        p, place, held = vector + VB * u32at(lists + 4 * n), rows + 1, scratch
        for _ in range(count):
            end = place + 2 + 2 * at(table, place + 1)
            term = place + 2
            made = vload(p + at(table, term)) * sload(numbers + E * at(table, term + 1))
            term += 2
            while term < end:
                made = made + vload(p + at(table, term)) * sload(numbers + E * at(table, term + 1))
                term += 2
            vstore(held, made)
            held += VB
            place = end
        place, held = rows + 1, scratch
        for _ in range(count):
            vstore(p + at(table, place), vload(held))
            held += VB
            place += 2 + 2 * at(table, place + 1)


@njit(error_model="numpy")
def turn_forward(frame, op):
    """A rotation about a word of several wires: pairs of entries turn; what stood before goes into the store."""
    v, keep, lists = at(frame, L.FRAME_STATE), at(frame, L.FRAME_KEEP), at(frame, L.FRAME_LISTS)
    store = at(frame, L.FRAME_STORE) + at(op, L.OP_STORE) * VB
    pair = at(frame, L.FRAME_COSSIN) + 2 * at(op, L.OP_ITEMS) * VB
    c, s = vload(pair), vload(pair + VB)
    for n in range(at(op, L.OP_FORWARD), at(op, L.OP_FORWARD_END), 2):
        p, q = v + VB * u32at(lists + 4 * n), v + VB * u32at(lists + 4 * n + 4)
        x, y = vload(p), vload(q)
        vstore(p, c * x - s * y)
        vstore(q, s * x + c * y)
        if keep != 0:
            vstore(store, x)
            vstore(store + VB, y)
            store += 2 * VB


@njit(error_model="numpy")
def turn_backward(frame, op):
    """The bra through a rotation of several wires, and its slope."""
    bra, lists, gradient = at(frame, L.FRAME_BRA), at(frame, L.FRAME_LISTS), at(frame, L.FRAME_GRADIENT)
    store = at(frame, L.FRAME_STORE) + at(op, L.OP_STORE) * VB
    pair = at(frame, L.FRAME_COSSIN) + 2 * at(op, L.OP_ITEMS) * VB
    c, s, slope = vload(pair), vload(pair + VB), splat(REAL(0))
    for n in range(at(op, L.OP_FORWARD), at(op, L.OP_FORWARD_END), 2):
        p, q = bra + VB * u32at(lists + 4 * n), bra + VB * u32at(lists + 4 * n + 4)
        x, y = vload(p), vload(q)
        before_x, before_y = c * x + s * y, c * y - s * x
        slope = slope + (before_y * vload(store) - before_x * vload(store + VB))
        vstore(p, before_x)
        vstore(q, before_y)
        store += 2 * VB
    place = gradient + at(op, L.OP_ITEMS) * VB
    vstore(place, vload(place) + slope)


def sweep_forward(frame):
    """The state through operations first to last."""
    for n in range(at(frame, L.FRAME_FIRST), at(frame, L.FRAME_LAST)):
        op = at(frame, L.FRAME_OPS) + 8 * L.OP_SIZE * n
        kind = at(op, L.OP_KIND)
        if kind == L.BLOCK:
            block_forward(frame, op)
        elif kind == L.TURN:
            turn_forward(frame, op)
        else:
            first, last = at(op, L.OP_FORWARD), at(op, L.OP_FORWARD_END)
            channel(frame, op, at(frame, L.FRAME_STATE), at(op, L.OP_ROWS), first, last)
    return 0


def sweep_backward(frame):
    """The bra through operations last to first, by their transposes; slopes are added to the gradient."""
    n = at(frame, L.FRAME_LAST)
    while n > at(frame, L.FRAME_FIRST):
        n -= 1
        op = at(frame, L.FRAME_OPS) + 8 * L.OP_SIZE * n
        kind = at(op, L.OP_KIND)
        if kind == L.BLOCK:
            block_backward(frame, op)
        elif kind == L.TURN:
            turn_backward(frame, op)
        else:
            first, last = at(op, L.OP_BACKWARD), at(op, L.OP_BACKWARD_END)
            channel(frame, op, at(frame, L.FRAME_BRA), at(op, L.OP_ROWS_BACK), first, last)
    return 0
