"""Run a trained model on a machine, or train it there: `python -m experiments.hardware noise=fake_manila`."""

from __future__ import annotations

from omegaconf import DictConfig

from experiments.entry import job_of, run
from qml.base.redacting import redact_logging


def main(config: DictConfig) -> None:
    """Tell what it will take; train or evaluate; print the records of this model as a table."""
    redact_logging()
    print(job_of(config, "hardware").run())


if __name__ == "__main__":
    run("hardware", main)
