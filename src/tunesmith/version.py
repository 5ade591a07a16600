"""The version of the package, here rather than in its `__init__`, which names modules of every layer."""

__version__ = "0.1.0"
