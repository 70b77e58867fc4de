"""Generator of the coset kernels: the only code that touches all amplitudes, except for products and transforms.

Storage of a tile: amplitude `i` is a vector of real parts, then a vector of imaginary parts (T samples each), `2 * VB`
bytes apart. A group of K commuting rotations with independent x masks splits the indices into cosets of `2**K`
amplitudes; a kernel loads a coset into registers, applies all K rotations and stores it: one load and store for K
gates instead of one a gate. K stops at 3 where there are 16 vector registers, which hold `2**3` vectors (re or im) and
three coefficients, and at 4 where there are 32.

A kernel of rotations is named `kind_K_coupling_form_table`:

    kind      f  forward        u  un-apply, in place        d  slopes: Im <bra| P |ket> of each rotation
    coupling  0  an odd number of Y: re and im never mix     1  re is coupled with im
    form      t  tangent: (a, b) -> (a - t b, b + t a), cosines live in a phase table      c  cosine and sine
    table     1  the shared phase table is applied on the way in (f) or out (u)

The tangent form needs |t| <= 1, which `driver/prepare.py` sees to; only turns that differ from row to row take the
other. Two more kinds sweep the cosets of K words of Z that are read: `r_K` sums probabilities, `b_K` makes the bra.
"""

from __future__ import annotations

from qml.engine.layout import FIRST_KERNEL
from qml.engine.vector import REGISTERS

MAX_WIDTH = 4 if REGISTERS >= 32 else 3
WIDTHS = tuple(range(1, MAX_WIDTH + 1))


def kernel_names() -> tuple[str, ...]:
    """Names of all kernels; the place in this tuple is the kernel's number in the table of entries.

    Example:
        >>> kernel_names()[kernel_number("u_1_0_t_1") - FIRST_KERNEL]
        'u_1_0_t_1'
    """
    moves = tuple(
        f"{kind}_{width}_{coupling}_{form}_{table}"
        for kind in "fu"
        for width in WIDTHS
        for coupling in (0, 1)
        for form in "tc"
        for table in (0, 1)
    )
    slopes = tuple(f"d_{width}_{coupling}" for width in WIDTHS for coupling in (0, 1))
    return moves + slopes + tuple(f"{kind}_{width}" for kind in "rb" for width in WIDTHS)


_NUMBERS = {name: FIRST_KERNEL + place for place, name in enumerate(kernel_names())}


def kernel_number(name: str) -> int:
    """Where a kernel's address stands in the table of entries; that with a table follows the one without."""
    return _NUMBERS[name]


def kernel_source(name: str) -> str:
    """Python source of one kernel, in the words of `qml.engine.lanes32` or `lanes64`."""
    kind, width, *details = name.split("_")
    write = {"f": _forward, "u": _undo, "d": _slopes, "r": _probabilities, "b": _bra}[kind]
    arguments, head, body, tail = write(int(width), *details)
    cosets = range(1 << int(width))
    head = [f"o{a} = at(offsets, {a})" for a in cosets] + head
    body = ["p = u32at(bases + 4 * i)"] + [f"p{a} = p ^ o{a}" for a in cosets] + body
    lines = [f"def {name}({arguments}):", *_indented(head, 1), "    for i in range(cosets):", *_indented(body, 2)]
    return "\n".join([*lines, *_indented([*tail, "return 0"], 1)]) + "\n"


def _indented(lines: list[str], depth: int) -> list[str]:
    return ["    " * depth + line for line in lines]


def _halves(width: int, coupling: str) -> list[list[str]]:
    """The two sets of `2**K` vectors that rotations act on apart: `r` or `m` (re or im) of each coset member.

    (re, im) without coupling; with it, re of the even members with im of the odd ones, and the other way round.
    Working on one set at a time keeps everything in registers.
    """
    members = range(1 << width)
    return [["rm"[half if coupling == "0" else (half + a.bit_count()) & 1] for a in members] for half in (0, 1)]


def _fits_whole(width: int) -> bool:
    """Whether both sets, the coefficients and four numbers on the way fit the registers at once."""
    return (2 << width) + width + 4 <= REGISTERS


def _part(base: str, part: str, member: int) -> str:
    """Address of the re or im vector of a coset member."""
    return f"{base} + p{member}" + (" + VB" if part == "m" else "")


def _rotations(width: int, coupling: str, form: str, inverse: bool, parts: list[str]) -> list[str]:
    """K rotations of one half.

    Without coupling a' = c a - s b, b' = c b + s a; with it re_a' = c re_a + s im_b, im_b' = c im_b - s re_a.
    """
    lines = []
    for j in range(width):
        for a in range(1 << width):
            if a >> j & 1:
                continue
            b = a | 1 << j
            p, q = f"{parts[a]}{a}", f"{parts[b]}{b}"
            plus = (coupling == "1" and parts[a] == "r") != inverse
            c = f"c{j} * " if form == "c" else ""
            first, second = ("+", "-") if plus else ("-", "+")
            lines.append(f"{p}, {q} = {c}{p} {first} s{j} * {q}, {c}{q} {second} s{j} * {p}")
    return lines


def _coefficients(width: int, form: str) -> list[str]:
    cosines = [f"c{j} = vload(coefficients + {2 * j} * VB)" for j in range(width)] if form == "c" else []
    return cosines + [f"s{j} = vload(coefficients + {2 * j + 1} * VB)" for j in range(width)]


def _phase(member: int) -> list[str]:
    """Cosine and sine of the shared phase of a coset member, splat."""
    place = f"table + (p{member} >> TABLE_SHIFT)"
    return [f"tr = splat(sload({place}))", f"ti = splat(sload({place} + E))"]


