"""Explicit SIMD for Numba: one vector value type with + - *, because auto-vectorisation cannot see through aliasing.

A coset kernel sweeps sixteen streams at once; no compiler proves that they do not overlap, so scalar loops stay
scalar. With a vector value LLVM sees straight-line vector code and makes it legal for any machine. The width must be
that of a native register: wider vectors spill, narrower ones waste lanes.

Everything here works on addresses (`int64`), so that compiled pieces are plain C functions that call each other
through a table: every piece takes and returns `int64`. `vocabulary` binds the operations to one precision;
`qml.engine.lanes32` and `qml.engine.lanes64` are its two instances.
"""

from __future__ import annotations

import operator
import os
import platform
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, models, register_model

from qml.base.errors import ConfigError
from qml.engine import circular, transposed


def operation(define: Callable) -> Any:
    """`numba.extending.intrinsic`: a function that writes LLVM code where it is called."""
    return intrinsic(define)


I32, I64, DOUBLE = ir.IntType(32), ir.IntType(64), ir.DoubleType()


def native_bytes() -> int:
    """Bytes of this machine's widest vector register: 64 (AVX-512), 32 (AVX) or 16 (SSE, NEON).

    `QML_VECTOR_BYTES` asks for narrower ones: to test what another machine would run, not for speed.

    Raises:
        ConfigError: a width that this machine does not have.
    """
    features = llvm.get_host_cpu_features()
    widest = 64 if features.get("avx512f") else 32 if features.get("avx") else 16
    text = os.environ.get("QML_VECTOR_BYTES", str(widest))
    if text not in {str(width) for width in (16, 32, 64) if width <= widest}:
        raise ConfigError(
            f"QML_VECTOR_BYTES is {text!r}; it must be 16, 32 or 64, and at most {widest} on this machine. "
            "Unset it to take the widest."
        )
    return int(text)


def native_registers(vector_bytes: int) -> int:
    """Vector registers that code for vectors of that width may use: 32 with AVX-512 or on ARM, else 16."""
    if platform.machine().lower() in ("aarch64", "arm64"):
        return 32
    return 32 if vector_bytes == 64 else 16


VECTOR_BYTES = native_bytes()
REGISTERS = native_registers(VECTOR_BYTES)


class VectorType(types.Type):
    """Numba type of `lanes` numbers of one precision held in one register."""

    def __init__(self, scalar: types.Float, lanes: int):
        self.scalar, self.lanes = scalar, lanes
        super().__init__(name=f"vector{lanes}_{scalar}")

    @property
    def llvm(self) -> ir.VectorType:
        """The LLVM type."""
        return ir.VectorType(ir.FloatType() if self.scalar == types.float32 else DOUBLE, self.lanes)

    @property
    def suffix(self) -> str:
        """The ending of LLVM's overloaded intrinsics, such as `v16f32`."""
        return f"v{self.lanes}f{self.scalar.bitwidth}"


@register_model(VectorType)
class VectorModel(models.PrimitiveModel):
    """A vector is passed and held as one LLVM value."""

    def __init__(self, manager, vector):
        super().__init__(manager, vector, vector.llvm)


