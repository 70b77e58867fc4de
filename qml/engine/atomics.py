"""Numbers in memory that several threads change at once: what compiled code needs to share a call between threads."""

from __future__ import annotations

import platform

from llvmlite import ir
from numba import types
from numba.core import cgutils

from qml.engine.vector import I32, I64, operation, pointer


@operation
def atomic_swap(typing, address, value):
    """Store at an address; gives what stood there before."""

    def generate(context, builder, sig, args):
        return builder.atomic_rmw("xchg", pointer(builder, args[0], I64), args[1], "seq_cst")

    return types.int64(types.int64, types.int64), generate


@operation
def atomic_load(typing, address):
    """The number at an address as it is now, however often it was read before."""

    def generate(context, builder, sig, args):
        return builder.load_atomic(pointer(builder, args[0], I64), "seq_cst", 8)

    return types.int64(types.int64), generate


@operation
def atomic_replace(typing, address, expected, value):
    """Store `value` at an address if `expected` stands there; whether it did."""

    def generate(context, builder, sig, args):
        place = pointer(builder, args[0], I64)
        return builder.extract_value(builder.cmpxchg(place, args[1], args[2], "seq_cst", "seq_cst"), 1)

    return types.boolean(types.int64, types.int64, types.int64), generate


X86, ARM = ("x86_64", "amd64"), ("aarch64", "arm64")


@operation
def pause(typing):
    """Tell the core that this thread only waits, so that a sibling on the same core runs faster meanwhile."""

    def generate(context, builder, sig, args):
        machine, nothing = platform.machine().lower(), ir.VoidType()
        if machine in X86:
            kind = ir.FunctionType(nothing, [])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse2.pause"), [])
        elif machine in ARM:
            kind = ir.FunctionType(nothing, [I32])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.aarch64.hint"), [I32(1)])
        return context.get_dummy_value()

    return types.void(), generate
