"""Generator of the rotations on a tile: the only code that turns amplitudes about a word that flips bits.

Vector `u` of a tile is a vector of real parts, then a vector of imaginary parts. All rotations are in tangent form,
`(a, b) -> C (a - t b, b + t a)`: one fused multiply-add a number and rotation, and one product with the cosines of the
group. A kernel is named `kind_width_coupling`:

    kind      f   forward, on one state, in place: turns that flip vectors
              b   backward: slopes Im <bra| P |ket> of each turn, then both states turned
              lf  lb  the same for turns that flip lanes alone
              xf  xb  the same for one turn that flips vectors and lanes
    width     turns of the group
    coupling  0  an odd number of Y: re and im never mix     1  re is coupled with im

Every kernel is handed `bases` and `offsets` (bytes), and `coefficients`: one vector a turn (of `x`: two, for the two
members of a pair) and then the product of cosines. Their signs carry the direction, the tile and the lane.
"""

from __future__ import annotations

from qml.engine.vector import REGISTERS

FORWARD_WIDTH, BACKWARD_WIDTH = (4, 3) if REGISTERS == 32 else (3, 2)
LANE_WIDTH = 4
CROSS = 1


def kernel_names() -> tuple[str, ...]:
    """Names of all kernels.

    Example:
        >>> "b_2_0" in kernel_names(), kernel_names()[-1]
        (True, 'xb_1_1')
    """
    widths = {"f": FORWARD_WIDTH, "b": BACKWARD_WIDTH, "lf": LANE_WIDTH, "lb": LANE_WIDTH, "xf": CROSS, "xb": CROSS}
    return tuple(f"{kind}_{w}_{c}" for kind, most in widths.items() for w in range(1, most + 1) for c in (0, 1))


def kernel_source(name: str) -> str:
    """Python source of one kernel, in the words of `qml.engine.lanes32` or `lanes64`."""
    kind, width, coupling = name.split("_")
    write = {"f": _forward, "b": _backward, "lf": _lane_forward, "lb": _lane_backward}
    write |= {"xf": _cross_forward, "xb": _cross_backward}
    head, body, tail = write[kind](int(width), int(coupling))
    states = "ket" if kind.endswith("f") else "ket, bra"
    out = "" if kind.endswith("f") else ", out"
    lines = [f"def {name}({states}, bases, cosets, offsets, coefficients{out}):"]
    lines += [f"    {line}" for line in head]
    lines += ["    for i in range(cosets):", "        p0 = u32at(bases + 4 * i)"]
    lines += [f"        {line}" for line in body]
    return "\n".join([*lines, *(f"    {line}" for line in [*tail, "return 0"])]) + "\n"


def _coefficients(width: int) -> list[str]:
    lines = [f"s{j} = vload(coefficients + {j} * VB)" for j in range(width)]
    return [*lines, f"c = vload(coefficients + {width} * VB)"]


def _zeros(count: int) -> list[str]:
    return [f"g{j} = splat(REAL(0))" for j in range(count)]


def _sums(count: int) -> list[str]:
    return [f"vstore(out + {j} * VB, g{j})" for j in range(count)]


def _at(state: str, part: str, member: int) -> str:
    return f"{state} + p{member}" + (" + VB" if part == "m" else "")


# ------------------------------------------------------------------------------------------------ flips of vectors
def _halves(width: int, coupling: int) -> list[list[str]]:
    """The two sets of `2**K` vectors that rotations act on apart: `r` or `m` (re or im) of each coset member.

    (re, im) without coupling; with it, re of the even members with im of the odd ones, and the other way round.
    """
    members = range(1 << width)
    return [["rm"[half if coupling == 0 else (half + a.bit_count()) & 1] for a in members] for half in (0, 1)]


def _turned(width: int, coupling: int, parts: list[str], state: str) -> list[str]:
    lines = []
    for j in range(width):
        for a in range(1 << width):
            if a >> j & 1:
                continue
            b = a | 1 << j
            p, q = f"{state}{a}", f"{state}{b}"
            first, second = ("+", "-") if coupling == 1 and parts[a] == "r" else ("-", "+")
            lines.append(f"{p}, {q} = {p} {first} s{j} * {q}, {q} {second} s{j} * {p}")
    return lines


def _members(width: int) -> tuple[list[str], list[str]]:
    """Offsets of the members before the loop, and their places inside it."""
    others = range(1, 1 << width)
    return [f"o{a} = at(offsets, {a})" for a in others], [f"p{a} = p0 ^ o{a}" for a in others]


def _forward(width: int, coupling: int):
    members, (head, body) = range(1 << width), _members(width)
    for parts in _halves(width, coupling):
        body += [f"k{a} = vload({_at('ket', parts[a], a)})" for a in members]
        body += _turned(width, coupling, parts, "k")
        body += [f"vstore({_at('ket', parts[a], a)}, k{a} * c)" for a in members]
    return head + _coefficients(width), body, []