VECTOR32 = VectorType(types.float32, VECTOR_BYTES // 4)
VECTOR64 = VectorType(types.float64, VECTOR_BYTES // 8)


def broadcast(builder, scalar, vector: ir.VectorType):
    """`scalar` in every lane."""
    empty = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(empty, scalar, I32(0))
    return builder.shuffle_vector(first, empty, ir.Constant(ir.VectorType(I32, vector.count), [0] * vector.count))


def pointer(builder, address, target):
    """The integer `address` as a pointer to `target`."""
    return builder.inttoptr(address, target.as_pointer())


def llvm_call(builder, name: str, result, arguments):
    """Call LLVM's intrinsic `name`, all of whose arguments have type `result`."""
    kind = ir.FunctionType(result, [result] * len(arguments))
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)


def _define_operator(function, method: str) -> None:
    """Let `function` (such as `operator.add`) act on vectors, and on a vector and a number."""

    @infer_global(function)  # pyright: ignore[reportOptionalCall]
    class Template(AbstractTemplate):
        def generic(self, args, kws):
            vector = next((a for a in args if isinstance(a, VectorType)), None)
            if vector is not None and len(args) == 2 and all(a in (vector, vector.scalar) for a in args):
                return signature(vector, *args)
            return None

    for vector in (VECTOR32, VECTOR64):

        def implement(context, builder, sig, args, vector=vector):
            pairs = zip(args, sig.args, strict=True)
            x, y = [a if isinstance(kind, VectorType) else broadcast(builder, a, vector.llvm) for a, kind in pairs]
            # "contract" lets LLVM form fused multiply-adds; NaN and infinity keep their meaning.
            return getattr(builder, method)(x, y, flags=("contract", "nsz"))

        for kinds in ((vector, vector), (vector, vector.scalar), (vector.scalar, vector)):
            lower_builtin(function, *kinds)(implement)


for _method, _functions in {
    "fadd": (operator.add, operator.iadd),
    "fsub": (operator.sub, operator.isub),
    "fmul": (operator.mul, operator.imul),
}.items():
    for _function in _functions:
        _define_operator(_function, _method)


# ------------------------------------------------------------------------------------- memory, by address
@operation
def at(typing, base, index):
    """The `int64` number `index` of the table at `base`."""

    def generate(context, builder, sig, args):
        return builder.load(pointer(builder, builder.add(args[0], builder.mul(args[1], I64(8))), I64))

    return types.int64(types.int64, types.int64), generate


@operation
def put(typing, base, index, value):
    """Store `value` as number `index` of the table at `base`."""

    def generate(context, builder, sig, args):
        builder.store(args[2], pointer(builder, builder.add(args[0], builder.mul(args[1], I64(8))), I64))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@operation
def take_ticket(typing, address):
    """The number at `address`, which is raised by one for the next thread to ask."""

    def generate(context, builder, sig, args):
        return builder.atomic_rmw("add", pointer(builder, args[0], I64), I64(1), "monotonic")

    return types.int64(types.int64), generate


@operation
def fetch(typing, address):
    """Ask for the cache line at `address`, so that it lies in the second cache when it is read."""

    def generate(context, builder, sig, args):
        place = builder.inttoptr(args[0], ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [place.type, I32, I32, I32])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        builder.call(function, [place, I32(0), I32(2), I32(1)])
        return context.get_dummy_value()

    return types.void(types.int64), generate


@operation
def u32at(typing, address):
    """The unsigned 32-bit number at `address`."""

    def generate(context, builder, sig, args):
        return builder.zext(builder.load(pointer(builder, args[0], I32)), I64)

    return types.int64(types.int64), generate


@operation
def f64at(typing, address):
    """The float64 at `address`."""

    def generate(context, builder, sig, args):
        return builder.load(pointer(builder, args[0], DOUBLE))

    return types.float64(types.int64), generate


@operation
def f64set(typing, address, value):
    """Store a float64 at `address`."""

    def generate(context, builder, sig, args):
        builder.store(args[1], pointer(builder, args[0], DOUBLE))
        return context.get_dummy_value()

    return types.void(types.int64, types.float64), generate


@operation
def odd(typing, bits):
    """1 if an odd number of `bits` is set, else 0."""

    def generate(context, builder, sig, args):
        return builder.and_(llvm_call(builder, "llvm.ctpop.i64", I64, [args[0]]), I64(1))

    return types.int64(types.int64), generate


@operation
def call(typing, function, *arguments):
    """Call compiled code by its address: each piece is compiled once, on demand, never again inside its callers."""
    count = len(arguments)

    def generate(context, builder, sig, args):
        kind = ir.FunctionType(I64, [I64] * count)
        return builder.call(pointer(builder, args[0], kind), cgutils.unpack_tuple(builder, args[1], count))

    return types.int64(types.int64, types.StarArgUniTuple(types.int64, count)), generate


# ------------------------------------------------------------------------------------- operations of one precision
def vocabulary(dtype: str) -> SimpleNamespace:
    """The words that kernels and driver are written in, for `"float32"` or `"float64"`.

    Returns:
        `E` bytes a scalar, `T` lanes, `VB` bytes a vector, `REAL` the scalar constructor, and the operations
        `vload vstore splat sload sstore gather scatter store_square hsum half_angle sincos`.
    """
    vector = VECTOR32 if dtype == "float32" else VECTOR64
    return SimpleNamespace(
        E=vector.scalar.bitwidth // 8,
        T=vector.lanes,
        VB=VECTOR_BYTES,
        REAL=np.dtype(dtype).type,
        **_memory(vector),
        **_arithmetic(vector),
    )


def _memory(vector: VectorType) -> dict:
    """Loads and stores of vectors, scalars and columns."""
    wide, scalar, lanes = vector.llvm, vector.scalar, vector.lanes

    @operation
    def vload(typing, address):
        def generate(context, builder, sig, args):
            value = builder.load(pointer(builder, args[0], wide))
            value.align = VECTOR_BYTES
            return value

        return vector(types.int64), generate

    @operation
    def vstore(typing, address, value):
        def generate(context, builder, sig, args):
            builder.store(args[1], pointer(builder, args[0], wide)).align = VECTOR_BYTES
            return context.get_dummy_value()

        return types.void(types.int64, vector), generate

    @operation
    def sload(typing, address):
        def generate(context, builder, sig, args):
            return builder.load(pointer(builder, args[0], wide.element))

        return scalar(types.int64), generate

    @operation
    def sstore(typing, address, value):
        def generate(context, builder, sig, args):
            builder.store(args[1], pointer(builder, args[0], wide.element))
            return context.get_dummy_value()

        return types.void(types.int64, scalar), generate

    @operation
    def gather(typing, address, stride):
        """One scalar from each of `lanes` rows that are `stride` bytes apart."""

        def generate(context, builder, sig, args):
            value, place = ir.Constant(wide, ir.Undefined), args[0]
            for lane in range(lanes):
                value = builder.insert_element(value, builder.load(pointer(builder, place, wide.element)), I32(lane))
                place = builder.add(place, args[1])
            return value

        return vector(types.int64, types.int64), generate

    @operation
    def scatter(typing, address, stride, value):
        """The inverse of `gather`."""

        def generate(context, builder, sig, args):
            place = args[0]
            for lane in range(lanes):
                builder.store(builder.extract_element(args[2], I32(lane)), pointer(builder, place, wide.element))
                place = builder.add(place, args[1])
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, vector), generate

    @operation
    def store_square(typing, source, target, stride, factor):
        """Lane `r` of `lanes` vectors at `source`, times `factor`, as one vector at `target + r * stride`."""

        def generate(context, builder, sig, args):
            transposed.store_square(builder, wide, VECTOR_BYTES, *args)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, types.int64, scalar), generate

    words = {"vload": vload, "vstore": vstore, "sload": sload, "sstore": sstore, "gather": gather, "scatter": scatter}
    return {**words, "store_square": store_square}


