"""A comparison at growing rates of a fault in the data: cells like any others, and one page of curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qml.base.errors import ConfigError
from qml.base.files import made_folder
from qml.base.registry import unknown
from qml.bench import Protocol, Store
from qml.estimators.jobs import BenchmarkJob
from qml.estimators.outcome import Planned
from qml.estimators.suite_job import SuiteJob

FAULTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "label_noise": ("wrong training labels", {}),
    "missing": ("missing inputs", {"missing_how": "at_random"}),
    "missing_by_value": ("missing inputs, large ones more often", {"missing_how": "by_value"}),
}
"""Fault -> what it is, in words, and the arguments of `spoiled_source` that it stands for."""
MAKE = "qml.data.quality.spoiled:spoiled_source"


@dataclass(frozen=True)
class WrittenRobustness:
    """Where the page of curves lies and what it says.

    Args:
        html: the page.
        markdown: the same in Markdown.
        verdict: its sentence.
    """

    html: Path
    markdown: Path
    verdict: str

    def __str__(self) -> str:
        return f"{self.verdict}\n{self.html}\n{self.markdown}"

    def check(self) -> None:
        """Nothing can fail: curves are no verdict."""


def sets_of(rates: Mapping[str, Any], name: str) -> list[list[str]]:
    """The overrides of the data set at each rate.

    Args:
        rates: `fault`, `rates` and `options`, as `qml.schema.fitting.RatesConfig` has them.
        name: the data set of the catalogue.

    Raises:
        ConfigError: an unknown fault, or fewer than two rates.

    Example:
        >>> sets_of({"fault": "label_noise", "rates": [0, 0.2], "options": {}}, "wine")[1][1]
        'data.name=wine_label_noise_0.2'
    """
    fault, found = str(rates["fault"]), [float(rate) for rate in rates["rates"]]
    if fault not in FAULTS:
        raise unknown("rates.fault", fault, list(FAULTS))
    if len(set(found)) != len(found) or len(found) < 2:
        raise ConfigError(f"rates.rates={found} was given; curves need at least two rates, each once.")
    key = "label_noise" if fault == "label_noise" else "missing"
    made = []
    for rate in found:
        options = {"name": name, key: rate, **FAULTS[fault][1], **dict(rates.get("options") or {})}
        given = [f"+data.options.{option}={value}" for option, value in options.items()]
        label = f"data.name={name}_{fault}_{rate:g}"
        made.append(["data=own", label, f"data.make={MAKE}", *given])
    return made


@dataclass(frozen=True)
class RobustnessJob(SuiteJob):
    """One comparison at each of several rates of a fault.

    Args:
        jobs: one a rate, alike in all but their data.
        name: of the folder of the report; by default the recipe's with the data set and the fault, so that neither
            writes over the page of another.
        title: heading of the page.
        fault: a name of `FAULTS`.
        rates: one a job.
        data: name of the data set; by default that of the first job.

    Example:
        ```python
        from qml.config import build

        print(build(["recipe=robustness_smoke", "store=/tmp/store", "out=/tmp/reports"]).run())
        ```
    """

    jobs: tuple[BenchmarkJob, ...]
    fault: str = "label_noise"
    rates: tuple[float, ...] = ()
    data: str = ""

    def written(self, store: Store, plans: Sequence[Planned]) -> WrittenRobustness:
        """The page of curves of the cells that are in a store.

        Args:
            store: of the cells.
            plans: of the jobs.
        """
        from qml.bench.report.robustness import render_robustness
        from qml.bench.robustness import Robustness
        from qml.bench.summary import summarise

        cells = tuple(store)
        protocols: list[Protocol] = [plan.protocol for plan in plans]
        summaries = [summarise(cells, protocol.hash) for protocol in protocols]
        first = self.jobs[0]
        data, fault = self.data or first.data.name, FAULTS[self.fault][0]
        found = Robustness.of(fault, self.rates, summaries, data)
        own = f"{first.recipe_name or first.protocol.name}-{data.replace('/', '-')}-{self.fault}"
        folder = made_folder("out", Path(first.out) / (self.name or own))
        made = render_robustness(found, self.title or f"Robustness on {data}: {fault}", folder)
        return WrittenRobustness(made.html_path, made.markdown_path, made.sentence)
