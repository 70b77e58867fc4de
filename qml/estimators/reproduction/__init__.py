"""Published studies run again: what was published, what is measured, and whether the two agree."""

from qml.estimators.reproduction.claim import Agreement, Claim, Measured
from qml.estimators.reproduction.fits import PublishedFit, read_fits
from qml.estimators.reproduction.fitting import measure
from qml.estimators.reproduction.job import NotReproducedError, ReproductionJob, ReproductionOutcome
from qml.estimators.reproduction.study import FitsStudy, Row, Study

__all__ = [
    "Agreement",
    "Claim",
    "FitsStudy",
    "Measured",
    "NotReproducedError",
    "PublishedFit",
    "ReproductionJob",
    "ReproductionOutcome",
    "Row",
    "Study",
    "measure",
    "read_fits",
]
