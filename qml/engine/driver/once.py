"""A whole call on one thread in one step: from Python, each step on its own would cost as much as a small run."""

from qml.engine import layout as L
from qml.engine.vector import at, call


def run_once(
    plan, frame, work, shared, by_shared, rows, words, cotangent, by_rows, states, stride, by_states, batch, gradient
):
    """Values, gradients or both; the number of a kernel that nobody has compiled yet, before anything runs, or 0.

    `gradient` asks for the kernels of a gradient too, which a forward run that leaves a residual will need.
    """
    entries = at(plan, L.PLAN_ENTRIES)
    if at(frame, L.FRAME_RESUME) == 0:
        call(at(entries, L.ENTRY_PREPARE), plan, frame, shared)
        missing = call(at(entries, L.ENTRY_MISSING_KERNEL), plan, frame, gradient)
        if missing != 0:
            return missing
    call(at(entries, L.ENTRY_BEGIN), frame, rows, words, cotangent, by_rows, states, stride, by_states, batch)
    call(at(entries, L.ENTRY_RUN_CHUNKS), plan, frame, work)
    if cotangent != 0:
        call(at(entries, L.ENTRY_FINISH), plan, frame, by_shared)
    return 0
