"""Folds: which rows are learnt from and which are scored, fixed once per search."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tunesmith.errors import DataError, OptionError, message
from tunesmith.models.data import Dataset
from tunesmith.models.extras import need
from tunesmith.seeds import generator
from tunesmith.wording import counted

Rows: TypeAlias = npt.NDArray[np.int64]
Fold: TypeAlias = tuple[Rows, Rows]
Folds: TypeAlias = list[Fold]


def make_folds(dataset: Dataset, k: int = 5, repeats: int = 1, seed: int = 0) -> Folds:
    """Cut a data set into folds, as many times as asked for.

    Each row is scored once a repeat. Classes are spread evenly over the folds; a class with fewer rows than
    folds is missing from the scored part of some. Rows of one group (`Dataset.groups`) stay together.

    Args:
        dataset: Data set to cut.
        k: Number of folds, 2 or more.
        repeats: How many times to cut, each time anew.
        seed: Seed of the shuffling, 0 or more.

    Returns:
        k * repeats pairs of row numbers (learnt from, scored), rising; repeat by repeat.

    Raises:
        OptionError: k or repeats is too low.
        DataError: There are too few rows or groups.
    """
    if k < 2 or repeats < 1:
        raise OptionError(
            message(
                "folds cannot be made", allowed="2 folds, 1 repeat or more", given=f"k={k}, repeats={repeats}"
            )
        )
    if len(dataset) < 2 * k:
        raise DataError(
            message(
                f"there are too few rows for {k} folds",
                allowed=f"{2 * k} rows or more",
                given=f"{counted(len(dataset), 'row')} with a target",
                fix="Ask for fewer folds, or bring more rows.",
            )
        )
    numbers = np.arange(len(dataset))
    folds: Folds = []
    for repeat in range(repeats):
        rng = generator(seed, repeat, "folds")
        if dataset.groups is None:
            owner = _deal(dataset, k, rng)
        else:
            owner = _deal_groups(dataset, dataset.groups, k, rng)
        folds += [(numbers[owner != j], numbers[owner == j]) for j in range(k)]
    return folds


def _deal(dataset: Dataset, k: int, rng: np.random.Generator) -> Rows:
    # As cards: shuffled, sorted by class, dealt round. Folds differ by one row at most, in every class.
    order = rng.permutation(len(dataset))
    if dataset.task == "classification":
        order = order[np.argsort(dataset.y[order], kind="stable")]
    owner = np.empty(len(dataset), dtype=np.int64)
    owner[order] = np.arange(len(dataset)) % k
    return owner


def _deal_groups(dataset: Dataset, groups: npt.NDArray[Any], k: int, rng: np.random.Generator) -> Rows:
    distinct = len(np.unique(groups))
    if distinct < k:
        raise DataError(
            message(
                f"there are too few groups for {k} folds",
                allowed=f"{k} groups or more",
                given=counted(distinct, "group"),
            )
        )
    selection = need("sklearn.model_selection", "folds that keep groups together")
    is_stratified = dataset.task == "classification"
    splitter = (selection.StratifiedGroupKFold if is_stratified else selection.GroupKFold)(
        n_splits=k, shuffle=True, random_state=int(rng.integers(2**31))
    )
    owner = np.empty(len(dataset), dtype=np.int64)
    for j, (_, scored) in enumerate(splitter.split(np.zeros(len(dataset)), dataset.y, groups)):
        owner[scored] = j
    return owner