def _arithmetic(vector: VectorType) -> dict:
    """Splat, sum over lanes, and the sine and cosine of angles."""
    wide, scalar = vector.llvm, vector.scalar

    @operation
    def splat(typing, value):
        def generate(context, builder, sig, args):
            return broadcast(builder, args[0], wide)

        return vector(scalar), generate

    @operation
    def hsum(typing, value):
        """The sum over lanes, always in the same order."""

        def generate(context, builder, sig, args):
            kind = ir.FunctionType(wide.element, [wide.element, wide])
            name = "llvm.vector.reduce.fadd." + vector.suffix
            function = cgutils.get_or_insert_function(builder.module, kind, name)
            return builder.call(function, [ir.Constant(wide.element, -0.0), args[0]], fastmath=("reassoc",))

        return scalar(vector), generate

    @operation
    def half_angle(typing, values, coefficient, constant):
        """`(coefficient * values + constant) / 2`, computed in double and reduced to [-pi, pi]."""

        def generate(context, builder, sig, args):
            return circular.half_angle(builder, vector, *args)

        return vector(vector, types.float64, types.float64), generate

    @operation
    def sincos(typing, angles, out):
        """Store the cosine at `out` and the sine one vector behind it."""

        def generate(context, builder, sig, args):
            cosine, sine = circular.cosine_and_sine(builder, vector, args[0])
            for offset, value in ((0, cosine), (VECTOR_BYTES, sine)):
                place = pointer(builder, builder.add(args[1], I64(offset)), wide)
                builder.store(value, place).align = VECTOR_BYTES
            return context.get_dummy_value()

        return types.void(vector, types.int64), generate

    return {"splat": splat, "hsum": hsum, "half_angle": half_angle, "sincos": sincos}
