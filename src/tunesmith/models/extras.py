"""Optional packages, imported where they are used, with a clear error where they are missing."""

from importlib import import_module
from types import ModuleType

from tunesmith.errors import missing_extra

_EXTRAS = {
    "pandas": "models",
    "lightgbm": "models",
    "sklearn": "models",
    "xgboost": "xgboost",
    "catboost": "catboost",
    "torch": "torch",
    "lightning": "lightning",
    "optuna": "optuna",
    "skops": "models",
    "pyarrow": "parquet",
}
_PACKAGES = {"sklearn": "scikit-learn"}  # where the package is not named as the module


def need_pandas() -> ModuleType:
    """Import pandas.

    Raises:
        MissingExtra: It is not installed.
    """
    return need("pandas", "a data table")


def need(module: str, purpose: str, extra: str = "") -> ModuleType:
    """Import an optional module.

    Args:
        module: Dotted name of the module.
        purpose: What it is needed for, a noun phrase.
        extra: Extra of tunesmith that brings all of it; empty for the usual one of the module.

    Raises:
        MissingExtra: The package is not installed; says which extra brings it.

    Example:
        >>> need("pandas", "reading a table").__name__
        'pandas'
    """
    root = module.split(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != root:
            raise  # the package is there and lacks one of its own
        raise missing_extra(
            _PACKAGES.get(root, root), extra or _EXTRAS.get(root, "models"), purpose
        ) from error
