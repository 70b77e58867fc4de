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
    PLAN_KEPT_BYTES,  # what a residual keeps of a tile: its wires, then a ket a segment
    PLAN_SUMS,  # numbers that a chunk adds to the shared gradients, rounded up to whole vectors
    PLAN_SUMS_HEAD,  # those before the slopes of the tables: shared values, steps; rounded up too
    PLAN_LATE,  # 1: some turn behind the prefix differs from row to row
    PLAN_N_SEGMENTS,
    PLAN_N_GROUPS,
    PLAN_N_GATES,
    PLAN_N_STEPS,
    PLAN_N_TABLES,
    PLAN_N_Z_WORDS,
    PLAN_N_FLIP_WORDS,
    PLAN_N_SHARED_STEPS,
    PLAN_SEGMENTS,  # -> SEGMENT records
    PLAN_GROUPS,  # -> GROUP records
    PLAN_GATES,  # -> GATE records
    PLAN_TURNS,  # -> TURN records of the mixing blocks
    PLAN_PREFIX,  # -> TURN records of the prefix
    PLAN_STEPS,  # -> STEP records of the prefix
    PLAN_STEP_FIRST,  # -> int64 (qubits + 1): first prefix step of each bit
    PLAN_TABLE_TURNS,  # -> TURN records of the shared diagonals
    PLAN_TABLE_FIRST,  # -> int64 (tables + 1): first turn of each table
    PLAN_LANE_TURNS,  # -> TURN records of the row diagonals
    PLAN_Z_WORDS,  # -> Z_WORD records
    PLAN_FLIP_WORDS,  # -> FLIP_WORD records
    PLAN_READING,  # a READING record, 0 if the words of Z need the whole transform
    PLAN_ENTRIES,  # -> addresses of the compiled pieces, indexed by ENTRY_* and kernel numbers
    PLAN_SIZE,
) = range(34)

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

# A group: a few commuting turns with independent x masks, on one sign class of cosets.
(
    GROUP_WIDTH,  # turns K; a coset has 2 ** K amplitudes
    GROUP_COSETS,  # number of cosets
    GROUP_BASES,  # -> uint32 byte offsets of their first amplitudes
    GROUP_OFFSETS,  # -> int64 (2 ** K) byte offsets inside a coset
    GROUP_GATE,  # first of its K gates
    GROUP_TWIN,  # first group with the same turns (another sign class), -1 if this is the first
    GROUP_TABLE,  # phase table that takes the product of cosines, -1 for none
    GROUP_FORWARD,  # numbers of its kernels; those that carry a table stand one further
    GROUP_UNDO,
    GROUP_SLOPES,
    GROUP_SIZE,
) = range(11)

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
    TURN_X,
    TURN_Z,  # z mask; of a prefix turn: the axis, 0 X, 1 Y, 2 Z
    TURN_COEFFICIENT,
    TURN_CONSTANT,
    TURN_SIZE,
) = range(7)
KIND_CONSTANT, KIND_SHARED, KIND_ROW = range(3)

# A step of the prefix on one bit: a turn that differs from row to row, or all neighbours that do not, as one matrix.
(
    STEP_TURN,  # prefix turns STEP_TURN .. STEP_END - 1
    STEP_END,
    STEP_SHARED,  # number among the shared steps, -1 for a row turn
    STEP_SIZE,
) = range(4)

(Z_WORD_MASK, Z_WORD_PLACE, Z_WORD_SIZE) = range(3)  # place: column of the values
(
    FLIP_WORD_X,
    FLIP_WORD_Z,
    FLIP_WORD_ODD,  # 1: an odd number of Y, so that a factor i is left beside the sign
    FLIP_WORD_SIGN,  # i^popcount(x & z) = sign, or sign * i
    FLIP_WORD_PLACE,
    FLIP_WORD_SIZE,
) = range(6)

# How independent words of Z are read: cosets on which word k is bit k of the member, or of the coset's number.
(
    READING_WIDTH,  # words that are read inside a coset
    READING_COSETS,
    READING_BASES,  # -> uint32 byte offsets
    READING_OFFSETS,  # -> int64 (2 ** width) byte offsets inside a coset
    READING_SUM,  # number of the kernel that sums probabilities
    READING_BRA,  # number of the kernel that makes the bra
    READING_SIZE,
) = range(7)

