"""Bayesian search keeps the contract of methods."""

from tunesmith.methods.base import Method
from tunesmith.methods.bayes import Bayes
from tunesmith.testing.method import MethodContract


class TestBayes(MethodContract):
    trials = 14
    many = 40

    def make(self) -> Method:
        return Bayes()


class TestThompson(TestBayes):
    def make(self) -> Method:
        return Bayes(acquisition="thompson")
