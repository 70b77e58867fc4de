"""From lines of configuration to objects: Hydra composes, this file checks and builds."""

from __future__ import annotations

import dataclasses
import importlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from qml import schema
from qml.base.errors import ConfigError
from qml.base.extras import require
from qml.base.registry import HELP, unknown
from qml.base.threads import available_cores

require("hydra", extra="experiments", purpose="qml.config")
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    MissingMandatoryValue,
    OmegaConfBaseException,
    ValidationError,
)

PLUGINS = "qml.plugins"  # entry point group of packages that `_target_` and `make` may name
COMPOSING = (HydraException, OmegaConfBaseException)
OWN = {"data": "name", "backend": "executor"}  # group that takes something of your own -> what a file calls it


def folder() -> Path:
    """The folder of configuration files: `conf/` of a checkout, else the copy in the installed package.

    Raises:
        ConfigError: neither is there.
    """
    package = Path(__file__).resolve().parent
    for path in (package.parent / "conf", package / "conf"):
        if (path / "benchmark.yaml").is_file():
            return path
    raise ConfigError(f"No folder 'conf' with benchmark.yaml beside or inside {package}. Install the package again.")


def register() -> None:
    """Tell Hydra the schema of each group, under a bare name beside the group's files, and the words of the help."""
    store = ConfigStore.instance()
    for group, nodes in schema.SCHEMAS.items():
        for name, node in nodes.items():
            store.store(group=group or None, name=name, node=node, provider="qml")
    OmegaConf.register_new_resolver("qml.choices", lambda group: ", ".join(choices(group)), replace=True)
    OmegaConf.register_new_resolver("qml.arms", arms, replace=True)
    OmegaConf.register_new_resolver("qml.checks", checks, replace=True)
    OmegaConf.register_new_resolver("qml.jobs", jobs, replace=True)


def arms() -> str:
    """Names of contestants, for the help."""
    return ", ".join(located("qml.estimators.always.EVERYONE", "help"))


def checks() -> str:
    """Names of the checks of data, for the help."""
    return ", ".join(located("qml.data.quality.CHECKS", "help"))


def jobs() -> int:
    """Jobs of a sweep side by side: `QML_JOBS`, else one a core; each then gets its share of the threads."""
    text = os.environ.get("QML_JOBS", "")
    return min(int(text), available_cores()) if text.isdigit() and int(text) > 0 else available_cores()


