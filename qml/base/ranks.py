"""Who this process is among those that were started together to train one model, as torchrun tells them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qml.base.errors import ConfigError
from qml.base.orphans import end_after

NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Ranks:
    """The place of a process among `world` that train one model.

    Args:
        rank: its number, 0 .. world - 1; the first one alone writes, logs and prints.
        world: processes in all, on all machines.
        local_rank: its number on this machine.
        local_world: processes on this machine, which share its cores.
    """

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    local_world: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes, logs and prints."""
        return self.rank == 0

    @property
    def environ(self) -> dict[str, str]:
        """The variables by which a process that is started here learns of its place."""
        values = (self.rank, self.world, self.local_rank, self.local_world)
        return {name: str(value) for name, value in zip(NAMES, values, strict=True)}

    @property
    def nodes(self) -> int:
        """Machines, where each has as many processes as this one."""
        return max(1, self.world // self.local_world)


def ranks(environ: Mapping[str, str] | None = None) -> Ranks:
    """The place of this process, read off RANK, WORLD_SIZE, LOCAL_RANK and LOCAL_WORLD_SIZE; alone where they are not.

    Args:
        environ: in place of the environment of this process.

    Raises:
        ConfigError: the variables contradict each other.

    Example:
        >>> ranks({"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"})
        Ranks(rank=3, world=4, local_rank=1, local_world=2)
        >>> ranks({})
        Ranks(rank=0, world=1, local_rank=0, local_world=1)
    """
    environ = os.environ if environ is None else environ
    if not ("RANK" in environ and "WORLD_SIZE" in environ):
        return Ranks()
    defaults = {"LOCAL_RANK": environ["RANK"], "LOCAL_WORLD_SIZE": environ["WORLD_SIZE"]}
    texts = [environ.get(name, defaults.get(name, "")) for name in NAMES]
    if all(text.isdigit() for text in texts):
        found = Ranks(*map(int, texts))
        if found.rank < found.world and found.local_rank < found.local_world <= found.world:
            return found
    said = ", ".join(f"{name}={text!r}" for name, text in zip(NAMES, texts, strict=True))
    raise ConfigError(
        f"The environment says {said}, which is no place among processes that train together. Start them by torchrun, "
        "or unset these variables to train in one process."
    )


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """While it lasts the environment holds `values`, for processes that are started within; afterwards it is as before.

    Example:
        >>> with environment({"RANK": "1", "WORLD_SIZE": "2"}):
        ...     ranks().rank
        1
    """
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def is_first_to_say() -> bool:
    """Whether this process is the first of its machine that has something to say: where all fail, one tells.

    Processes meet in the folder that torchrun makes for each attempt; where there is none, every process speaks.

    Example:
        >>> is_first_to_say()  # of a process that is alone
        True
    """
    file = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if not file or ranks().world == 1:
        return True
    try:
        (Path(file).parent.parent / "said").touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError:  # the folder has gone with the launcher
        return True
    return True


def end_with_launcher() -> None:
    """From now on this process ends when the one that started it does, so that a killed launcher leaves nobody behind.

    A process that trains on while its successor has begun would write to the same folder. Does nothing for a process
    that is alone.

    Example:
        ```python
        end_with_launcher()  # kill -9 of torchrun: its processes end within a second
        ```
    """
    if ranks().world > 1:
        launcher = os.getppid()

        def gone() -> None:
            while os.getppid() == launcher:
                time.sleep(POLL_SECONDS)

        end_after(gone)
