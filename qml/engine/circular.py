"""Sine and cosine of a vector of angles, as LLVM code: Cody-Waite reduction and the polynomials of Cephes.

Fast-math flags must stay off here: they would delete the very roundings that the reduction lives on.
"""

from __future__ import annotations

from llvmlite import ir
from llvmlite.ir import Constant, DoubleType
from numba import types
from numba.core import cgutils

TWO_OVER_PI = 0.63661977236758134308

# pi/2 in three parts, the first two short enough for an exact product with the quadrant number.
SINGLE = {
    "half_pi": (1.5703125, 4.837512969970703125e-4, 7.549789948768648e-8),
    "sine": (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1),
    "cosine": (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2),
}
DOUBLE = {
    "half_pi": (1.57079632673412561417, 6.07710050630396597660e-11, 2.02226624879595063154e-21),
    "sine": (
        1.58962301576546568060e-10,
        -2.50507477628578072866e-8,
        2.75573136213857245213e-6,
        -1.98412698295895385996e-4,
        8.33333333332211858878e-3,
        -1.66666666666666307295e-1,
    ),
    "cosine": (
        -1.13585365213876817300e-11,
        2.08757008419747316778e-9,
        -2.75573141792967388112e-7,
        2.48015872888517045348e-5,
        -1.38888888888730564116e-3,
        4.16666666666665929218e-2,
    ),
}

# 2 pi = HIGH + LOW, where LOW is what float64 cannot hold of it.
TWO_PI_HIGH, TWO_PI_LOW = 6.283185307179586, 2.4492935982947064e-16
LARGEST_REDUCED = 3.5  # a sound reduction ends in [-pi, pi], give or take rounding


class _Vectors:
    """Arithmetic on vectors of one LLVM type, so that the formulas below read as formulas."""

    def __init__(self, builder, wide: ir.VectorType):
        self.builder, self.wide = builder, wide
        self.suffix = f"v{wide.count}f{64 if isinstance(wide.element, DoubleType) else 32}"

    def constant(self, value: float):
        return Constant(self.wide, [value] * self.wide.count)

    def call(self, name: str, *arguments):
        kind = ir.FunctionType(self.wide, [self.wide] * len(arguments))
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.{name}.{self.suffix}")
        return self.builder.call(function, arguments)

    def fma(self, x, y, z):
        return self.call("fmuladd", x, y, z)

    def polynomial(self, coefficients, z):
        value = self.constant(coefficients[0])
        for coefficient in coefficients[1:]:
            value = self.fma(value, z, self.constant(coefficient))
        return value


def cosine_and_sine(builder, vector, angles):
    """LLVM values of the cosine and sine of `angles`; NaN and infinity give NaN in their own lane only."""
    v = _Vectors(builder, vector.llvm)
    numbers = SINGLE if vector.scalar == types.float32 else DOUBLE
    k = v.call("rint", builder.fmul(angles, v.constant(TWO_OVER_PI)))
    y = angles
    for part in numbers["half_pi"]:
        y = v.fma(k, v.constant(-part), y)
    z = builder.fmul(y, y)
    sine = v.fma(builder.fmul(v.polynomial(numbers["sine"], z), z), y, y)
    tail = v.fma(builder.fmul(v.polynomial(numbers["cosine"], z), z), z, builder.fmul(z, v.constant(-0.5)))
    cosine = builder.fadd(tail, v.constant(1.0))

    quarters = v.call("floor", builder.fmul(k, v.constant(0.25)))
    quadrant = builder.fsub(k, builder.fmul(quarters, v.constant(4.0)))  # 0, 1, 2, 3

    def is_(number):
        return builder.fcmp_ordered("==", quadrant, v.constant(number))

    def negated(condition, value):
        return builder.select(condition, builder.fsub(v.constant(-0.0), value), value)

    swap = builder.or_(is_(1.0), is_(3.0))
    upper = builder.fcmp_ordered(">=", quadrant, v.constant(2.0))
    left = builder.or_(is_(1.0), is_(2.0))
    return negated(left, builder.select(swap, sine, cosine)), negated(upper, builder.select(swap, cosine, sine))


def half_angle(builder, vector, values, coefficient, constant):
    """LLVM value of `(coefficient * values + constant) / 2` modulo 2 pi, in [-pi, pi], or NaN.

    Computed in double: a float32 angle of 1e4 radians times a coefficient would otherwise be off by 1e-3.
    """
    wide = ir.VectorType(DoubleType(), vector.lanes)
    v = _Vectors(builder, wide)
    single = vector.scalar == types.float32
    x = builder.fpext(values, wide) if single else values

    def everywhere(scalar):
        empty = Constant(wide, ir.Undefined)
        first = builder.insert_element(empty, scalar, ir.IntType(32)(0))
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), wide.count), [0] * wide.count)
        return builder.shuffle_vector(first, empty, lanes)

    half = builder.fmul(v.fma(x, everywhere(coefficient), everywhere(constant)), v.constant(0.5))
    turns = v.call("rint", builder.fmul(half, v.constant(1.0 / TWO_PI_HIGH)))
    reduced = v.fma(turns, v.constant(-TWO_PI_HIGH), half)
    reduced = v.fma(turns, v.constant(-TWO_PI_LOW), reduced)
    # Beyond about 1e15 radians neighbouring float64 numbers are a turn apart: NaN, not an arbitrary angle.
    sound = builder.fcmp_ordered("<=", v.call("fabs", reduced), v.constant(LARGEST_REDUCED))
    reduced = builder.select(sound, reduced, v.constant(float("nan")))
    return builder.fptrunc(reduced, vector.llvm) if single else reduced
