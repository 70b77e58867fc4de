"""Train one model: `python -m experiments.train data=wine model/circuit=reupload`."""

from __future__ import annotations

from omegaconf import DictConfig

from experiments.entry import run
from qml.config import built


def main(config: DictConfig) -> None:
    """Train, or continue a run that was killed; save the model; print its scores."""
    print(built(config, "train").run())


if __name__ == "__main__":
    run("train", main)
