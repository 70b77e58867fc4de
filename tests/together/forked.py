"""Processes that train one model together, forked off a script that has loaded everything once."""

import os
import traceback
from contextlib import contextmanager

from qml.base.ranks import Ranks
from qml.learn.torch_ranks import meeting_point


@contextmanager
def fork_ranks(world, work):
    """Start `work(rank)` in `world` processes, which can meet while it lasts; gives their ids.

    A process exits with 1 if `work` raises.
    """
    with meeting_point() as meeting:
        yield [_forked(Ranks(rank, world, rank, world), meeting, work) for rank in range(world)]


def _forked(place, meeting, work):
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.environ.update({**meeting, **place.environ})
        work(place.rank)
        status = 0
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        os._exit(status)


def ends(children):
    """Exit statuses, or signals as negative numbers."""
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
