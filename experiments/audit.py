"""Look for faults in a table of results or in our own records: `python -m experiments.audit path=results.csv`."""

from __future__ import annotations

import sys

from omegaconf import DictConfig

from experiments.entry import job_of, run


def main(config: DictConfig) -> None:
    """Print the findings; the status is 2 where one is severe, and 1 where the audit could not be done."""
    outcome = job_of(config, "audit").run()
    print(outcome)
    sys.exit(outcome.status)


if __name__ == "__main__":
    run("audit", main)
