# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
"""Answers the questions of the parent process, one after the other, until its pipe ends or the parent is gone.

Started as `python .../worker PARENT`: this folder is the first on the path, and qml need not be installed.
"""

import os
import sys
import threading
import time

import frames

LOOK_S = 1.0


def main():
    """Serve standard input; whatever else writes to standard output goes to standard error."""
    parent = int(sys.argv[1])
    questions = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    from served import Served

    served = Served()
    while (question := frames.read(questions)) is not None:
        message, arrays = question
        reply, found = served.answer(message, arrays)
        frames.write(answers, reply, found)


def _end_with(parent):
    """End this process when its parent has."""
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os._exit(0)


if __name__ == "__main__":
    main()
