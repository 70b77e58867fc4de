"""Embed a data set by a frozen backbone and look at neighbours: `python -m experiments.embedding data=digits`."""

from __future__ import annotations

from omegaconf import DictConfig

from experiments.entry import job_of, run


def main(config: DictConfig) -> None:
    """Fill the bank, or read it; print the score of the nearest and a few rows with their neighbours."""
    print(job_of(config, "embedding").run())


if __name__ == "__main__":
    run("embedding", main)
