"""The data set of `tunesmith demo`: real, and shipped inside scikit-learn, so that nothing is downloaded."""

from tunesmith.models.data import Dataset, prepare
from tunesmith.models.extras import need

DESCRIPTION = (
    "Breast cancer Wisconsin (diagnostic): 569 biopsies, 30 measurements of cell nuclei each; "
    "malignant or benign? It comes with scikit-learn."
)


def load_demo() -> Dataset:
    """Load the demo's data set.

    Example:
        >>> load_demo().describe()
        "569 rows, 30 columns, classification of 'diagnosis' into 2 classes"
    """
    datasets = need("sklearn.datasets", "the demo's data set")
    bunch = datasets.load_breast_cancer(as_frame=True)
    labels = bunch.target.map(dict(enumerate(map(str, bunch.target_names))))
    return prepare(bunch.data.assign(diagnosis=labels), "diagnosis")
