"""Credentials in a configuration are refused: Hydra writes what it is given beside the results."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

from qml.base.addresses import refuse_credentials
from qml.base.errors import ConfigError
from qml.base.nested import nodes
from qml.base.redacting import holds_secret

_SECRET_KEY = re.compile(r"secret|password|token|access[.]?key|account[.]?key", re.IGNORECASE)  # as Spark redacts
_SPARK_WORD = re.compile(r"^[+~]*spark[.=]")
_STORAGE = "storage_options"  # what a file system is opened with: as a rule a key and a secret
_STORAGE_KEY = re.compile(rf"\b{_STORAGE}\b['\"]?\s*[.=:]")
_SECRET_OPTION = re.compile(
    r"\.options\.(?:\w+_)?(?:secret|password|token|(?:access|account|secret|api)_key)$", re.IGNORECASE
)
_REMEDY = (
    "What is configured is written beside results, so give them as the storage expects them: AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY in the environment or a profile for s3://, the files of Hadoop's configuration for Spark; "
    "or open the source in Python with storage_options=. Machines find theirs in the vendor's own account file or "
    "environment, and take the name of an account at most."
)
_ACCOUNT = re.compile(r"\.options\.account$")
_LONGEST_NAME = 31  # characters of the name of an account; keys are longer
_ENTRY = re.compile(r"([\w.]+)['\"]?\s*:\s*['\"]?([^\s'\",}\]]+)")
_KEY_AND_VALUE = re.compile(r"([\w.]+)['\"]?\s*[:=]\s*['\"]?(\$\{)?")


def check_words(words: Sequence[str]) -> None:
    """Refuse a command line that holds credentials; called before Hydra, which would write it down.

    Args:
        words: of the command line, such as `data.options.path=s3://bucket/rows`.

    Raises:
        ConfigError: a URL names a user or is signed, `storage_options` are given in whatever form, an option or a
            setting of Spark is a secret, or a value is one that the environment holds as a secret.

    Example:
        >>> check_words(
        ...     ["out=s3a://bucket/prepared", "+spark={spark.jars.packages: org.apache.hadoop:hadoop-aws:3.4.2}"]
        ... )
        >>> check_words(["data.options.path=s3://me:word@bucket/rows"])
        Traceback (most recent call last):
        ...
        qml.base.errors.ConfigError: data.options.path=s3://bucket/rows was given with credentials in the URL. ...
    """
    for word in words:
        key, _, value = word.lstrip("+~").partition("=")
        refuse_credentials(value, key, _REMEDY)
        if _STORAGE_KEY.search(word):
            _check_option(f"{key.partition(_STORAGE)[0].rstrip('.')}.{_STORAGE}", value)
        _check_option(key, value)
        for name, inside in _ENTRY.findall(value) if key.endswith(".options") else ():
            _check_option(f"{key}.{name}", inside)
        if holds_secret(value):
            raise ConfigError(f"{key} was given with a value that the environment holds as a secret. {_REMEDY}")
        for name, from_elsewhere in _KEY_AND_VALUE.findall(word) if _SPARK_WORD.match(word) else ():
            _check_setting(name, bool(from_elsewhere))


def check_values(config: DictConfig, plain: Mapping[str, Any]) -> None:
    """Refuse a composed configuration that holds credentials, from whatever file they come.

    A secret among the settings of Spark may be an interpolation, such as `${oc.env:NAME}`, which Hydra keeps as such.

    Args:
        config: composed.
        plain: the same with its interpolations resolved.

    Raises:
        ConfigError: see `check_words`.
    """
    refuse_credentials(plain, "", _REMEDY)
    literal: Any = OmegaConf.to_container(config, resolve=False)
    for path, value in nodes(literal):
        _check_option(path, value)
    for name, value in (literal.get("spark") or {}).items():
        _check_setting(str(name), str(value).startswith("${"))


def _check_option(path: str, value: object) -> None:
    """Refuse what a file system is opened with, and options called like a secret; neither value is shown."""
    if path.rpartition(".")[2] == _STORAGE:
        raise ConfigError(f"{path} was given in a configuration. {_REMEDY}")
    if _SECRET_OPTION.search(path) and value is not None and not str(value).startswith("${"):
        raise ConfigError(f"{path} was given with a value of its own. {_REMEDY}")

    if _ACCOUNT.search(path) and len(str(value)) > _LONGEST_NAME and not str(value).startswith("${"):
        raise ConfigError(f"{path} was given with {len(str(value))} characters, as a key has. {_REMEDY}")


def _check_setting(name: str, from_elsewhere: bool) -> None:
    if _SECRET_KEY.search(name) and not from_elsewhere:
        raise ConfigError(
            f"spark has the setting {name} with a value of its own. What is configured is written beside results, so "
            f"name a variable of the environment: '+spark={{{name}: \"${{oc.env:NAME}}\"}}', or leave it to the files "
            "of Hadoop's configuration."
        )
