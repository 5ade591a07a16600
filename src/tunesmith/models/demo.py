"""The data set of `tunesmith demo`: real, and shipped inside scikit-learn, so that nothing is downloaded.

Of the data sets that ship there, this is the one on which tuning gains most clearly over LightGBM's defaults:
60 configs, winner and defaults compared on fresh folds (`tuned.compare`), two searches each, seconds of one
core for all 60:

    data set        metric    defaults   tuned    gain                      seconds
    diabetes        RMSE       59.24     54.36    4.88 ± 1.19    (8 %)         11
                               59.48     55.94    3.54 ± 1.22    (6 %)         15
    breast_cancer   log loss   0.137     0.085    0.053 ± 0.030  (38 %)        72
                               0.112     0.078    0.035 ± 0.026  (31 %)        73
    wine            log loss   0.072     0.048    0.024 ± 0.035  (34 %)        61

Iris is too small to tell, and digits takes several seconds a config.
"""

from tunesmith.models.data import Dataset, prepare
from tunesmith.models.extras import need

DESCRIPTION = (
    "Diabetes: 442 patients, 10 measurements each (age, sex, body mass index, blood pressure, blood serum); "
    "how far has the disease gone a year later? The data comes with scikit-learn."
)
_NAMES = {
    "bmi": "body mass index",
    "bp": "blood pressure",
    "s1": "total cholesterol",
    "s2": "LDL",
    "s3": "HDL",
    "s4": "cholesterol ratio",
    "s5": "log triglycerides",
    "s6": "blood sugar",
}


def load_demo() -> Dataset:
    """Load the demo's data set.

    Example:
        >>> load_demo().describe()
        "442 rows, 10 columns, regression of 'progression'"
    """
    datasets = need("sklearn.datasets", "the demo's data set")
    bunch = datasets.load_diabetes(as_frame=True, scaled=False)
    return prepare(bunch.data.rename(columns=_NAMES).assign(progression=bunch.target), "progression")
