"""Look at jobs on machines, and resume or cancel them: `python -m experiments.jobs store=jobs.sqlite action=list`."""

from __future__ import annotations

import sys

from omegaconf import DictConfig

from experiments.entry import job_of, run
from qml.base.redacting import redact_logging


def main(config: DictConfig) -> None:
    """Print what was found or done; the status is 2 where jobs still wait or ended badly."""
    redact_logging()
    outcome = job_of(config, "jobs").run()
    print(outcome)
    sys.exit(outcome.status)


if __name__ == "__main__":
    run("jobs", main)
