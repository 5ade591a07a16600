"""The search space: parameters, conditions and constraints, and how configs map to the unit cube.

parameters.py   the three kinds of parameter, one knob each
ranges.py       Float and Int; choice.py: Choice
definition.py   checks when a parameter is defined; naming.py: its name for their errors
scales.py       arithmetic between a range and the unit interval
labels.py       names under which the options of a Choice are stored
expression.py   safe expressions over parameter names
conditions.py   when a parameter is active
constraints.py  what every config has to meet
checking.py     whether a config fits
space.py        Space: all of it together
counting.py     size and numbering of finite spaces and grids
stored.py       spaces and configs as JSON values, for stores and files
changes.py      what changed between two spaces, in words
files.py        reading TOML, YAML and JSON
"""

from tunesmith.space.constraints import Constraint
from tunesmith.space.parameters import Choice, Float, Int, Parameter, describe
from tunesmith.space.space import Config, Key, Space

__all__ = ["Choice", "Config", "Constraint", "Float", "Int", "Key", "Parameter", "Space", "describe"]
