"""Compare models on one data set or several: `python -m experiments.benchmark recipe=digits`."""

from __future__ import annotations

from omegaconf import DictConfig

from experiments.entry import command_line, job_of, run


def main(config: DictConfig) -> float | None:
    """Run the cells that are missing, write the report, and fail if a cell failed; gives the score for a search."""
    outcome = job_of(config, "benchmark").run(command=command_line("benchmark"))
    print(outcome)
    outcome.check()
    return outcome.validation_score


if __name__ == "__main__":
    run("benchmark", main)
