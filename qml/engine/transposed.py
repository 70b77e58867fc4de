"""A square of vectors turned over its diagonal in registers: what lay side by side in lanes becomes a row of memory."""

from __future__ import annotations

from llvmlite import ir

I32, I64 = ir.IntType(32), ir.IntType(64)


def store_square(builder, wide: ir.VectorType, vector_bytes: int, source, target, stride, factor) -> None:
    """Store lane `r` of `wide.count` vectors, times `factor`, as one vector at `target + r * stride`.

    The vectors lie behind one another at `source`. Each round interleaves the first half of them with the second;
    after log2(count) rounds numbers and lanes have changed places.
    """
    lanes = wide.count
    scale = _splat(builder, wide, factor)
    vectors = []
    for number in range(lanes):
        value = builder.load(_pointer(builder, source, number * vector_bytes, wide))
        value.align = vector_bytes
        vectors.append(builder.fmul(value, scale))
    low, high = (
        ir.Constant(ir.VectorType(I32, lanes), [start + i // 2 + lanes * (i % 2) for i in range(lanes)])
        for start in (0, lanes // 2)
    )
    for _ in range(lanes.bit_length() - 1):
        pairs = zip(vectors[: lanes // 2], vectors[lanes // 2 :], strict=True)
        vectors = [builder.shuffle_vector(a, b, mask) for a, b in pairs for mask in (low, high)]
    place = target
    for value in vectors:
        builder.store(value, _pointer(builder, place, 0, wide)).align = vector_bytes // lanes
        place = builder.add(place, stride)


def _pointer(builder, address, offset: int, wide: ir.VectorType):
    return builder.inttoptr(builder.add(address, I64(offset)), wide.as_pointer())


def _splat(builder, wide: ir.VectorType, scalar):
    empty = ir.Constant(wide, ir.Undefined)
    first = builder.insert_element(empty, scalar, I32(0))
    return builder.shuffle_vector(first, empty, ir.Constant(ir.VectorType(I32, wide.count), [0] * wide.count))
