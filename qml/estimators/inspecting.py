"""An inspection of data as a value, ready to run, and the gate before a fit."""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qml.base.errors import DataError
from qml.base.files import made_folder
from qml.data.quality import CHECKS, Examined, Inspection, Limits, inspect_data
from qml.data.quality.thumbnails import png
from qml.estimators.data_choice import DataChoice
from qml.estimators.examining import examined

if TYPE_CHECKING:
    from qml.bench.report.quality import RenderedInspection

_logger = logging.getLogger(__name__)
SEVERE_STATUS = 1


@dataclass(frozen=True)
class InspectOutcome:
    """What an inspection found, and where its report lies.

    Args:
        inspection: the findings.
        files: the report; None where none was asked for.
    """

    inspection: Inspection
    files: RenderedInspection | None = None

    @property
    def status(self) -> int:
        """Exit status: 1 where a finding is severe, else 0."""
        return SEVERE_STATUS if self.inspection.severe else 0

    def __str__(self) -> str:
        found = self.inspection
        sizes = ", ".join(f"{part} {rows:,}" for part, rows in found.sizes.items())
        lines = [f"{found.name}: {found.headline} ({sizes}; split {found.how})"]
        for finding in found.findings:
            lines.append(f"  {finding.level:<8}{finding.title}")
            if finding.level in ("severe", "suspect", "warn"):
                lines += textwrap.wrap(finding.words, 100, initial_indent=" " * 10, subsequent_indent=" " * 10)
        lines += [f"  {'-':<8}not asked: {CHECKS[name].title} ({why})" for name, why in found.skipped.items()]
        if self.files is not None:
            lines += ["", *map(str, (self.files.html_path, self.files.markdown_path, self.files.json_path))]
        return "\n".join(lines)


@dataclass(frozen=True)
class InspectJob:
    """Looks for faults in a data set.

    Args:
        data: which set, and how its rows are divided.
        checks: names of `qml.data.quality.CHECKS`; empty asks all.
        seed: of the division.
        as_used: look at the parts that a model is trained on; False looks at published parts just as they are, where
            there are some, test rows that are known to be in training included.
        slow: also those checks that train models.
        limits: thresholds.
        out: folder of the report; None writes none.
        plugins: packages that were imported for this job.

    Example:
        ```python
        from qml.config import build

        print(build(["data=wine", "out=null"], "inspect").run())
        ```
    """

    data: DataChoice
    checks: Sequence[str] = ()
    seed: int = 0
    as_used: bool = False
    slow: bool = True
    limits: Limits = field(default_factory=Limits)
    out: str | None = "results/inspect"
    plugins: Sequence[str] = ()

    def __post_init__(self):
        for name in self.checks:
            CHECKS[name]  # raises with the near name

    def run(self, progress: bool | None = None) -> InspectOutcome:
        """Ask every check, and write the report.

        Args:
            progress: tell each check at INFO; None does.

        Raises:
            ConfigError, DataError: something cannot be meant, or the set cannot be opened.
        """
        folder = None if self.out is None else made_folder("out", Path(self.out) / self.data.name.replace("/", "-"))
        rows = examined(self.data, self.seed, published=not self.as_used)
        told = None if progress is False else (lambda name: _logger.info("%s: %s", self.data.name, CHECKS[name].title))
        found = inspect_data(rows, self.checks or None, limits=self.limits, slow=self.slow, progress=told)
        if folder is None:
            return InspectOutcome(found)
        from qml.bench.report.quality import render_inspection

        return InspectOutcome(found, render_inspection(found, folder, _pictures(rows, found)))


def _pictures(rows: Examined, found: Inspection) -> dict[int, bytes]:
    """The images of the rows that findings name in pairs, as PNG."""
    images = rows.pictures
    if images is None or images.shape[1] not in (1, 3):
        return {}
    named = {row for finding in found.findings for pair in finding.pairs for row in pair}
    return {row: png(np.asarray(images[row])) for row in sorted(named)}


def check_gate(choice: DataChoice, seeds: Sequence[int]) -> None:
    """Ask the quick checks before the first fit, as `data.gate` says.

    Args:
        choice: with `gate` "off", "warn" or "strict".
        seeds: whose divisions are looked at.

    Raises:
        DataError: the gate is strict and a finding is severe; nothing has been fitted.
    """
    if choice.gate == "off":
        return
    told: set[str] = set()
    for seed in seeds:
        found = inspect_data(examined(choice, seed), slow=False)
        if choice.gate == "strict" and found.severe:
            said = " ".join(f"{finding.title}: {finding.words}" for finding in found.severe)
            raise DataError(
                f"data.gate=strict was asked for; the parts of {choice.name!r} for seed {seed} have "
                f"{len(found.severe)} severe {'finding' if len(found.severe) == 1 else 'findings'}. {said} Nothing was "
                f"fitted. `python -m experiments.inspect` shows them all; data.gate=warn goes on."
            )
        for finding in found.findings:
            if finding.level in ("severe", "suspect", "warn") and finding.title not in told:
                told.add(finding.title)
                _logger.warning(
                    "%s, seed %d: %s: %s. %s", choice.name, seed, finding.level, finding.title, finding.text
                )
