"""tunesmith finds good hyperparameters in the fewest trials, loses nothing, and says why.

Start with `minimize` or `maximize`, a `Space`, and an objective. Names load when they are first used, so that
`import tunesmith` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tunesmith.version import __version__ as __version__

_HOME = {
    "Space": "space",
    "Float": "space",
    "Int": "space",
    "Choice": "space",
    "Fidelity": "fidelity",
    "Steps": "fidelity",
    "Study": "study.study",
    "studies": "study.study",
    "minimize": "study.minimize",
    "maximize": "study.minimize",
    "StopWhenNotWorthIt": "analysis.stopping",
    "suggest": "models.ruled",
    "Trial": "trial",
    "State": "trial",
    "Failure": "trial",
    "FailureKind": "trial",
    "Report": "trial",
    "TunesmithError": "errors",
}
_MODULES = {"errors": "errors", "methods": "methods", "plot": "analysis.plot"}

if TYPE_CHECKING:
    from tunesmith import errors as errors
    from tunesmith import methods as methods
    from tunesmith.analysis import plot as plot
    from tunesmith.analysis.stopping import StopWhenNotWorthIt as StopWhenNotWorthIt
    from tunesmith.errors import TunesmithError as TunesmithError
    from tunesmith.fidelity import Fidelity as Fidelity
    from tunesmith.fidelity import Steps as Steps
    from tunesmith.models.ruled import suggest as suggest
    from tunesmith.space import Choice as Choice
    from tunesmith.space import Float as Float
    from tunesmith.space import Int as Int
    from tunesmith.space import Space as Space
    from tunesmith.study.minimize import maximize as maximize
    from tunesmith.study.minimize import minimize as minimize
    from tunesmith.study.study import Study as Study
    from tunesmith.study.study import studies as studies
    from tunesmith.trial import Failure as Failure
    from tunesmith.trial import FailureKind as FailureKind
    from tunesmith.trial import Report as Report
    from tunesmith.trial import State as State
    from tunesmith.trial import Trial as Trial

__all__ = sorted([*_HOME, *_MODULES, "__version__"])


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(f"tunesmith.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"tunesmith.{_MODULES[name]}")
    else:
        raise AttributeError(f"module 'tunesmith' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
