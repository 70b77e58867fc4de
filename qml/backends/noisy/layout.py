"""Where the compiled half of the noise sweep finds what it works on: places in tables of 64-bit numbers."""

from __future__ import annotations

# a call: addresses, and which operations
FRAME_STATE, FRAME_BRA, FRAME_STORE, FRAME_SCRATCH = 0, 1, 2, 3
FRAME_OPS, FRAME_FIRST, FRAME_LAST = 4, 5, 6
FRAME_LISTS, FRAME_TABLE, FRAME_NUMBERS = 7, 8, 9
FRAME_COSSIN, FRAME_GRADIENT, FRAME_KEEP = 10, 11, 12
FRAME_SIZE = 13

# an operation: its kind, which entries it acts on forward and backward, and what it does
OP_KIND, OP_FORWARD, OP_FORWARD_END, OP_BACKWARD, OP_BACKWARD_END = 0, 1, 2, 3, 4
OP_SIDE = 5  # entries that it mixes
OP_OFFSETS = 6  # where in the table their offsets stand
OP_ROWS, OP_ROWS_BACK = 7, 8  # where in the table its rows stand, and those of its transpose
OP_ITEMS, OP_ITEMS_END = 9, 10  # where in the table the turns and matrices of one wire stand
OP_STORE = 11  # vectors before its own in the store
OP_SIZE = 12

BLOCK, CHANNEL, TURN = 0, 1, 2  # kinds
ITEM_SIZE = 2  # a row of X, Y, Z that it turns with the next, and a column of angles; or MATRIX and where it stands
MATRIX = 3
SCRATCH_VECTORS = 2048
PREFIXES = 64  # vectors of the scratch before those that hold products of items
MAX_ITEMS = (SCRATCH_VECTORS - PREFIXES) // 12

ENTRIES = ("sweep_forward", "sweep_backward")
