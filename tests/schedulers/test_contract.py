"""Every scheduler keeps the contract of `schedulers/base.py`."""

from tunesmith.schedulers.asha import ASHA
from tunesmith.schedulers.curves import Curves
from tunesmith.schedulers.halving import Halving, Hyperband
from tunesmith.schedulers.median import Median
from tunesmith.schedulers.none import NoScheduler
from tunesmith.schedulers.racing import Racing
from tunesmith.testing import SchedulerContract


class TestASHA(SchedulerContract):
    def make(self) -> ASHA:
        return ASHA()


class TestASHAWithAnotherFactor(SchedulerContract):
    def make(self) -> ASHA:
        return ASHA(eta=2)


class TestCurves(SchedulerContract):
    trials = 20

    def make(self) -> Curves:
        return Curves()


class TestHalving(SchedulerContract):
    needs_high = True

    def make(self) -> Halving:
        return Halving()


class TestHyperband(SchedulerContract):
    needs_high = True

    def make(self) -> Hyperband:
        return Hyperband()


class TestMedian(SchedulerContract):
    def make(self) -> Median:
        return Median()


class TestNoScheduler(SchedulerContract):
    ends_some = False

    def make(self) -> NoScheduler:
        return NoScheduler()


class TestRacing(SchedulerContract):
    needs_high = True

    def make(self) -> Racing:
        return Racing()