def compose(overrides: Sequence[str] = (), entry: str = "benchmark") -> DictConfig:
    """The composed configuration of an entry, checked against the schemas.

    Args:
        overrides: lines as on the command line, such as `["recipe=digits", "model/circuit=iqp"]`.
        entry: "benchmark", "train" or "report".

    Raises:
        ConfigError: an unknown group, name or key; the near name is given.
    """
    if entry not in schema.BUILDS:
        raise unknown("entry", entry, list(schema.BUILDS))
    register()
    before = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(folder()), version_base="1.3"):
            return hydra_compose(entry, list(overrides))
    except COMPOSING as error:
        raise translated(error) from error
    finally:
        GlobalHydra.instance().hydra = before


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
        ConfigError: a `_target_` outside `qml` and the plugins, a value that its class refuses, or another class.
    """
    try:
        plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise translated(error) from error
    plain = {key: value for key, value in plain.items() if key not in ("hydra", "recipe")}
    sets, sizes = plain.pop("sets", None), plain.pop("sizes", None)
    if sets:
        return _suite(sets, plain, entry, overrides)
    rates = plain.pop("rates", None)
    if rates:
        return _over_rates(rates, plain, entry, overrides)
    if sizes:
        return _scaling(sizes, plain, entry, overrides)
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
    job = instantiated(plain, entry)
    wanted = located(schema.BUILDS[entry], "_target_")
    if not isinstance(job, wanted):
        raise ConfigError(
            f"The configuration of {entry!r} built a {type(job).__name__}; it must build a {wanted.__name__}. "
            f"List the schema first among the defaults of {entry}.yaml."
        )
    return job


def _suite(sets: Any, plain: Mapping[str, Any], entry: str, overrides: Sequence[str]) -> Any:
    """The jobs of several data sets as one: each is composed from the same overrides and those of its set."""
    title = plain["protocol"]["title"]
    jobs = [build([*own, "sets=[]"], entry) for own in overrides_of(sets, overrides)]
    scaling = located(schema.SCALINGS[entry], "sizes")
    if any(isinstance(job, scaling) for job in jobs):
        return scaling.over(jobs, title=title)
    return located(schema.SUITES[entry], "sets")(jobs, title=title)


def _over_rates(rates: Any, plain: Mapping[str, Any], entry: str, overrides: Sequence[str]) -> Any:
    """The jobs of one comparison at several rates of a fault, as one."""
    if entry != "benchmark":
        raise ConfigError(
            f"rates.fault={rates['fault']} was asked of {entry!r}; experiments.benchmark runs what is missing and "
            "writes the page of curves from the cells that are there."
        )
    sets = located("qml.estimators.robustness.sets_of", "rates")(rates, plain["data"]["name"])
    given = [text for text in overrides if _key(text).partition(".")[0] not in ("data", "rates")]
    jobs = [build([*given, *own, "rates=null"], entry) for own in sets]
    job = located("qml.estimators.robustness.RobustnessJob", "rates")
    return job(jobs, title=plain["protocol"]["title"], fault=rates["fault"], rates=tuple(rates["rates"]))


def _scaling(sizes: Any, plain: Mapping[str, Any], entry: str, overrides: Sequence[str]) -> Any:
    """The jobs of several numbers of training rows as one: each is composed from what its size changes as well."""
    title = plain["protocol"]["title"]
    given = [text for text in overrides if _key(text) not in ("sizes", "sets")]
    jobs = [build([*own, *given, "sets=[]", "sizes=[]"], entry) for own in overrides_of_sizes(sizes, given)]
    return located(schema.SCALINGS[entry], "sizes")(jobs, title=title)


def overrides_of_sizes(sizes: Sequence[Any], overrides: Sequence[str]) -> list[list[str]]:
    """What each number of training rows changes.

    A value that the command line gives counts at every size, but for `data.rows`, which is what sizes differ in.

    Args:
        sizes: for each a number of training rows, "all", or a list of overrides such as `data.rows=1000`.
        overrides: of the command line.

    Raises:
        ConfigError: none of these, or `data.rows` beside sizes.

    Example:
        >>> overrides_of_sizes([1000, ["data.rows=5000", "training.batch_size=64"], "all"], ["training.clip=1"])
        [['data.rows=1000'], ['data.rows=5000', 'training.batch_size=64'], ['data.rows=null']]
    """
    known = {_key(text) for text in overrides}
    if "data.rows" in known:
        raise ConfigError("data.rows was given beside sizes, which choose it. Say sizes=[1000,all], or sizes=[].")
    found = []
    for number, entry in enumerate(sizes):
        own = entry if isinstance(entry, list) else [f"data.rows={entry}"]
        if not own or not all(isinstance(text, str) and "=" in text for text in own):
            raise ConfigError(
                f"sizes[{number}] is {entry!r}; it must be a number of training rows, all, or a list of overrides such "
                "as [data.rows=1000, training.batch_size=32]."
            )
        _check_once(number, own, "sizes")
        rows = next((text.partition("=")[2].strip() for text in own if _key(text) == "data.rows"), "all")
        if rows not in ("all", "null") and not (rows.isdigit() and int(rows) > 0):
            raise ConfigError(
                f"sizes[{number}] is {entry!r}; its data.rows must be a number of training rows, or all for every one."
            )
        kept = [text for text in own if _key(text) not in known]
        found.append(["data.rows=null" if text == "data.rows=all" else text for text in kept])
    return found


def overrides_of(sets: Sequence[Any], overrides: Sequence[str]) -> list[list[str]]:
    """What each data set of a suite is composed from.

    A value that the command line gives counts on every set, also where the set has one of its own.

    Args:
        sets: for each what it changes: one override, or a list of them.
        overrides: of the command line.

    Raises:
        ConfigError: a set that is no list of overrides, or one that the command line speaks of as well.

    Example:
        >>> overrides_of([["data=wine"], ["data=digits", "data.rows=600"]], ["recipe=mine", "data.rows=50"])
        [['data=wine', 'recipe=mine', 'data.rows=50'], ['data=digits', 'recipe=mine', 'data.rows=50']]
    """
    given = [text for text in overrides if _key(text) != "sets"]
    known = {_key(text) for text in given}
    found = []
    for number, entry in enumerate(sets):
        own = [entry] if isinstance(entry, str) else entry
        if not isinstance(own, list) or not own or not all(isinstance(text, str) and "=" in text for text in own):
            raise ConfigError(
                f"sets[{number}] is {entry!r}; it must be a list of overrides such as [data=wine, data.rows=100]."
            )
        _check_once(number, own)
        both = [text for text in own if _key(text) in known and _key(text) in groups()]
        if both:
            raise ConfigError(
                f"{_key(both[0])} was given on the command line; this suite chooses it for each of its sets "
                f"({both[0]} for one). Leave it out, or name the sets: \"sets=[['data=wine'],['data=digits']]\"."
            )
        found.append([text for text in own if _key(text) not in known] + given)
    return found


def _check_once(number: int, own: Sequence[str], what: str = "sets") -> None:
    """Refuse a set, or a size, that gives a key twice, of which only the last would count."""
    for key in dict.fromkeys(map(_key, own)):
        given = [text for text in own if _key(text) == key]
        if len(given) > 1:
            values = ", ".join(text.partition("=")[2] for text in given)
            sets = ",".join(f"[{text!r}]" for text in given)
            remedy = f"Two sets are sets=[{sets}]." if key in groups() else "Give it once."
            raise ConfigError(f"{what}[{number}] gives {key} twice ({values}). {remedy}")


def _key(override: str) -> str:
    """What an override changes."""
    return override.partition("=")[0].lstrip("+~").strip()


def _reproduction(reproduce: Any, plain: Mapping[str, Any], entry: str) -> Any:
    """The job of a published study, which takes the place of a comparison."""
    if entry != "benchmark" or not isinstance(reproduce, Mapping) or "_target_" not in reproduce:
        raise ConfigError(
            f"reproduce={reproduce!r} was asked of {entry!r}; a published study is named by its _target_ and run by "
            f"experiments.benchmark. See conf/recipe/repro."
        )
    if "table" in reproduce:  # a relative path is below the folder of configuration files
        reproduce = {**reproduce, "table": str(folder() / reproduce["table"])}
    keys = {key: plain[key] for key in ("store", "out", "report")}
    job = located("qml.estimators.reproduction.ReproductionJob", "reproduce")
    return job(instantiated(reproduce, "reproduce"), plain["recipe_name"] or "reproduction", **keys)


def allowed(plugins: Sequence[str]) -> set[str]:
    """Packages whose names a configuration may hold: ours, the listed plugins, and those with an entry point."""
    points = {point.value.replace(":", ".").partition(".")[0] for point in metadata.entry_points(group=PLUGINS)}
    return {"qml", *points, *(plugin.partition(".")[0] for plugin in plugins)}


def addresses(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every `_target_` and `make` of a tree with its path."""
    items = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        here = f"{path}.{key}" if path else str(key)
        if key in ("_target_", "make") and isinstance(value, str):
            yield here, value
        else:
            yield from addresses(value, here)


