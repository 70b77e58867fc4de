"""Join the cells of a comparison into one page: `python -m experiments.report recipe=digits`."""

from __future__ import annotations

from omegaconf import DictConfig

from experiments.entry import command_line, job_of, run


def main(config: DictConfig) -> None:
    """Write HTML and Markdown; print where they are and the verdict; fail where the report finds a failure."""
    report = job_of(config, "report").run(command=command_line("benchmark"))
    print(report)
    report.check()


if __name__ == "__main__":
    run("report", main)
