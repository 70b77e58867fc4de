"""Learning: Tasks say what a batch means, Steps move weights, Fits train, Records tell what happened."""

from qml.learn.counters import Counters
from qml.learn.csv_log import CsvLog
from qml.learn.diverged import DivergedError
from qml.learn.fit import Budget, Cost, Fit, Fitted, predictions
from qml.learn.hooks import EachStep, Hook, Run
from qml.learn.loop import Course, train
from qml.learn.plateau import NotConvergedError, Plateau
from qml.learn.record import RECORD_VERSION, Record
from qml.learn.registries import FITS, STEPS, TASKS
from qml.learn.step import Snapshot, Step
from qml.learn.step_fit import StepFit
from qml.learn.supervised import Supervised
from qml.learn.task import Metric, Task
from qml.learn.two_class import LOSSES, Overlaps, TwoClass

__all__ = [
    "Budget",
    "Cost",
    "Counters",
    "Course",
    "CsvLog",
    "DivergedError",
    "EachStep",
    "FITS",
    "Fit",
    "Fitted",
    "Hook",
    "LOSSES",
    "Metric",
    "NotConvergedError",
    "Overlaps",
    "Plateau",
    "RECORD_VERSION",
    "Record",
    "Run",
    "STEPS",
    "Snapshot",
    "Step",
    "StepFit",
    "Supervised",
    "TASKS",
    "Task",
    "TwoClass",
    "predictions",
    "train",
]
