"""Where the files of a configuration are, and which groups and choices they make."""

from __future__ import annotations

from pathlib import Path

from qml.base.errors import ConfigError


def folder() -> Path:
    """The folder of configuration files: `conf/` of a checkout, else the copy in the installed package.

    Raises:
        ConfigError: neither is there.
    """
    package = Path(__file__).resolve().parents[1]
    for path in (package.parent / "conf", package / "conf"):
        if (path / "benchmark.yaml").is_file():
            return path
    raise ConfigError(f"No folder 'conf' with benchmark.yaml beside or inside {package}. Install the package again.")


def groups() -> list[str]:
    """Every group of `conf/` but those of Hydra itself."""
    found = {str(path.parent.relative_to(folder())) for path in folder().rglob("*.yaml")}
    return sorted(group for group in found if group != "." and group.partition("/")[0] != "hydra")


def choices(group: str) -> list[str]:
    """The choices of a group.

    Example:
        >>> "sel" in choices("model/circuit")
        True
    """
    return sorted(path.stem for path in (folder() / group).glob("*.yaml"))
