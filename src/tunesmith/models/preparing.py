"""What scikit-learn's models need before they see a table: numbers without gaps, on one scale.

trees       category codes as they are; gaps stay
distances   gaps filled by the median with a flag, columns standardised, categories one-hot coded
"""

from typing import Any

from tunesmith.models.data import Dataset
from tunesmith.models.extras import need

PURPOSE = "scikit-learn's model families"
MOST_COLUMNS_A_CATEGORY = 30  # rarer ones share one column
FEWEST_ROWS_A_CATEGORY = 0.005  # of the rows, or they share one column


def scaled(dataset: Dataset, model: Any) -> Any:
    """A pipeline that standardises, then fits; its input is the matrix of codes (`Dataset.matrix`)."""
    pipeline = need("sklearn.pipeline", PURPOSE)
    compose = need("sklearn.compose", PURPOSE)
    preprocessing = need("sklearn.preprocessing", PURPOSE)
    impute = need("sklearn.impute", PURPOSE)
    names = list(map(str, dataset.X.columns))
    categories = [j for j, n in enumerate(names) if n in dataset.categorical]
    numbers = [j for j in range(len(names)) if j not in set(categories)]
    parts = []
    if numbers:
        filled = impute.SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
        parts.append(("numbers", pipeline.make_pipeline(filled, preprocessing.StandardScaler()), numbers))
    if categories:
        coder = preprocessing.OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=FEWEST_ROWS_A_CATEGORY,
            max_categories=MOST_COLUMNS_A_CATEGORY,
            sparse_output=False,
        )
        parts.append(("categories", coder, categories))
    return pipeline.Pipeline([("prepare", compose.ColumnTransformer(parts)), ("model", model)])


def scaled_target(model: Any, *, bend: bool = False) -> Any:
    """A regressor that learns the standardised target, if wanted bent to a normal one (Yeo-Johnson)."""
    compose = need("sklearn.compose", PURPOSE)
    preprocessing = need("sklearn.preprocessing", PURPOSE)
    scaler: Any = preprocessing.StandardScaler()
    if bend:
        scaler = preprocessing.PowerTransformer(method="yeo-johnson", standardize=True)
    return compose.TransformedTargetRegressor(model, transformer=scaler)
