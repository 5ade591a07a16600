"""The demo's data set."""

from tunesmith.models.demo import DESCRIPTION, load_demo


def test_it_is_real_described_and_quick_to_learn():
    dataset = load_demo()
    assert dataset.task == "classification"
    assert str(len(dataset)) in DESCRIPTION
    assert dataset.classes == ("benign", "malignant")
    assert dataset.y.tolist().count(0) == 357
