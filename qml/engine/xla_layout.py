"""Where the handler for XLA finds what: XLA's own structs, and the tables that `qml.engine.xla` makes for it.

Offsets of XLA's structs are numbers of eight bytes, from `xla/ffi/api/c_api.h` (`XLA_FFI_CallFrame` and what it points
to); `qml.layers.jax_ffi` compares that header, where it is installed, with what stands here before anything is used.
"""

from __future__ import annotations

# ------------------------------------------------------------------------------------------------ structs of XLA
XLA_EXTENSION = 1  # of every struct: -> a chain of extensions
XLA_API, XLA_STAGE = 2, 4
XLA_ARGUMENTS, XLA_RESULTS, XLA_ATTRIBUTES = 9, 14, 20  # -> pointers to buffers, buffers, attributes
XLA_BUFFER_DATA = 3
XLA_ARRAY_DATA = 2  # of an attribute that is an array of numbers
XLA_ERROR_CREATE = 6  # a function of the API
XLA_METADATA, XLA_VERSION = 3, 3  # of the metadata extension; of the metadata it points to
STAGE_EXECUTE = 3
EXTENSION_METADATA = 1
ERROR_INVALID = 3
ERROR_SIZE = 28  # bytes

# ------------------------------------------------------------------------------------------------ a station
# What the handler knows of one plan, for as long as the process lives.
(
    STATION_PLAN,
    STATION_VERSION,  # of XLA's interface: minor << 32 | major
    STATION_FRAME,  # -> int64 (FRAME_SIZE): a frame whose buffers begin at 0
    STATION_WORK_OFFSETS,  # -> int64 (WORK_SIZE), forward only
    STATION_GRADIENT_OFFSETS,  # -> int64 (WORK_SIZE), with a gradient
    STATION_CREW,  # -> the threads that help
    STATION_RING,  # -> where residuals wait; 0: the budget is nothing
    STATION_NO_NORM,  # -> text of an error
    STATION_NOT_FINITE,  # -> text of an error
    STATION_SIZE,
) = range(10)

# ------------------------------------------------------------------------------------------------ one call
# The attribute of a call: everything that follows from shapes. It stands in compiled programs, which JAX may store and
# run in another process: no address may be among it.
(
    CALL_GRADIENT,  # 1: gradients instead of values
    CALL_KETS,  # bytes from the start of a residual to its kets; 0: no residual
    CALL_RESIDUAL,  # bytes of a residual
    CALL_INITIAL,  # 1: initial amplitudes are handed in
    CALL_CHECKED,  # 1: their norm may be nothing
    CALL_STRIDE,  # bytes from row to row of the initial amplitudes
    CALL_ROLLING,
    CALL_BATCH,
    CALL_TILES,  # of one chunk
    CALL_CHUNKS,
    CALL_THREADS,
    CALL_BUFFERS,  # offset of the frame's buffers in the scratch memory
    CALL_SUMS,  # offset of the sums
    CALL_WORK,  # offset of the first workspace
    CALL_WORK_STRIDE,
    CALL_HELPERS,  # offset of the addresses of the workspaces behind the first
    CALL_SIZE,
) = range(17)
CALL_NAMES = (
    "gradient",
    "kets",
    "residual",
    "initial",
    "checked",
    "stride",
    "rolling",
    "batch",
    "tiles",
    "chunks",
    "threads",
    "buffers",
    "sums",
    "work",
    "work_stride",
    "helpers",
)

# ------------------------------------------------------------------------------------------------ a residual
RESIDUAL_HEAD = 64  # bytes: the frame's numbers; then its buffers, then the kets

# The ring in which residuals wait for their gradients (`driver/ring.py`).
(
    RING_LOCK,  # 1: some thread changes the ring
    RING_NONCE,  # of this ring alone: a token of any other is seen
    RING_GENERATION,  # residuals written so far
    RING_BOTTOM,  # number of the oldest record
    RING_TOP,  # one beyond the newest record
    RING_HIGH,  # one beyond the last record above it that is still intact
    RING_CAPACITY,  # bytes
    RING_MEMORY,  # -> that many bytes
    RING_RECORDS,  # -> RECORDS records
    RING_REST,  # -> gives the rest of a time slice away; 0: none
    RING_FOUND,  # gradients that started from a residual
    RING_MISSED,  # gradients that did not find theirs
    RING_OVERTAKEN,  # residuals that made room for newer ones before any gradient had read them
    RING_REFUSED,  # forward runs that found everything held
    RING_SIZE,
) = range(15)
RECORDS = 4096

(
    RECORD_GENERATION,  # of the residual that lies here; 0: none that may be read
    RECORD_NUMBER,
    RECORD_START,  # of its bytes in the ring's memory
    RECORD_END,
    RECORD_HOLDERS,  # runs that write or read it now
    RECORD_READ,  # 1: some gradient has read it
    RECORD_STATION,
    RECORD_BATCH,
    RECORD_SIZE,
) = range(9)

# What goes through XLA in place of a residual. All zero: there is none.
(TOKEN_NONCE, TOKEN_GENERATION, TOKEN_NUMBER, TOKEN_SIZE) = range(4)
TOKEN_BYTES = 8 * TOKEN_SIZE