def _backward(width: int, coupling: int):
    members, (head, body) = range(1 << width), _members(width)
    for parts in _halves(width, coupling):
        for state in ("ket", "bra"):
            body += [f"{state[0]}{a} = vload({_at(state, parts[a], a)})" for a in members]
        for a in members:  # a partial sum for each half and coset: the chain across cosets is one addition
            for j in range(width):
                plus = bool(a >> j & 1) if coupling == 0 else parts[a] == "r"
                product = f"b{a} * k{a ^ 1 << j}"
                body.append(f"t{j} = {f't{j} ' if a else 'zero '}{'+' if plus else '-'} {product}")
        body += [f"g{j} = g{j} + t{j}" for j in range(width)]
        for state in ("ket", "bra"):
            body += _turned(width, coupling, parts, state[0])
            body += [f"vstore({_at(state, parts[a], a)}, {state[0]}{a} * c)" for a in members]
    return [*head, *_coefficients(width), "zero = splat(REAL(0))", *_zeros(width)], body, _sums(width)


# ------------------------------------------------------------------------------------------------ flips of lanes
def _lane_head(width: int) -> list[str]:
    return [*_coefficients(width), *(f"l{j} = at(offsets, {j})" for j in range(width))]


def _lane_turn(coupling: int, state: str, j: int) -> str:
    r, m = f"{state}r", f"{state}m"
    if coupling == 0:
        return f"{r}, {m} = {r} - s{j} * swapped({r}, l{j}), {m} - s{j} * swapped({m}, l{j})"
    return f"{r}, {m} = {r} + s{j} * swapped({m}, l{j}), {m} - s{j} * swapped({r}, l{j})"


def _product(coupling: int, bra: str, ket: str, swap: str) -> str:
    """Unsigned `Im <bra| P |ket>` of one vector; `ket` is the partner."""
    if coupling == 0:
        return f"- {bra}r * swapped({ket}r, {swap}) - {bra}m * swapped({ket}m, {swap})"
    return f"+ {bra}r * swapped({ket}m, {swap}) - {bra}m * swapped({ket}r, {swap})"


def _pair(state: str, name: str, member: int) -> list[str]:
    return [f"{name}{part} = vload({_at(state, part, member)})" for part in "rm"]


def _stored(state: str, name: str, member: int) -> list[str]:
    return [f"vstore({_at(state, part, member)}, {name}{part} * c)" for part in "rm"]


def _lane_forward(width: int, coupling: int):
    body = _pair("ket", "k", 0) + [_lane_turn(coupling, "k", j) for j in range(width)] + _stored("ket", "k", 0)
    return _lane_head(width), body, []


def _lane_backward(width: int, coupling: int):
    body = _pair("ket", "k", 0) + _pair("bra", "b", 0)
    body += [f"g{j} = g{j} {_product(coupling, 'b', 'k', f'l{j}')}" for j in range(width)]
    for state in ("ket", "bra"):
        body += [_lane_turn(coupling, state[0], j) for j in range(width)] + _stored(state, state[0], 0)
    return _lane_head(width) + _zeros(width), body, _sums(width)


# ------------------------------------------------------------------------------------------------ flips of both
CROSS_HEAD = [
    "o1 = at(offsets, 1)",
    "l0 = at(offsets, 2)",
    "s0 = vload(coefficients)",
    "s1 = vload(coefficients + VB)",
    "c = vload(coefficients + 2 * VB)",
]


def _cross_turn(coupling: int, state: str) -> list[str]:
    """Members 0 and 1 of a pair, turned together."""
    first, second = f"{state}0", f"{state}1"
    other, signs = ("rm", "--") if coupling == 0 else ("mr", "+-")
    lines = []
    for j, (mine, partner) in enumerate([(first, second), (second, first)]):
        for part, source, sign in zip("rm", other, signs, strict=True):
            lines.append(f"n{j}{part} = {mine}{part} {sign} s{j} * swapped({partner}{source}, l0)")
    return [*lines, *(f"{state}{j}{part} = n{j}{part}" for j in (0, 1) for part in "rm")]


def _cross_forward(width: int, coupling: int):
    body = ["p1 = p0 ^ o1", *_pair("ket", "k0", 0), *_pair("ket", "k1", 1), *_cross_turn(coupling, "k")]
    return CROSS_HEAD, body + _stored("ket", "k0", 0) + _stored("ket", "k1", 1), []


def _cross_backward(width: int, coupling: int):
    body = ["p1 = p0 ^ o1"]
    for state in ("ket", "bra"):
        body += [line for j in (0, 1) for line in _pair(state, f"{state[0]}{j}", j)]
    body += [f"g{j} = g{j} {_product(coupling, f'b{j}', f'k{1 - j}', 'l0')}" for j in (0, 1)]
    for state in ("ket", "bra"):
        body += _cross_turn(coupling, state[0])
        body += [line for j in (0, 1) for line in _stored(state, f"{state[0]}{j}", j)]
    return CROSS_HEAD + _zeros(2), body, _sums(2)
