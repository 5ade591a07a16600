"""What cannot be is refused before a store is made."""

import math

import pytest

import tunesmith as ts
from tunesmith.errors import SpaceError, StoreError, TunesmithError

EPOCHS = ts.Fidelity("epoch", 1, 27)
SPACE = ts.Space(x=ts.Float(0, 1))


def objective(config):
    return config["x"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scheduler": "asha"}, "scheduler 'asha' needs a fidelity"),
        ({"scheduler": "ahsa", "fidelity": EPOCHS}, "scheduler is unknown.*Did you mean 'asha'"),
        ({"scheduler": "hyperband", "fidelity": ts.Fidelity("epoch")}, "needs the largest number of epochs"),
        ({"scheduler": "racing", "fidelity": ts.Fidelity("fold")}, "racing"),
        ({"fidelity": 50}, "fidelity is no fidelity"),
        ({"scheduler": {"name": "asha", "etta": 3}, "fidelity": EPOCHS}, "has no setting 'etta'"),
        ({"method": ts.methods.Manual([{"y": 1.0}])}, "y"),
        ({"method": ts.methods.Manual.walk({"x": 0.5}, "y", step=0.1)}, "y"),
        ({"method": {"name": "grid", "levels": {"y": 3}}}, "y"),
        ({"name": "a\0b"}, "name cannot be"),
        ({"trials": 0}, "trials must be"),
        ({"target": math.nan}, "target must be"),
        ({"ordered": "yes"}, "ordered"),
        ({"callbacks": print}, "callbacks"),
    ],
)
def test_what_cannot_be_is_refused_before_a_store_is_made(tmp_path, options, words):
    with pytest.raises(TunesmithError, match=words):
        ts.minimize(
            objective, SPACE, store=str(tmp_path / "tune.db"), progress=False, **{"trials": 3, **options}
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "words"),
    [({"info": {"data": {1, 2}}}, "info cannot be stored"), ({"info": [1]}, "info must be a mapping")],
)
def test_what_cannot_be_stored_is_refused_before_a_store_is_made(tmp_path, options, words):
    with pytest.raises(TunesmithError, match=words):
        ts.Study(SPACE, store=str(tmp_path / "tune.db"), **options)
    assert not list(tmp_path.iterdir())


def test_too_many_parameters_for_the_method_are_refused_at_once():
    many = ts.Space({f"x{i}": ts.Float(0, 1) for i in range(21_202)})
    with pytest.raises(TunesmithError, match="sobol"):
        ts.Study(many, method="sobol")


def test_info_is_kept_as_it_is_read_again(tmp_path):
    for _ in range(2):  # a tuple is a list in JSON
        study = ts.Study(SPACE, store=str(tmp_path / "tune.db"), info={"shape": (3, 4)})
    assert study.ledger.record.info == {"shape": [3, 4]}


@pytest.mark.parametrize("path", [None, 7, b"report.html", "", " ", "a\0b", ["report.html"]])
def test_what_is_no_path_is_refused_in_words(path):
    study = ts.Study(SPACE)
    study.add({"x": 0.5}, 1.0)
    for take in (study.report, ts.Space.load):
        with pytest.raises(ts.errors.OptionError, match=r"needs a path; allowed: text"):
            take(path)


def test_errors_of_a_path_that_is_one_stay_as_they_are(tmp_path):
    with pytest.raises(ts.errors.OptionError, match="cannot read"):
        ts.Space.load(tmp_path / "space.toml")
    with pytest.raises(SpaceError):
        ts.Space.from_dict({"x": {"type": "flaot"}})
    with pytest.raises(StoreError, match="there is no store"):
        ts.Study.open(tmp_path / "tune.db")
