"""The engine for few rows of many qubits: one row at a time, neighbouring amplitudes in the lanes of a vector.

Memory holds one ket, and one bra for gradients. A *sweep* goes over it once, tile by tile: a tile is a coset of a
subspace of indices that fits the nearest caches, and all rotations whose x masks lie in that subspace are applied to it
before it goes back. `sweeps` cuts a Plan into as few of them as it can, `pack` writes them down for `driver`, and
`runner` has the same door as `qml.engine.runner.Runner`.
"""
