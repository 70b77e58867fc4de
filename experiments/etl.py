"""Prepare raw files on Spark: `python -m experiments.etl etl=own etl.name=shops etl.read.path=raw out=prepared`."""

from __future__ import annotations

import logging

from omegaconf import DictConfig

from experiments.entry import job_of, run


def main(config: DictConfig) -> None:
    """Read, check, divide, fit and write; print the counts of rows and the seconds of each stage."""
    logging.getLogger("py4j").setLevel(logging.ERROR)  # it tells of each connection to Java
    print(job_of(config, "etl").run())


if __name__ == "__main__":
    run("etl", main, keeps=False)
