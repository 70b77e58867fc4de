"""Look for faults in a data set before a model learns from it: `python -m experiments.inspect data=brain_mri`."""

from __future__ import annotations

import sys

from omegaconf import DictConfig

from experiments.entry import job_of, run


def main(config: DictConfig) -> None:
    """Print the findings, write the report; the status is 1 where a finding is severe."""
    outcome = job_of(config, "inspect").run()
    print(outcome)
    sys.exit(outcome.status)


if __name__ == "__main__":
    run("inspect", main)
