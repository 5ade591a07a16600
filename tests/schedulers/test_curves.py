"""Curves keeps the contract of schedulers, explains itself, and decides what a model of curves says."""

from tunesmith.schedulers.base import Scheduler
from tunesmith.schedulers.curves import Curves
from tunesmith.testing.scheduler import SchedulerContract


class TestCurves(SchedulerContract):
    trials = 20

    def make(self) -> Scheduler:
        return Curves()
