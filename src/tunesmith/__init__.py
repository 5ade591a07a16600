"""tunesmith finds good hyperparameters in the fewest trials, loses nothing, and says why."""

__version__ = "0.1.0"
