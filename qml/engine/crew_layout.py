"""The table through which calls and the threads that help them speak, its fields named once; see `qml.engine.pool`."""

from __future__ import annotations

# ------------------------------------------------------------------------------------------------ the crew
(
    CREW_ACQUIRE,  # -> function (lock, 1): sleep until the lock is open, and close it
    CREW_RELEASE,  # -> function (lock): open it
    CREW_SPINS,  # looks at a post before its helper goes to sleep
    CREW_PATIENCE,  # looks at a helper at work before its caller goes to sleep
    CREW_POSTS,  # number of posts
    CREW_REST,  # -> function (): give the rest of a time slice away; 0: none
    CREW_FIRST,  # the first post, on cache lines of its own
) = (0, 1, 2, 3, 4, 5, 16)

# ------------------------------------------------------------------------------------------------ one helper
(
    POST_TAKEN,  # 1: some call has this helper
    POST_STATE,  # AWAKE ... AWAITED
    POST_NEXT,  # -> the post that the same call has taken before, 0: none
    POST_JOB,  # -> function of the three numbers that follow
    POST_FIRST,
    POST_SECOND,
    POST_THIRD,
    POST_BELL,  # a lock that the helper sleeps at
    POST_DONE,  # a lock that the caller sleeps at
) = range(9)
POST_SIZE = 16  # two cache lines: neighbours in the table do not slow one another

AWAKE, ASLEEP, CALLED, AT_WORK, AWAITED = range(5)
