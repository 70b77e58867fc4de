"""Help texts of modules, each as `python -m MODULE --help` prints it, from forks of one process.

A fork has the libraries below already, which take most of the time of a help text; of this project it has nothing.
"""

import importlib
import json
import os
import runpy
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

LIBRARIES = ("numpy", "scipy.stats", "torch", "hydra", "sklearn.metrics")  # none of them starts threads


def helped(module: str, place: Path) -> tuple[int, str, str]:
    """Status, output and errors of `python -m module --help`.

    Args:
        module: by its dotted name.
        place: an existing folder for what is printed.
    """
    files = [place / name for name in ("output", "errors")]
    child = os.fork()
    if child == 0:
        os._exit(_run(module, files))  # what this process has opened is left as it is
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    output, errors = (file.read_text(encoding="utf-8") for file in files)
    return status, output, errors


def _run(module: str, files: Sequence[Path]) -> int:
    """Run the module in this process, and give its status."""
    for number, file in enumerate(files, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.argv = [module, "--help"]
    status = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 (this process must not go on in the place of its parent)
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return status


if __name__ == "__main__":
    for name in LIBRARIES:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        found = {module: helped(module, Path(folder)) for module in sys.argv[1:]}
    print(json.dumps(found))
