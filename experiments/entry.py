"""How every entry starts: Hydra composes, and an error becomes one clear paragraph and a status that is not zero."""

from __future__ import annotations

import errno
import logging
import os
import sys
import tempfile
import textwrap
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from qml.base.errors import QmlError
from qml.base.ranks import end_with_launcher, is_first_to_say, ranks
from qml.base.redacting import redacted
from qml.config import COMPOSING, NULL, below_null, built, check_words, folder, register, translated
from qml.learn.interrupt import end_on_terminate

FAILED, INTERRUPTED = 1, 130
LEFT = {
    True: ("What is finished is kept", "the same command continues"),
    False: ("Nothing half-made is left", "the same command starts anew"),
}
"""Whether an entry keeps what is finished -> what lies there when it ends early, and what the same command does."""
REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "Free some space"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "Make it writable, or name another folder"),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "Allow more open files (ulimit -n), or run fewer jobs at once"),
}


def run(name: str, main: Callable[[DictConfig], Any], *, keeps: bool = True) -> None:
    """Run `main` with the configuration `conf/<name>.yaml` and the overrides of the command line.

    With `QML_TRACEBACK=1` errors keep their traceback; trouble of the machine, such as a full disk, is one of them.

    Args:
        name: "train", "benchmark" or "report".
        main: does the work; its value is not used.
        keeps: whether what is finished is kept when it ends early; else its result is there whole or not at all.
    """
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra hands errors on instead of printing them
    try:
        check_words(sys.argv[1:])
        register()
        end_on_terminate()
        end_with_launcher()
        for talkative in ("datasets", "qiskit", "qiskit_ibm_runtime"):  # of each framework, pass or step of a job
            logging.getLogger(talkative).setLevel(logging.WARNING)
        with _quiet_but_for_the_first():
            hydra.main(version_base="1.3", config_path=str(folder()), config_name=name)(main)()
    except QmlError as error:
        _stop(error, error)
    except COMPOSING as error:
        _stop(translated(error), error)
    except NULL as error:
        said = below_null(error, sys.argv[1:])
        if said is None:
            raise
        _stop(said, error)
    except BrokenPipeError:  # whoever read what is printed has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except OSError as error:
        _stop(machine_trouble(name, error, keeps=keeps), error)
    except KeyboardInterrupt:  # Ctrl-C, or SIGTERM
        if ranks().is_first:
            print(f"\nInterrupted. {'; '.join(LEFT[keeps])}.", file=sys.stderr)
        sys.exit(INTERRUPTED)


def job_of(config: DictConfig, name: str) -> Any:
    """The job that this command line describes, also where it compares on several data sets.

    Args:
        config: composed by Hydra.
        name: "train", "benchmark", "report" or "audit".
    """
    return built(config, name, list(HydraConfig.get().overrides.task))


def tell(outcome: Any) -> None:
    """Print `outcome`, once where several processes have it."""
    if ranks().is_first:
        print(outcome)


@contextmanager
def _quiet_but_for_the_first() -> Iterator[None]:
    """While it lasts, of processes that train together the first one alone logs and leaves files of Hydra."""
    if ranks().is_first:
        yield
        return
    words = sys.argv[:]
    with tempfile.TemporaryDirectory() as elsewhere:
        places = [f"hydra.run.dir={elsewhere}", f"hydra.sweep.dir={elsewhere}"]
        sys.argv += ["hydra.output_subdir=null", "hydra/job_logging=none", "hydra/hydra_logging=none", *places]
        logging.getLogger("qml").setLevel(logging.ERROR)
        try:
            yield
        finally:
            sys.argv = words


class MachineError(QmlError, RuntimeError):
    """The operating system refused something in the middle of the work."""


def machine_trouble(name: str, error: OSError, *, keeps: bool = True) -> MachineError:
    """What the operating system refused, as what was being done, what it said and what to do.

    Args:
        name: the entry.
        error: what it said.
        keeps: whether what was finished before is kept.
    """
    where = " and ".join(str(path) for path in (error.filename, error.filename2) if path is not None)
    said = (error.strerror or str(error) or type(error).__name__).rstrip(".")
    return MachineError(
        f"experiments.{name} was at work{f' with {where}' if where else ''}; the system said: {said}. "
        f"{LEFT[keeps][0]}. {REMEDIES.get(error.errno or 0, 'See to that')}, then start the same command again."
    )


def command_line(name: str) -> tuple[str, ...]:
    """The words that run this job alone again, also where it is one job of a sweep.

    Args:
        name: "train", "benchmark" or "report".
    """
    return ("python", "-m", f"experiments.{name}", *HydraConfig.get().overrides.task)


def _stop(error: QmlError, cause: BaseException) -> None:
    """Say what is wrong in one paragraph, and end."""
    if os.environ.get("QML_TRACEBACK") == "1":
        print(redacted("".join(traceback.format_exception(cause))), end="", file=sys.stderr)
    text = redacted(f"{type(error).__name__}: {error}")
    if is_first_to_say():  # of processes that train together all end, and one says why
        print(
            "\n".join(textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False)),
            file=sys.stderr,
            flush=True,
        )
    sys.exit(FAILED)
