"""Every table and record that Python packs and compiled code reads, its fields named once.

A table is an array of `int64`; a field is a number or the address of an array. Both sides use the same constants:
`table[PLAN_QUBITS] = n` in Python, `at(plan, PLAN_QUBITS)` in the driver. The last name of each list is its length.

Three tables reach every compiled piece:

* `PLAN`: the packed plan, written once, shared by all threads and calls;
* `FRAME`: one call, with what was prepared from the shared values;
* `WORK`: the buffers of one thread.
"""

from __future__ import annotations

# ------------------------------------------------------------------------------------------------ the packed plan
(
    PLAN_QUBITS,
    PLAN_AMPLITUDES,  # 2 ** qubits
    PLAN_SHARED,  # number of shared values
    PLAN_ROWS,  # columns of the row values
    PLAN_WORDS,  # words read in all: the stride of values and cotangents
    PLAN_INITIAL,  # 1: amplitudes are handed in
    PLAN_KET_BYTES,  # distance of two kets in memory
    PLAN_N_SEGMENTS,
    PLAN_N_GROUPS,
    PLAN_N_GATES,
    PLAN_N_TURNS,
    PLAN_N_PREFIX,
    PLAN_N_TABLES,
    PLAN_N_Z_WORDS,
    PLAN_N_FLIP_WORDS,
    PLAN_SEGMENTS,  # -> SEGMENT records
    PLAN_GROUPS,  # -> GROUP records
    PLAN_GATES,  # -> GATE records
    PLAN_TURNS,  # -> TURN records of the mixing blocks
    PLAN_PREFIX,  # -> TURN records of the prefix
    PLAN_PREFIX_FIRST,  # -> int64 (qubits + 1): first prefix turn of each bit
    PLAN_TABLE_TURNS,  # -> TURN records of the shared diagonals
    PLAN_TABLE_FIRST,  # -> int64 (tables + 1): first turn of each table
    PLAN_LANE_TURNS,  # -> TURN records of the row diagonals
    PLAN_Z_WORDS,  # -> Z_WORD records
    PLAN_FLIP_WORDS,  # -> FLIP_WORD records
    PLAN_ENTRIES,  # -> addresses of the compiled pieces, indexed by ENTRY_* and kernel numbers
    PLAN_SIZE,
) = range(28)

# A segment: an optional phase table, an optional row diagonal, then groups that commute.
(
    SEGMENT_TABLE,  # number of its phase table, -1 for none
    SEGMENT_GROUP,  # groups SEGMENT_GROUP .. SEGMENT_GROUP_END - 1
    SEGMENT_GROUP_END,
    SEGMENT_LANE,  # row diagonal turns SEGMENT_LANE .. SEGMENT_LANE_END - 1
    SEGMENT_LANE_END,
    SEGMENT_PHASES,  # number of its buffer of row phases
    SEGMENT_SIZE,
) = range(7)

# A group: up to three commuting turns with independent x masks, on one sign class of cosets.
(
    GROUP_WIDTH,  # turns K; a coset has 2 ** K amplitudes
    GROUP_COUPLING,  # 0: re and im apart (odd number of Y), 1: re coupled with im
    GROUP_COSETS,  # number of cosets
    GROUP_BASES,  # -> uint32 byte offsets of their first amplitudes
    GROUP_OFFSETS,  # -> int64 (2 ** K) byte offsets inside a coset
    GROUP_GATE,  # first of its K gates
    GROUP_BY_ROW,  # 1: some turn differs from row to row
    GROUP_TWIN,  # first group with the same turns (another sign class), -1 if this is the first
    GROUP_TABLE,  # phase table that takes the product of cosines, -1 for none
    GROUP_SIZE,
) = range(10)

(
    GATE_TURN,
    GATE_SIGN,  # of the turn on this sign class
    GATE_FIRST,  # the first gate of the same turn, which may be this one
    GATE_SIZE,
) = range(4)

# A turn. The two float64 fields are read with `f64at`.
(
    TURN_KIND,  # KIND_*
    TURN_COLUMN,
    TURN_Z,  # z mask; of a prefix turn: the axis, 0 X, 1 Y, 2 Z
    TURN_COEFFICIENT,
    TURN_CONSTANT,
    TURN_SIZE,
) = range(6)
KIND_CONSTANT, KIND_SHARED, KIND_ROW = range(3)

(Z_WORD_MASK, Z_WORD_PLACE, Z_WORD_SIZE) = range(3)  # place: column of the values
(
    FLIP_WORD_X,
    FLIP_WORD_Z,
    FLIP_WORD_ODD,  # 1: an odd number of Y, so that a factor i is left beside the sign
    FLIP_WORD_SIGN,  # i^popcount(x & z) = sign, or sign * i
    FLIP_WORD_PLACE,
    FLIP_WORD_SIZE,
) = range(6)