def instantiated(node: Any, path: str) -> Any:
    """Every mapping with a `_target_` as the object it names, innermost first.

    Raises:
        ConfigError: the target is not there, or does not take a key.
    """
    if isinstance(node, list):
        return [instantiated(item, f"{path}[{index}]") for index, item in enumerate(node)]
    if not isinstance(node, Mapping):
        return node
    values = {key: instantiated(value, f"{path}.{key}") for key, value in node.items() if key != "_target_"}
    if "_target_" not in node:
        return values
    target = located(node["_target_"], path)
    is_value = dataclasses.is_dataclass(target)
    takes = [field.name for field in dataclasses.fields(target)] if is_value else None
    for key in values:
        if takes is not None and key not in takes:
            raise unknown(f"key of {path}", key, takes)
    try:
        return target(**values)
    except TypeError as error:
        raise ConfigError(f"{path} cannot be built from {sorted(values)}: {error}.") from error


def imported(name: str, path: str) -> Any:
    """A module by name.

    Raises:
        ConfigError: it is not there.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{path} names the package {name!r}: {error}. Install it, or put it on PYTHONPATH."
        ) from error


def located(address: str, path: str) -> Any:
    """The class or function at "package.module.name".

    Raises:
        ConfigError: no such module or name.
    """
    module, _, name = address.rpartition(".")
    if not module:
        raise ConfigError(f"{path}: _target_ {address!r} is no address. Write package.module.Name.")
    try:
        return getattr(imported(module, path), name)
    except AttributeError as error:
        raise ConfigError(f"{path}: {module!r} has no {name!r}. Check the spelling of _target_.") from error


def translated(error: Exception) -> ConfigError:
    """What Hydra or OmegaConf complained of, as what was asked, what was found and what to do."""
    chain = [error]
    while chain[-1].__cause__ is not None and isinstance(chain[-1].__cause__, COMPOSING):
        chain.append(chain[-1].__cause__)
    for link in reversed(chain):
        if isinstance(link, MissingConfigException) and link.missing_cfg_file:
            return _unknown_choice(link)
        if isinstance(link, (ConfigKeyError, ConfigAttributeError)):
            return _unknown_key(link)
        if isinstance(link, MissingMandatoryValue):
            return ConfigError(f"{link.full_key} is not given and has no default. Give it: {link.full_key}=<value>.")
        if isinstance(link, ValidationError):
            return _unfit_value(link)
    text = " ".join(str(chain[0]).split())
    in_file = re.search(r"In '([^']+)':.*Key '([^']+)' not in '(\w+)'", text)
    if in_file:
        return _unknown_key_in_file(*in_file.groups())
    found = re.search(r"Could not override '([\w/@.:-]+)'.*No match in the defaults list", text)
    if found and found.group(1) in groups():
        return ConfigError(
            f"{found.group(1)} was asked for; the {found.group(1).partition('/')[0]} that is chosen has no such part. "
            f"Leave it out, or choose another: model=hybrid has features and a circuit."
        )
    if found:
        return unknown("configuration group", found.group(1), groups())
    return ConfigError(f"The configuration cannot be composed: {text.rstrip('.')}. See --help for groups and keys.")


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


def _unknown_choice(error: MissingConfigException) -> ConfigError:
    group, _, name = str(error.missing_cfg_file).removesuffix(".yaml").rpartition("/")
    if not error.options:
        return unknown("configuration group", group or name, groups())
    options = choices(group) if group.startswith("recipe/") else error.options  # Hydra names those of the outer folder
    return unknown(group or "configuration", name, [o for o in options if not o.startswith("_")], listing=HELP)


def _unfit_value(error: ValidationError) -> ConfigError:
    """A value of another kind than its key takes."""
    key, value = error.full_key or "A value of the configuration", getattr(error, "value", None)
    what = str(error.msg or error).splitlines()[0].rstrip(".")
    if "is not a ListConfig" in what:
        return ConfigError(f"{key}={value} was asked for; {key} takes a list. Say {key}=[{value}].")
    return ConfigError(f"{key} does not fit: {what}.")


def _unknown_key(error: ConfigKeyError | ConfigAttributeError) -> ConfigError:
    key = str(error.full_key or error.key)
    if "/" in key:
        return unknown("configuration group", key, groups())
    where, _, last = key.rpartition(".")
    kind = error.object_type
    if dataclasses.is_dataclass(kind):
        known = _field_names(kind)
        known += [] if where else [group for group in groups() if "/" not in group and group not in known]
        noun, deeper = f"key of {where or 'the configuration'}", _deeper(where, last)
        if deeper:
            said = " or ".join(f"{path}.{last}=<value>" for path in deeper)
            return ConfigError(f"{noun} {last!r} is not known; it stands further in. Say {said}.")
        return unknown(noun, last, known)
    if kind is dict:
        return ConfigError(f"{where} has no key {last!r} yet. Add one with a plus: +{key}=<value>.")
    return ConfigError(f"The key {key!r} is not known here. See --help for groups and keys.")


def _deeper(where: str, key: str) -> list[str]:
    """Parts of the configuration below `where` that have such a key, the nearest first."""
    begins = f"{where}." if where else ""
    found = [path for path, node in _nodes() if path.startswith(begins) and key in _field_names(node)]
    return sorted(dict.fromkeys(found), key=lambda path: path.count("."))


def _nodes() -> Iterator[tuple[str, type]]:
    """Every part of a configuration with the dataclass of its keys; of groups, and of what stands inside one."""
    for group, nodes in schema.SCHEMAS.items():
        path = group.replace("/", ".")
        for node in nodes.values() if path else ():
            yield path, node
            for field in dataclasses.fields(node):
                inner = vars(schema).get(str(field.type).partition(" ")[0])
                if dataclasses.is_dataclass(inner) and isinstance(inner, type):
                    yield f"{path}.{field.name}", inner


def _field_names(node: Any) -> list[str]:
    """Keys that someone may give; `_target_` is none of them."""
    return [field.name for field in dataclasses.fields(node) if not field.name.startswith("_")]


def _unknown_key_in_file(file: str, key: str, kind: str) -> ConfigError:
    """A key of a YAML file that the schema of its group does not have."""
    node = vars(schema).get(kind)
    return unknown(f"key in {file}.yaml", key, _field_names(node) if dataclasses.is_dataclass(node) else [])
