"""A Python that has imported what is slow to import: each program that it is asked to run is a fork of it.

A vendor's client that takes seconds of CPU to import can so be started and killed hundreds of times. Nothing but the
standard library is wanted here, for this runs in the environment of the client: `python forking.py SOCKET MODULE ...`
serves, and the program that `stub` writes stands where a Python is asked for.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from pathlib import Path

LOOK_S = 1.0


def started(python: str, folder: Path, modules: tuple[str, ...]) -> tuple[subprocess.Popen, str]:
    """A process that has imported, and the path of a program that runs programs in it."""
    address, program = str(folder / "forks"), folder / "python"
    process = subprocess.Popen(
        [python, __file__, address, *modules],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")},
    )
    assured = process.stdout.readline() if process.stdout else b""
    if not assured:
        process.communicate()
        raise RuntimeError(f"{python} did not import {', '.join(modules)}.")
    lines = (
        f"#!{python} -IS",
        "import sys",
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})",
        f"__import__('forking').ask({address!r})",
    )
    program.write_text("\n".join(lines) + "\n", encoding="utf-8")
    program.chmod(0o700)
    return process, str(program)


def ask(address: str) -> None:
    """Have the words of the command line run, with the pipes and the environment of this process; ends with either."""
    parent = os.getppid()
    said = json.dumps([sys.argv[1:], dict(os.environ), parent]).encode()
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(address)
        socket.send_fds(line, [len(said).to_bytes(4, "big")], [0, 1, 2])
        line.sendall(said)
        line.settimeout(LOOK_S)
        while os.getppid() == parent:
            try:
                sys.exit(int(line.recv(8) or b"1"))
            except TimeoutError:
                continue


def serve(address: str, modules: list[str]) -> None:
    """Import, then fork for each program until standard input ends."""
    for name in modules:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        print("ready", flush=True)
        while listener in select.select([listener, sys.stdin], [], [])[0]:
            line, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _run(line)
            line.close()


def _run(line: socket.socket) -> None:
    """Be the program that is asked for."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, pipes, *_ = socket.recv_fds(line, 4, 3)
    said = b""
    while len(said) < int.from_bytes(size, "big"):
        said += line.recv(1 << 16)
    words, environment, parent = json.loads(said)
    for place, pipe in enumerate(pipes):
        os.dup2(pipe, place)
        os.close(pipe)
    os.environ.clear()
    os.environ.update(environment)
    threading.Thread(target=_end_with, args=(line,), daemon=True).start()
    words = [str(os.getppid()) if word == str(parent) else word for word in words if word != "-u"]
    status = 1
    try:
        if words[0] == "-c":
            sys.argv = ["-c", *words[2:]]
            exec(compile(words[1], "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102  as `python -c` does
        else:
            sys.argv = words
            runpy.run_path(words[0], run_name="__main__")
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        if sys.exc_info()[1] is not None:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        line.sendall(str(status).encode())
        os._exit(status)


def _end_with(line: socket.socket) -> None:
    """End this process when the one that asked has."""
    line.recv(1)
    os._exit(1)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