def _loaded(base: str, names: str, member: int) -> list[str]:
    """The re and im vectors of a coset member under two names."""
    return [f"{name} = vload({_part(base, part, member)})" for name, part in zip(names, "rm", strict=True)]


def _forward(width: int, coupling: str, form: str, table: str):
    """From `source` to `target`; with a table the two must differ, without one they may be the same."""
    members, halves, body = range(1 << width), _halves(width, coupling), []
    whole = table == "1" and _fits_whole(width)
    for a in members if whole else ():
        body += [*_phase(a), *_loaded("source", "xy", a), f"r{a}, m{a} = x * tr - y * ti, x * ti + y * tr"]
    for parts in halves:
        for a in members if not whole else ():
            if table == "1":
                turned = "x * tr - y * ti" if parts[a] == "r" else "x * ti + y * tr"
                body += [*_phase(a), *_loaded("source", "xy", a), f"{parts[a]}{a} = {turned}"]
            else:
                body.append(f"{parts[a]}{a} = vload({_part('source', parts[a], a)})")
        body += _rotations(width, coupling, form, False, parts)
        body += [f"vstore({_part('target', parts[a], a)}, {parts[a]}{a})" for a in members]
    return "source, target, bases, cosets, offsets, coefficients, table", _coefficients(width, form), body, []


def _undo(width: int, coupling: str, form: str, table: str):
    """On `bra` in place; a table is undone too, and `slope += Im(conj(bra) ket)` with the `ket` before it."""
    members, body = range(1 << width), []
    halves, whole = _halves(width, coupling), _fits_whole(width)
    for half, parts in enumerate(halves):
        body += [f"{parts[a]}{a} = vload({_part('bra', parts[a], a)})" for a in members]
        body += _rotations(width, coupling, form, True, parts)
        if table == "0" or (half == 0 and not whole):
            body += [f"vstore({_part('bra', parts[a], a)}, {parts[a]}{a})" for a in members]
    for a in members if table == "1" else ():
        if not whole:
            body.append(f"{halves[0][a]}{a} = vload({_part('bra', halves[0][a], a)})")
        body += [
            *_phase(a),
            f"x = r{a} * tr + m{a} * ti",
            f"y = m{a} * tr - r{a} * ti",
            f"g = slope + (p{a} >> 1)",
            f"vstore(g, vload(g) + x * vload({_part('ket', 'm', a)}) - y * vload({_part('ket', 'r', a)}))",
            f"vstore({_part('bra', 'r', a)}, x)",
            f"vstore({_part('bra', 'm', a)}, y)",
        ]
    return "bra, ket, bases, cosets, offsets, coefficients, table, slope", _coefficients(width, form), body, []


def _slopes(width: int, coupling: str):
    """`out[j] = Im <bra| P_j |ket>`: the rotations of a segment commute, so the states need no update between them."""
    members, body = range(1 << width), []
    for half in (0, 1):  # a partial sum per half and coset: the chain across cosets is one addition, not eight
        ket, bra = ("rm"[half],) * 2 if coupling == "0" else ("mr"[half], "rm"[half])
        body += [f"r{a} = vload({_part('ket', ket, a)})" for a in members]
        for a in members:
            body.append(f"u = vload({_part('bra', bra, a)})")
            for j in range(width):
                plus = (a >> j & 1) if coupling == "0" else half == 0
                before = (f"t{j} {'+' if plus else '-'} ") if a else ("" if plus else "MINUS * ")
                body.append(f"t{j} = {before}u * r{a ^ 1 << j}")
        body += [f"g{j} = g{j} + t{j}" for j in range(width)]
    head = [f"g{j} = splat(REAL(0))" for j in range(width)]
    tail = [f"vstore(out + {j} * VB, g{j})" for j in range(width)]
    return "ket, bra, bases, cosets, offsets, out", head, body, tail


def _probabilities(width: int):
    """`inner[k]`: value of the word that is bit `k` of a member; `outer[i]`: probability of coset `i`."""
    members, body = range(1 << width), []
    for a in members:
        body += [*_loaded("ket", "xy", a), f"w{a} = x * x + y * y", f"g{a} = g{a} + w{a}"]
    for j in range(width):
        body += [f"w{a} = w{a} + w{a + (1 << j)}" for a in range(0, 1 << width, 2 << j)]
    head, tail = [f"g{a} = splat(REAL(0))" for a in members], []
    for j in range(width):
        even = range(0, 1 << width, 2 << j)
        tail.append("t = " + " + ".join(f"(g{a} - g{a + (1 << j)})" for a in even))
        tail.append(f"vstore(inner + {j} * VB, t)")
        tail += [f"g{a} = g{a} + g{a + (1 << j)}" for a in even]
    return "ket, bases, cosets, offsets, inner, outer", head, [*body, "vstore(outer + VB * i, w0)"], tail


def _bra(width: int):
    """Amplitude `a` of coset `i` of the bra: that of the ket times `outer[i]`, and `+-inner[k]` for each bit of `a`."""
    head, signed = [], [""]
    for j in reversed(range(width)):
        head.append(f"x = vload(inner + {j} * VB)")
        pairs = [(f"g{high}", bit) for high in signed for bit in "01"]
        if j == width - 1:
            head += ["g0 = x", "g1 = x * MINUS"]
        else:
            head += [f"{high}{bit} = {high} {'-' if bit == '1' else '+'} x" for high, bit in pairs]
        signed = [high + bit for high in signed for bit in "01"]
    body = ["h = vload(outer + VB * i)"]
    for a, name in enumerate(signed):
        body += [*_loaded("ket", "xy", a), f"d = g{name} + h"]
        body += [f"vstore({_part('bra', 'r', a)}, d * x)", f"vstore({_part('bra', 'm', a)}, d * y)"]
    return "ket, bra, bases, cosets, offsets, inner, outer", head, body, []
