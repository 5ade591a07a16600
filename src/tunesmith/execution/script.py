"""The user's script, as processes find it that an objective starts itself.

Where multiprocessing does not fork, a new process runs the script again, under another name, and finds in it
what it is to do (a function, the class of a data set). A worker of ours is started without the script, so it
is told which one to name. One without `if __name__ == "__main__":` is not named: the process would tune, too.
"""

import ast
import os
import sys
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Script:
    """Where the script is.

    Args:
        file: Its file.
        module: Its name, when it was started with `python -m`; else None.
    """

    file: str
    module: str | None = None

    def stand_for(self) -> None:
        """Name it as the script of this process, to all that multiprocessing starts from here on."""
        main = sys.modules["__main__"]
        main.__file__ = self.file
        main.__spec__ = None if self.module is None else ModuleSpec(self.module, None)


def guarded_script() -> Script | None:
    """The script of this process; None where there is none, as in a notebook, or where it has no guard."""
    main = sys.modules["__main__"]
    try:
        file = os.path.abspath(str(main.__file__))
        tree = ast.parse(Path(file).read_bytes())
    except (AttributeError, OSError, SyntaxError, ValueError):
        return None
    tests = (ast.walk(part.test) for part in tree.body if isinstance(part, ast.If))
    if not any(isinstance(node, ast.Name) and node.id == "__name__" for test in tests for node in test):
        return None
    return Script(file, getattr(main.__spec__, "name", None))
