"""The search space: parameters, conditions and constraints, and how configs map to the unit cube.

parameters.py   Float, Int, Choice: one knob each
labels.py       names under which the options of a Choice are stored
expression.py   safe expressions over parameter names
conditions.py   when a parameter is active
space.py        Space and its constraints
counting.py     size and numbering of finite spaces and grids
stored.py       spaces and configs as JSON values, for stores and files
files.py        reading TOML, YAML and JSON
"""

from tunesmith.space.parameters import Choice, Float, Int, Parameter, describe
from tunesmith.space.space import Config, Constraint, Key, Space

__all__ = ["Choice", "Config", "Constraint", "Float", "Int", "Key", "Parameter", "Space", "describe"]
