"""Train one model: `python -m experiments.train data=wine model/circuit=reupload`."""

from __future__ import annotations

from omegaconf import DictConfig

from experiments.entry import job_of, run, tell


def main(config: DictConfig) -> None:
    """Train, or continue a run that was killed; save the model; print its scores."""
    tell(job_of(config, "train").run())


if __name__ == "__main__":
    run("train", main)
