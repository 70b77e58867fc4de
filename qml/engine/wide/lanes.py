"""Operations on vectors whose lanes are amplitudes: permuted lanes, and phases as integers that wrap at a full turn.

A phase is an integer of as many bits as the precision has, in units of a turn divided by `2**bits`. Sums of such
phases are exact, whatever their number and size, because integers wrap where angles do.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from llvmlite.ir import Constant
from numba import types
from numba.core import cgutils

from qml.engine.circular import DOUBLE, SINGLE
from qml.engine.vector import (
    I32,
    VECTOR32,
    VECTOR64,
    VECTOR_BYTES,
    VectorType,
    broadcast,
    llvm_call,
    operation,
    pointer,
)

ROW = 16  # vectors that one in-register Walsh-Hadamard transform takes
FULL_TURN = 6.283185307179586


def lane_vocabulary(dtype: str) -> SimpleNamespace:
    """The words of `qml.engine.vector.vocabulary` that only this engine needs, for `"float32"` or `"float64"`.

    Returns:
        `swapped` permutes lanes, `add_phases` adds vectors of phases, `signed_phase` spreads one, `phase_row` turns a
        row of sixteen sums of phases into cosines and sines, `transform_row` is the transform alone, on real numbers.
    """
    vector = VECTOR32 if dtype == "float32" else VECTOR64
    return SimpleNamespace(**_permutation(vector), **_phases(vector))


def _integers(vector: VectorType) -> ir.VectorType:
    return ir.VectorType(ir.IntType(vector.scalar.bitwidth), vector.lanes)


def _permutation(vector: VectorType) -> dict[str, Any]:
    wide, whole = vector.llvm, _integers(vector)
    lanes = range(vector.lanes)
    by_table = llvm.get_host_cpu_features().get("avx512f") and VECTOR_BYTES == 64

    @operation
    def swapped(typing, value, mask):
        """Lane `l` takes lane `l ^ mask`."""

        def generate(context, builder, sig, args):
            value, mask = args
            if by_table:
                places = builder.xor(
                    broadcast(builder, builder.trunc(mask, whole.element), whole), Constant(whole, list(lanes))
                )
                name = f"llvm.x86.avx512.permvar.{'sf' if vector.scalar == types.float32 else 'df'}.512"
                kind = ir.FunctionType(wide, [wide, whole])
                return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [value, places])
            bit = 1
            while bit < vector.lanes:
                order = Constant(ir.VectorType(I32, vector.lanes), [lane ^ bit for lane in lanes])
                moved = builder.shuffle_vector(value, Constant(wide, ir.Undefined), order)
                chosen = builder.and_(mask, Constant(mask.type, bit))
                chosen = builder.icmp_unsigned("!=", chosen, Constant(mask.type, 0))
                value = builder.select(chosen, moved, value)
                bit *= 2
            return value

        return vector(vector, types.int64), generate

    return {"swapped": swapped}


def _phases(vector: VectorType) -> dict[str, Any]:
    wide, whole, bits = vector.llvm, _integers(vector), vector.scalar.bitwidth

    @operation
    def add_phases(typing, first, second):
        """Sum of two vectors of phases, held as if they were real numbers."""

        def generate(context, builder, sig, args):
            total = builder.add(*(builder.bitcast(value, whole) for value in args))
            return builder.bitcast(total, wide)

        return vector(vector, vector), generate

    @operation
    def signed_phase(typing, phase, signs, minus):
        """A 64-bit phase in every lane, negated where the vector of masks at `signs` is set, or not (`minus` is -1)."""

        def generate(context, builder, sig, args):
            phase, signs, minus = args
            if bits == 32:
                phase = builder.trunc(builder.ashr(phase, Constant(phase.type, 32)), whole.element)
                minus = builder.trunc(minus, whole.element)
            mask = builder.load(pointer(builder, signs, whole))
            mask.align = VECTOR_BYTES
            mask = builder.xor(mask, broadcast(builder, minus, whole))
            value = builder.sub(builder.xor(broadcast(builder, phase, whole), mask), mask)
            return builder.bitcast(value, wide)

        return vector(types.int64, types.int64, types.int64), generate

    @operation
    def phase_row(typing, source, out):
        """Transform the sixteen vectors of phases at `source`, and store cosine and sine of each sum at `out`."""

        def generate(context, builder, sig, args):
            values = _transformed(builder, _loaded(builder, args[0], whole), builder.add, builder.sub)
            for place, value in enumerate(values):
                for part, number in enumerate(_cosine_and_sine(builder, vector, value)):
                    _store(builder, args[1], 2 * place + part, number)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64), generate

    @operation
    def transform_row(typing, address):
        """Walsh-Hadamard transform of the sixteen vectors at `address`, in place."""

        def generate(context, builder, sig, args):
            for place, value in enumerate(
                _transformed(builder, _loaded(builder, args[0], wide), builder.fadd, builder.fsub)
            ):
                _store(builder, args[0], place, value)
            return context.get_dummy_value()

        return types.void(types.int64), generate

    return {
        "add_phases": add_phases,
        "signed_phase": signed_phase,
        "phase_row": phase_row,
        "transform_row": transform_row,
    }


def _place(builder, address, number: int, kind: ir.VectorType):
    offset = Constant(address.type, number * VECTOR_BYTES)
    return pointer(builder, builder.add(address, offset), kind)


def _loaded(builder, address, kind: ir.VectorType) -> list:
    values = [builder.load(_place(builder, address, number, kind)) for number in range(ROW)]
    for value in values:
        value.align = VECTOR_BYTES
    return values


def _store(builder, address, number: int, value) -> None:
    builder.store(value, _place(builder, address, number, value.type)).align = VECTOR_BYTES


def _transformed(builder, values: list, add, subtract) -> list:
    """Walsh-Hadamard transform across vectors."""
    half = 1
    while half < len(values):
        result = list(values)
        for place in range(len(values)):
            if not place & half:
                first, second = values[place], values[place + half]
                result[place], result[place + half] = add(first, second), subtract(first, second)
        values, half = result, 2 * half
    return values


def _cosine_and_sine(builder, vector: VectorType, phase):
    """Cosine and sine of a vector of integer phases: quarter turns are its top bits, polynomials do the rest."""
    wide, whole, bits = vector.llvm, phase.type, vector.scalar.bitwidth
    numbers = SINGLE if vector.scalar == types.float32 else DOUBLE

    def integer(value: int):
        return Constant(whole, [value] * whole.count)

    def real(value: float):
        return Constant(wide, [value] * wide.count)

    def fma(x, y, z):
        return llvm_call(builder, f"llvm.fmuladd.{vector.suffix}", wide, [x, y, z])

    def polynomial(coefficients, z):
        value = real(coefficients[0])
        for coefficient in coefficients[1:]:
            value = fma(value, z, real(coefficient))
        return value

    quarter = builder.ashr(builder.add(phase, integer(1 << (bits - 3))), integer(bits - 2))
    rest = builder.sub(phase, builder.shl(quarter, integer(bits - 2)))
    y = builder.fmul(builder.sitofp(rest, wide), real(FULL_TURN / 2**bits))
    z = builder.fmul(y, y)
    sine = fma(builder.fmul(polynomial(numbers["sine"], z), z), y, y)
    tail = fma(builder.fmul(polynomial(numbers["cosine"], z), z), z, builder.fmul(z, real(-0.5)))
    cosine = builder.fadd(tail, real(1.0))
    swap = builder.icmp_signed("!=", builder.and_(quarter, integer(1)), integer(0))

    def signed(value, turns):
        sign = builder.shl(builder.and_(turns, integer(2)), integer(bits - 2))
        return builder.bitcast(builder.xor(builder.bitcast(value, whole), sign), wide)

    first, second = builder.select(swap, sine, cosine), builder.select(swap, cosine, sine)
    return signed(first, builder.add(quarter, integer(1))), signed(second, quarter)
