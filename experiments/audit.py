"""Look for faults in a table of results or in our own records: `python -m experiments.audit path=results.csv`."""

from __future__ import annotations

import sys
from dataclasses import replace

from omegaconf import DictConfig

from experiments.entry import job_of, run
from qml.base.files import made_folder


def main(config: DictConfig) -> None:
    """Print the findings; the status is 2 where one is severe, and 1 where the audit could not be done."""
    job = job_of(config, "audit")
    folder = None if job.out is None else made_folder("out", job.out)
    outcome = replace(job, out=None).run()
    print(outcome)
    if folder is not None:
        print("", *outcome.write(folder), sep="\n")
    sys.exit(outcome.status)


if __name__ == "__main__":
    run("audit", main)