# ------------------------------------------------------------------------------------------------ one call
(
    FRAME_COSSIN,  # -> float64 (turns, 2): cosine and sine, or 1 and tangent
    FRAME_PREFIX_COSSIN,  # -> float64 (prefix turns, 2)
    FRAME_FORMS,  # -> int64 (groups): 0 tangent form, 1 general form
    FRAME_FACTORS,  # -> float64 (tables + 1): products of cosines; the last is a factor of the whole state
    FRAME_TABLES,  # -> REAL (tables, amplitudes, 2): phases times their factor
    FRAME_SCRATCH,  # -> float64 (amplitudes)
    FRAME_VECTORS,  # -> three vectors
    FRAME_INPUTS,  # -> REAL (batch, rows)
    FRAME_VALUES,  # -> REAL (batch, words), 0: not wanted
    FRAME_COTANGENT,  # -> REAL (batch, words), 0: no gradient
    FRAME_INPUT_GRADIENT,  # -> REAL (batch, rows)
    FRAME_STATES,  # -> REAL (batch or 1, amplitudes, 2): initial amplitudes
    FRAME_STATE_STRIDE,  # bytes from row to row of the initial amplitudes, 0: one for all
    FRAME_STATE_GRADIENT,  # -> REAL (batch, amplitudes, 2)
    FRAME_BATCH,
    FRAME_CHUNK_TILES,  # tiles of one chunk
    FRAME_CHUNKS,
    FRAME_TICKET,  # next chunk to be taken
    FRAME_SUMS,  # -> float64 (chunks, shared + tables * amplitudes): shared gradients of each chunk
    FRAME_RESIDUAL,  # -> kets kept for a later gradient, 0: none
    FRAME_RESUME,  # 1: the kets lie in the residual already
    FRAME_LEAN,  # 1: few buffers; kets are un-computed and table gradients read tile by tile
    FRAME_ROLLING,  # 1: two kets in turn instead of one a segment
    FRAME_KETS,  # -> REAL (batch, amplitudes, 2): last kets, 0: not wanted
    FRAME_SIZE,
) = range(25)

# ------------------------------------------------------------------------------------------------ one thread
(
    WORK_INPUTS,  # row values, one vector a column
    WORK_COEFFICIENTS,  # (gates, 2) vectors: what the kernels read
    WORK_PREFIX,  # (prefix turns, 2) vectors: cosine and sine
    WORK_WIRES,  # (qubits, 4) vectors: re, im of both amplitudes of each wire
    WORK_LEVELS,  # product states of the first wires, for the gradient of the prefix
    WORK_SPECTRUM,  # (amplitudes) vectors that a Walsh-Hadamard transform acts on
    WORK_BRA,
    WORK_SCRATCH,  # sixteen vectors
    WORK_SHARED_SUM,  # (shared) vectors
    WORK_INPUT_GRADIENT,  # (rows) vectors
    WORK_TABLE_SUM,  # (tables, amplitudes) vectors; lean: one table
    WORK_PHASES,  # (row diagonals, amplitudes, 2) vectors; rolling: one
    WORK_KETS,
    WORK_SIZE,
) = range(14)

# ------------------------------------------------------------------------------------------------ compiled pieces
ENTRY_NAMES = (
    "prepare",
    "missing_kernel",
    "prepare_tables",
    "transform_scalars",
    "transform_vectors",
    "load_rows",
    "prefix_forward",
    "prefix_backward",
    "load_states",
    "store_state_gradient",
    "store_row_gradient",
    "row_phases",
    "diagonal_forward",
    "diagonal_backward",
    "diagonal_undo",
    "table_slopes",
    "read_z_words",
    "read_flip_word",
    "start_bra",
    "add_flip_word",
    "run_forward",
    "run_backward",
    "undo_segment",
    "load_shared",
    "run_chunks",
    "close_chunk",
    "finish",
    "begin",
    "store_ket",
)
(
    ENTRY_PREPARE,
    ENTRY_MISSING_KERNEL,
    ENTRY_PREPARE_TABLES,
    ENTRY_TRANSFORM_SCALARS,
    ENTRY_TRANSFORM_VECTORS,
    ENTRY_LOAD_ROWS,
    ENTRY_PREFIX_FORWARD,
    ENTRY_PREFIX_BACKWARD,
    ENTRY_LOAD_STATES,
    ENTRY_STORE_STATE_GRADIENT,
    ENTRY_STORE_ROW_GRADIENT,
    ENTRY_ROW_PHASES,
    ENTRY_DIAGONAL_FORWARD,
    ENTRY_DIAGONAL_BACKWARD,
    ENTRY_DIAGONAL_UNDO,
    ENTRY_TABLE_SLOPES,
    ENTRY_READ_Z_WORDS,
    ENTRY_READ_FLIP_WORD,
    ENTRY_START_BRA,
    ENTRY_ADD_FLIP_WORD,
    ENTRY_RUN_FORWARD,
    ENTRY_RUN_BACKWARD,
    ENTRY_UNDO_SEGMENT,
    ENTRY_LOAD_SHARED,
    ENTRY_RUN_CHUNKS,
    ENTRY_CLOSE_CHUNK,
    ENTRY_FINISH,
    ENTRY_BEGIN,
    ENTRY_STORE_KET,
    FIRST_KERNEL,
) = range(30)
