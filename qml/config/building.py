"""From a composed configuration to the job it describes, checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from qml import schema
from qml.base.errors import ConfigError
from qml.config import files
from qml.config.composing import compose
from qml.config.credentials import check_values
from qml.config.errors import translated
from qml.config.expanding import expanded
from qml.config.objects import addresses, allowed, imported, instantiated, located

OWN = {"data": "name", "backend": "executor"}  # group that takes something of your own -> what a file calls it
NO_FIELDS = ("hydra", "recipe", "sets", "sizes", "rates")  # keys of a configuration that no job takes


def build(overrides: Sequence[str] = (), entry: str = "benchmark") -> Any:
    """The job that a command line describes, for a notebook: `build(["recipe=digits"]).run()`.

    Args:
        overrides: lines as on the command line.
        entry: "benchmark", "train" or "report".

    Returns:
        A `BenchmarkJob`, `TrainJob` or `ReportJob` of `qml.estimators`; of several `sets` a `SuiteJob` or
        `SuiteReportJob`; of several `sizes` a `ScalingJob` or `ScalingReportJob`.

    Raises:
        ConfigError: an unknown group, name, key or value; nothing has run.

    Example:
        >>> build(["recipe=smoke", "model/circuit=iqp"]).model.circuit.name
        'iqp'
    """
    return built(compose(overrides, entry), entry, overrides)


def built(config: DictConfig, entry: str, overrides: Sequence[str] = ()) -> Any:
    """The job of a composed configuration; its class is checked.

    Args:
        config: composed.
        entry: "benchmark", "train", "report" or "audit".
        overrides: from which it was composed; needed where it has several `sets`.

    Raises:
        ConfigError: a `_target_` outside `qml` and the plugins, a value that its class refuses, credentials in a URL,
            or another class.
    """
    try:
        plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise translated(error) from error
    check_values(config, plain)
    several = expanded(plain, entry, overrides)
    if several is not None:
        return several.join([build(line, entry) for line in several.lines])
    plain = {key: value for key, value in plain.items() if key not in NO_FIELDS}
    packages = allowed(plain.get("plugins") or [])
    for path, address in addresses(plain):
        if address.replace(":", ".").partition(".")[0] not in packages:
            raise ConfigError(
                f"{path} names {address!r}; only {', '.join(sorted(packages))} may be named there. "
                f"List its package: plugins=[{address.replace(':', '.').partition('.')[0]}]."
            )
    for plugin in plain.get("plugins") or []:
        imported(plugin, "plugins")
    for group, label in OWN.items():
        part = plain.get(group) or {}
        if part.get(label) == "own" and part.get("make") is None:
            raise ConfigError(
                f"{group}=own was asked for; nothing says what is yours. Say {group}.make=package.module:name, "
                f"{group}.{label}=<a label of its own> and plugins=[package]."
            )
    reproduce = plain.pop("reproduce", None)
    if reproduce:
        return _reproduction(reproduce, plain, entry)
    job = instantiated(plain)
    wanted = located(schema.BUILDS[entry], "_target_")
    if not isinstance(job, wanted):
        raise ConfigError(
            f"The configuration of {entry!r} built a {type(job).__name__}; it must build a {wanted.__name__}. "
            f"List the schema first among the defaults of {entry}.yaml."
        )
    return job


def _reproduction(reproduce: Any, plain: Mapping[str, Any], entry: str) -> Any:
    """The job of a published study, which takes the place of a comparison."""
    if entry != "benchmark" or not isinstance(reproduce, Mapping) or "_target_" not in reproduce:
        raise ConfigError(
            f"reproduce={reproduce!r} was asked of {entry!r}; a published study is named by its _target_ and run by "
            f"experiments.benchmark. See conf/recipe/repro."
        )
    if "table" in reproduce:  # a relative path is below the folder of configuration files
        reproduce = {**reproduce, "table": str(files.folder() / reproduce["table"])}
    keys = {key: plain[key] for key in ("store", "out", "report")}
    job = located("qml.estimators.reproduction.ReproductionJob", "reproduce")
    return job(instantiated(reproduce, "reproduce"), plain["recipe_name"] or "reproduction", **keys)