# ------------------------------------------------------------------------------------------------ one call
(
    FRAME_PLAN,  # the packed plan; from here to FRAME_CALL everything is written anew for each call
    FRAME_WORK,  # the buffers of a call on one thread
    FRAME_SHARED,  # -> REAL (shared), 0: an earlier call has prepared what depends on them
    FRAME_SHARED_GRADIENT,  # -> REAL (shared), 0: not wanted
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
    FRAME_GO,  # what helpers wait for: 1 take chunks, 2 there is nothing to do
    FRAME_SUMS,  # -> float64 (chunks, sums): what each chunk adds to the shared gradients
    FRAME_RESIDUAL,  # -> kets kept for a later gradient, 0: none
    FRAME_RESUME,  # 1: the kets lie in the residual already
    FRAME_ROLLING,  # 1: two kets in turn instead of one a segment
    FRAME_CALL,
    FRAME_KETS,  # -> REAL (batch, amplitudes, 2): last kets, 0: not wanted
    FRAME_LEAN,  # 1: few buffers; kets are un-computed and table gradients read tile by tile
    FRAME_FLIP_X,  # the Pauli frame at the end: the state is i^quarters X^x Z^z times the last ket
    FRAME_FLIP_Z,
    FRAME_FLIP_QUARTERS,
    FRAME_COSSIN,  # -> float64 (turns, 2): cosine and tangent, the tangent at most 1
    FRAME_SIGNS,  # -> float64 (turns): sign of each turn's angle in the Pauli frame of the turns before it
    FRAME_FLIPS,  # -> int64 (segments): x mask of the Pauli frame before each segment
    FRAME_MATRICES,  # -> REAL (shared steps, 4): first column of each matrix
    FRAME_AXES,  # -> float64 (prefix turns, 3): axis of each turn, carried to the end of its step
    FRAME_RETURNS,  # -> REAL (shared steps, 9): what a step does to slopes about X, Y and Z, undone
    FRAME_FACTORS,  # -> float64 (tables + 1): products of cosines; the last is a factor of the whole state
    FRAME_TABLES,  # -> REAL (tables, amplitudes, 2): phases times their factor
    FRAME_SCRATCH,  # -> float64 (amplitudes)
    FRAME_VECTORS,  # -> three vectors, or nine float64
    FRAME_WORD_FACTORS,  # -> REAL (words): sign in the Pauli frame, times what the kets leave out, squared
    FRAME_SIZE,
) = range(38)
FRAME_BUFFERS = FRAME_COSSIN  # from here on the addresses of buffers that belong to the frame

# ------------------------------------------------------------------------------------------------ one thread
(
    WORK_INPUTS,  # row values, one vector a column
    WORK_COEFFICIENTS,  # (gates, 2) vectors: what the kernels read
    WORK_WIRES,  # (qubits, 4) vectors: both amplitudes of each wire; then (prefix steps, 2): cosines of row turns
    WORK_LEVELS,  # product states of the first wires of both halves, and the bras that the halves see
    WORK_SPECTRUM,  # (amplitudes) vectors that a Walsh-Hadamard transform acts on
    WORK_BRA,
    WORK_SCRATCH,  # sixteen vectors
    WORK_LANES,  # one vector, to be read lane by lane
    WORK_INPUT_GRADIENT,  # (rows) vectors
    WORK_SHARED_SUM,  # (shared) vectors; it and the next two are the sums of a chunk, one behind the other
    WORK_STEP_SUM,  # (shared steps, 3) vectors: slopes about X, Y and Z at the end of each
    WORK_TABLE_SUM,  # (tables, amplitudes) vectors; lean: one table
    WORK_PHASES,  # (row diagonals, amplitudes, 2) vectors; rolling: one
    WORK_KETS,
    WORK_SIZE,
) = range(15)

# ------------------------------------------------------------------------------------------------ compiled pieces
ENTRY_NAMES = (
    "begin",
    "step",
    "step_shared",
    "help_step",
    "finish",
    "run_chunks",
    "prepare",
    "prepare_tables",
    "transform_scalars",
    "transform_vectors",
    "load_shared",
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
    "read_apart",
    "read_flip_word",
    "start_bra",
    "start_apart",
    "add_flip_word",
    "run_forward",
    "run_backward",
    "undo_segment",
    "close_chunk",
    "store_ket",
    "xla_call",
)
(
    ENTRY_BEGIN,
    ENTRY_STEP,
    ENTRY_STEP_SHARED,
    ENTRY_HELP_STEP,
    ENTRY_FINISH,
    ENTRY_RUN_CHUNKS,
    ENTRY_PREPARE,
    ENTRY_PREPARE_TABLES,
    ENTRY_TRANSFORM_SCALARS,
    ENTRY_TRANSFORM_VECTORS,
    ENTRY_LOAD_SHARED,
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
    ENTRY_READ_APART,
    ENTRY_READ_FLIP_WORD,
    ENTRY_START_BRA,
    ENTRY_START_APART,
    ENTRY_ADD_FLIP_WORD,
    ENTRY_RUN_FORWARD,
    ENTRY_RUN_BACKWARD,
    ENTRY_UNDO_SEGMENT,
    ENTRY_CLOSE_CHUNK,
    ENTRY_STORE_KET,
    ENTRY_XLA_CALL,
    FIRST_KERNEL,
) = range(35)
