"""Threads that help a call: claimed, woken, and left behind or waited for, with no lock of the interpreter in between.

A helper that has nothing to do looks at its post for some microseconds, as the backward half of a step follows the
forward half, and then sleeps at a lock. A helper that has not begun when its call has no work left is not waited for:
on a busy machine a call costs what one thread takes, not the time until the other one is given a core.
"""

from numba import njit

from qml.engine import crew_layout as C
from qml.engine.atomics import atomic_load, atomic_replace, atomic_swap, pause
from qml.engine.vector import at, call, put

LOOKS = 200  # some microseconds of them, before a thread that waits gives its core away


@njit(error_model="numpy")
def watch(place, value, looks):
    """Look at a number so many times, or until it is another than `value`."""
    while looks > 0 and atomic_load(place) == value:
        pause()
        looks -= 1


@njit(error_model="numpy")
def wait(rest, place, value):
    """Look at a number until it is another than `value`; `rest` is the address of what gives a core away, 0 for none.

    The thread that will change it may be one that this core could run instead: so the core is given away again and
    again.
    """
    while True:
        watch(place, value, LOOKS)
        if atomic_load(place) != value:
            return
        if rest != 0:
            call(rest)


@njit(error_model="numpy")
def call_helper(crew, taken, job, first, second, third):
    """Let a free helper run `job(first, second, third)`; the posts taken so far, or the same if none is free."""
    post = crew + 8 * C.CREW_FIRST
    for _ in range(atomic_load(crew + 8 * C.CREW_POSTS)):
        if atomic_load(post + 8 * C.POST_TAKEN) == 0 and atomic_swap(post + 8 * C.POST_TAKEN, 1) == 0:
            put(post, C.POST_NEXT, taken)
            put(post, C.POST_JOB, job)
            put(post, C.POST_FIRST, first)
            put(post, C.POST_SECOND, second)
            put(post, C.POST_THIRD, third)
            if atomic_swap(post + 8 * C.POST_STATE, C.CALLED) == C.ASLEEP:
                call(at(crew, C.CREW_RELEASE), at(post, C.POST_BELL))
            return post
        post += 8 * C.POST_SIZE
    return taken


@njit(error_model="numpy")
def dismiss_helpers(crew, post):
    """Wait for those of the taken helpers that have begun, and free all."""
    while post != 0:
        state, following = post + 8 * C.POST_STATE, at(post, C.POST_NEXT)
        if not atomic_replace(state, C.CALLED, C.AWAKE):
            watch(state, C.AT_WORK, at(crew, C.CREW_PATIENCE))
            if atomic_replace(state, C.AT_WORK, C.AWAITED):
                call(at(crew, C.CREW_ACQUIRE), at(post, C.POST_DONE), 1)
        atomic_swap(post + 8 * C.POST_TAKEN, 0)
        post = following


def look(place, value, looks):
    """`watch` for Python, which measures how long it takes."""
    watch(place, value, looks)
    return 0


def call_one(crew, taken, job, first, second):
    """`call_helper` for Python; what is taken is stored before Python, which a signal may interrupt, goes on."""
    put(taken, 0, call_helper(crew, at(taken, 0), job, first, second, 0))
    return 0


def dismiss(crew, taken):
    """`dismiss_helpers` for Python."""
    dismiss_helpers(crew, at(taken, 0))
    return 0


def serve(crew, post):
    """The life of a helper."""
    state = post + 8 * C.POST_STATE
    while True:
        watch(state, C.AWAKE, at(crew, C.CREW_SPINS))
        if atomic_replace(state, C.AWAKE, C.ASLEEP):
            call(at(crew, C.CREW_ACQUIRE), at(post, C.POST_BELL), 1)
        if atomic_replace(state, C.CALLED, C.AT_WORK):
            call(at(post, C.POST_JOB), at(post, C.POST_FIRST), at(post, C.POST_SECOND), at(post, C.POST_THIRD))
            if atomic_swap(state, C.AWAKE) == C.AWAITED:
                call(at(crew, C.CREW_RELEASE), at(post, C.POST_DONE))
