"""Every table that Python packs and this engine's compiled half reads, its fields named once.

A table is an array of `int64`; a field is a number or the address of an array. `PLAN` is packed once a plan, `FRAME`
is one row in progress, `WORK` holds the buffers of one thread. The last name of each list is its length.
"""

from __future__ import annotations

from qml.engine.wide.kernels import kernel_names

# ------------------------------------------------------------------------------------------------ the packed plan
(
    PLAN_LANE_BITS,
    PLAN_VECTORS,  # vectors of a state
    PLAN_LOW_VECTORS,  # vectors of the lower half of a product state
    PLAN_ENTRIES,  # -> addresses of the compiled pieces
    PLAN_LANE_SIGNS,  # -> REAL (lanes, lanes): the sign that each mask of lane bits gives each lane
    PLAN_LANE_MASKS,  # -> integers (lanes, lanes): the same, -1 for minus and 0 for plus
    PLAN_SIZE,
) = range(7)

(
    SWEEP_VECTORS,  # vectors of a tile
    SWEEP_TILES,
    SWEEP_CHUNKS,  # tiles are taken in this many chunks, whose sums are kept apart
    SWEEP_SLOTS,  # numbers that a chunk sums: slopes, then values of words
    SWEEP_BASES,  # -> int64 (tiles): bytes from the start of the state to the first vector
    SWEEP_OFFSETS,  # -> int64 (vectors): bytes, to be XORed to the base
    SWEEP_SHEARS,  # -> int64 (vectors): permutation of the lanes, 0 for none anywhere
    SWEEP_FORWARD,  # -> STEP records
    SWEEP_FORWARD_END,
    SWEEP_BACKWARD,  # -> STEP records, in the order of the forward run
    SWEEP_BACKWARD_END,
    SWEEP_WORDS,  # -> STRINGS record of the words of Z alone, 0: none
    SWEEP_SIZE,
) = range(13)

(
    STEP_STRINGS,  # -> STRINGS record of a diagonal step, 0: a group of turns
    STEP_KERNEL,  # number of its kernel
    STEP_BASES,  # -> uint32 (cosets): bytes
    STEP_COSETS,
    STEP_OFFSETS,  # -> int64: what the kernel wants
    STEP_GATE,  # -> GATE records
    STEP_GATE_END,
    STEP_CROSS,  # 1: the kernel turns vectors and lanes, and wants two coefficients
    STEP_FACTOR,  # number of its product of cosines
    STEP_SIZE,
) = range(10)

(
    GATE_TURN,
    GATE_SLOT,
    GATE_SIGN,  # of the turn on these cosets
    GATE_BASE,  # the mask whose parity with the base of a tile gives its sign
    GATE_LANES,  # mask of lane bits
    GATE_TWIST,  # the second member of a crossing pair: 1 or -1
    GATE_SIZE,
) = range(7)

# Words of Z alone in a tile: `low` ones differ within a row of sixteen vectors only, `high` ones from row to row too.
(
    STRINGS_LOW,  # -> TERM records
    STRINGS_LOW_END,
    STRINGS_HIGH,  # -> TERM records, sorted by place
    STRINGS_HIGHS,
    STRINGS_FIRST,  # -> int64 (17): first high term of each place of a row
    STRINGS_PICKS,  # -> uint32 (rows, highs): bytes to the term with its sign on that row
    STRINGS_SIGNS,  # -> REAL (rows, highs): that sign
    STRINGS_SIZE,
) = range(8)

(
    TERM_NUMBER,  # of the turn, or of the word
    TERM_SLOT,
    TERM_PLACE,  # of a row
    TERM_BASE,
    TERM_LANES,
    TERM_SIZE,
) = range(6)

(FLIP_X, FLIP_Z, FLIP_ODD, FLIP_SIGN, FLIP_SIZE) = range(5)  # as in `qml.engine.layout`

# ------------------------------------------------------------------------------------------------ one row
(
    FRAME_KET,
    FRAME_BRA,
    FRAME_SOURCE,  # the ket that a sweep reads; elsewhere than it is stored where a residual must stay
    FRAME_TANGENTS,  # -> float64 (turns): tan(angle / 2)
    FRAME_FACTORS,  # -> float64 (factors): products of cosines
    FRAME_PHASES,  # -> int64 (turns): -angle / 2 in units of 2**-64 turns
    FRAME_COTANGENT,  # -> float64 (words)
    FRAME_SUMS,  # -> float64 (chunks, slots)
    FRAME_TICKET,  # next chunk to be taken
    FRAME_LOW,  # -> vectors: product state of the lower bits
    FRAME_HIGH,  # -> REAL (.., 2): product state of the upper bits
    FRAME_LOW_SUMS,  # -> vectors (chunks, low vectors, 2): the bra contracted with the upper half
    FRAME_HIGH_SUMS,  # -> float64 (.., 2): the bra contracted with the lower half
    FRAME_CHUNKS,  # of contractions and of words that flip bits
    FRAME_SIZE,
) = range(15)

# ------------------------------------------------------------------------------------------------ one thread
(
    WORK_KET,
    WORK_BRA,
    WORK_COEFFICIENTS,  # eight vectors
    WORK_OUT,  # eight vectors
    WORK_LOW,  # sixteen vectors: the part of a row that all rows of a tile share
    WORK_ROW,  # sixteen vectors
    WORK_ANGLES,  # sixteen cosines and sines
    WORK_HIGH,  # (highs, 2) vectors: each term, and its negative
    WORK_HIGH_SUMS,  # (highs) vectors
    WORK_SIZE,
) = range(10)
MOST_STRINGS = 256  # high terms that one step may have

# ------------------------------------------------------------------------------------------------ what a sweep does
MAKE_PRODUCT, LOAD_KET, LOAD_BRA, FORWARD, READ, START_BRA, BACKWARD, STORE_KET, STORE_BRA = (1 << k for k in range(9))

ENTRY_NAMES = (
    "load_tile",
    "store_tile",
    "make_product",
    "phase_forward",
    "phase_backward",
    "read_words",
    "start_bra",
    "move_forward",
    "move_backward",
    "run_sweep",
    "contract",
    "read_flip",
    "add_flip",
)
(
    ENTRY_LOAD_TILE,
    ENTRY_STORE_TILE,
    ENTRY_MAKE_PRODUCT,
    ENTRY_PHASE_FORWARD,
    ENTRY_PHASE_BACKWARD,
    ENTRY_READ_WORDS,
    ENTRY_START_BRA,
    ENTRY_MOVE_FORWARD,
    ENTRY_MOVE_BACKWARD,
    ENTRY_RUN_SWEEP,
    ENTRY_CONTRACT,
    ENTRY_READ_FLIP,
    ENTRY_ADD_FLIP,
    FIRST_KERNEL,
) = range(14)
ENTRIES = ENTRY_NAMES + kernel_names()
