"""From lines of configuration to one configuration, which Hydra composes and the schemas check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from omegaconf import DictConfig, OmegaConf

from qml import schema
from qml.base.registry import unknown
from qml.config import files
from qml.config.credentials import check_words
from qml.config.errors import COMPOSING, NULL, below_null, translated
from qml.config.words import WORDS


def register() -> None:
    """Tell Hydra the schema of each group, under a bare name beside the group's files, and the words of the help."""
    store = ConfigStore.instance()
    ConfigStore.__deepcopy__ = _itself  # pyright: ignore[reportAttributeAccessIssue]
    for group, nodes in schema.SCHEMAS.items():
        for name, node in nodes.items():
            if (
                store.get_type(f"{group}/{name}.yaml".lstrip("/")) is not ObjectType.CONFIG
            ):  # costs as much as to compose
                store.store(group=group or None, name=name, node=node, provider="qml")
    for name, word in WORDS.items():
        OmegaConf.register_new_resolver(f"qml.{name}", word, replace=True)


def _itself(store: ConfigStore, memo: dict[int, Any]) -> ConfigStore:
    """The one store there is, as its own copy.

    Hydra copies all sources of configurations whenever it composes or lists a group, to change the list of sources;
    what it takes from this one it copies by itself. Copies of all schemas were most of the time of `--help`.
    """
    return store


def compose(overrides: Sequence[str] = (), entry: str = "benchmark") -> DictConfig:
    """The composed configuration of an entry, checked against the schemas.

    Args:
        overrides: lines as on the command line, such as `["recipe=digits", "model/circuit=iqp"]`.
        entry: "benchmark", "train" or "report".

    Raises:
        ConfigError: an unknown group, name or key (the near name is given), or credentials in a URL.
    """
    if entry not in schema.BUILDS:
        raise unknown("entry", entry, list(schema.BUILDS))
    check_words(overrides)
    register()
    before = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(files.folder()), version_base="1.3"):
            return hydra_compose(entry, list(overrides))
    except COMPOSING as error:
        raise translated(error) from error
    except NULL as error:
        found = below_null(error, overrides)
        if found is None:
            raise
        raise found from error
    finally:
        GlobalHydra.instance().hydra = before
