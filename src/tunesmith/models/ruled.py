"""What a family has from its table of rules, and `suggest`, which joins tables, families and data."""

from typing import Any

import numpy as np

from tunesmith.errors import OptionError, message, not_one_of
from tunesmith.models.base import Family, families, family_name, get_family
from tunesmith.models.data import Dataset, Task, prepare
from tunesmith.models.extras import need_pandas
from tunesmith.rules.engine import Reason, Suggestion, apply
from tunesmith.rules.tables import find_table, known
from tunesmith.space import Config, Space
from tunesmith.wording import counted


class Ruled:
    """A family whose space and default come from its table of rules."""

    name: str

    def space(self, dataset: Dataset) -> Space:
        """What is worth searching, the most important parameter first."""
        return suggested(self.name, dataset).space

    def default_config(self, dataset: Dataset) -> Config:
        """The config to try first."""
        return suggested(self.name, dataset).default


def suggested(model: str, dataset: Dataset, family: Family | None = None) -> Suggestion:
    """Suggest where to start and where to search.

    Args:
        model: Name of a table of rules or of a family.
        dataset: Data set.
        family: The family, for one without a table.
    """
    table = find_table(model)
    if table is not None:
        return apply(table, dataset.facts, model)
    family = family or get_family(model)
    space = family.space(dataset)
    why = f"As the family {model} has it: there are no rules for it."
    default = space.check(family.default_config(dataset))
    return Suggestion(
        model=model,
        default=default,
        space=space,
        reasons=tuple(Reason(name, "the family's own", why) for name in space),
        portfolio=(),
        library=default,
        facts=dataset.facts,
    )


def suggest(X: Any, y: Any, model: str = "lightgbm", *, task: Task | None = None) -> Suggestion:
    """Suggest a first config and a space for a model on a data set, with the reason for each line.

    Args:
        X: Table of shape (n, d): a data frame or an array.
        y: Target of shape (n,).
        model: Name of a model family, or "torch" for a training loop of your own.
        task: "classification" or "regression"; None to tell it from the target.

    Returns:
        Suggestion with `default`, `space`, `reasons`, `portfolio` and `facts`.

    Raises:
        OptionError: There is no such model, X or y is no data, or they differ in length.
        DataError: The table cannot be learnt from.

    Example:
        >>> import numpy as np
        >>> X = np.random.default_rng(0).normal(size=(500, 4))
        >>> suggest(X, X.sum(axis=1), "ridge").default
        {'alpha': 1.0}
    """
    word = known_model(model)
    return suggested(word, dataset_of(X, y, task))


def dataset_of(X: Any, y: Any, task: Task | None = None) -> Dataset:
    """A table and its target as a `Dataset`.

    Raises:
        OptionError: One of them is no data, or they differ in length.
        DataError: They cannot be learnt from.
    """
    is_named = hasattr(X, "columns")
    X, y = _read("X", X), _read("y", y)
    y = y.squeeze("columns") if hasattr(y, "columns") else y
    for name, given, most in (("X", X, 2), ("y", y, 1)):
        if np.ndim(given) > most:
            wrong = f"{name} has too many dimensions"
            raise OptionError(message(wrong, allowed=f"up to {most}", given=np.ndim(given)))
    frame = X if is_named else X.rename(columns=lambda c: f"x{c}" if isinstance(c, int) else c)
    target = str(getattr(y, "name", None) or "y")
    while target in map(str, frame.columns):
        target += "_"
    if len(frame) != len(y):
        raise OptionError(
            message("X and y differ in length", given=f"{len(frame)} and {counted(len(y), 'row')}")
        )
    values = y.set_axis(frame.index).rename(target)
    return prepare(need_pandas().concat([frame, values], axis=1), target, task)


def _read(name: str, given: Any) -> Any:
    """Whatever can be a data frame as one; an array of too many dimensions as it is.

    Raises:
        OptionError: It cannot.
    """
    fix = None
    if isinstance(given, (str, bytes)):
        fix = "Read a file first: pandas.read_csv(...)."
        fix = fix if name == "X" else f"For a column of X write X.pop({given!r}), which takes it out of X."
    elif hasattr(given, "toarray"):
        fix = f"It is sparse: write {name}.toarray()."
    elif hasattr(given, "__len__") and not isinstance(given, (set, frozenset)):
        given = given.to_pandas() if hasattr(given, "to_pandas") else given  # tables of Arrow and Polars
        try:
            is_frame = hasattr(given, "columns")
            return given if is_frame or np.ndim(given) > 2 else need_pandas().DataFrame(given)
        except (TypeError, ValueError, RuntimeError) as error:
            fix = f"It cannot be made a data frame: {error}"
    allowed = "a data frame or an array" if name == "X" else "one value a row"
    is_short = isinstance(given, (str, bytes, int, float, type(None)))
    shown = repr(given) if is_short else f"a {type(given).__name__}"
    raise OptionError(message(f"{name} is no data", allowed=allowed, given=shown, fix=fix))


def known_model(model: str) -> str:
    """Name of a model that there are rules or a family for.

    Raises:
        OptionError: There is neither; offers what is close.
    """
    word = family_name(model)
    if word in known() or word in families():
        return word
    both = sorted({*known(), *families()})
    raise OptionError(not_one_of("the model is unknown", model, both, word))
