"""Every finding: a study that has what it is about, and one that has not."""

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats

from tunesmith.analysis.expectation import Beliefs
from tunesmith.analysis.finding import Finding, fixed_line, know, line
from tunesmith.analysis.health import CHECKS, examine, health
from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.rules.tables import limits
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.study.study import Study
from tunesmith.trial import Failure, FailureKind, Report, State, Trial

UNIT = Space(x=Float(0, 1), y=Float(0, 1))


def of_kind(history: History, kind: str) -> list[Finding]:
    return [finding for finding in health(history) if finding.kind == kind]


def searched(
    space: Space, loss: Any, trials: int = 40, direction: Any = "minimize", seed: int = 0
) -> History:
    study = Study(space, seed=seed, direction=direction)
    for _ in range(trials):
        trial = study.ask()
        study.tell(trial, loss(trial.config))
    return study.history


def bowl(c: dict[str, Any]) -> float:
    return float((c["x"] - 0.4) ** 2 + 0.7 * (c["y"] - 0.6) ** 2)


def test_a_clean_study_has_no_findings() -> None:
    assert health(searched(UNIT, bowl)) == ()


@pytest.mark.parametrize("count", [0, 1, 3, 8])
def test_little_is_said_of_little(make: Any, count: int) -> None:
    assert health(make(UNIT, bowl, count)) == ()


def test_equal_values_have_no_wild_findings(make: Any) -> None:
    assert health(make(UNIT, lambda c: 1.0, 40)) == ()


def test_where_every_trial_fails_that_is_all_there_is_to_say(make: Any) -> None:
    assert health(make(UNIT, lambda c: None, 3)) == ()
    (finding,) = health(make(UNIT, lambda c: None, 40))
    assert finding.kind == "failures"
    assert finding.evidence == "40 of 40 failed; most often: it broke (error)."
    assert finding.change.startswith("objective(study.trials[0].config)")


# -- the best lies at the edge of a range ------------------------------------------------------------------


def test_edge_of_a_range_is_found_with_a_wider_one() -> None:
    space = Space(lr=Float(1e-4, 1e-2, log=True, default=1e-3), y=Float(0, 1))
    history = searched(space, lambda c: -math.log10(c["lr"]) + (c["y"] - 0.5) ** 2)
    (finding,) = of_kind(history, "edge")
    assert finding.parameter == "lr"
    assert finding.change == "lr=ts.Float(0.0001, 0.1, log=True, default=0.001)"
    assert "high end" in finding.sentence
    assert "0.01" in finding.evidence


def cut_short(learns: Any) -> History:
    """A history in which three trials of four were cut short, those with large x among the others."""
    trials = []
    for number in range(40):
        x, y = (7 * number % 40) / 39, (11 * number % 40) / 39
        last = 27 if x > 0.75 else 2
        reports = tuple(Report(step, learns(x, step), 0.0) for step in range(1, last + 1))
        state, value = (State.COMPLETE, reports[-1].value) if last == 27 else (State.PAUSED, None)
        trials.append(Trial(number, {"x": x, "y": y}, state, value, reports))
    return History(UNIT, "minimize", trials, fidelity=Fidelity("epoch", 1, 27))


def test_the_best_are_those_that_came_to_their_end() -> None:
    # The larger x the slower, and the better in the end: what was cut short looks best of all.
    history = cut_short(lambda x, step: 2.0 - x + 3.0 * math.exp(-(1.2 - x) * step))
    assert int(np.argmin(history.loss)) in history.numbers(State.PAUSED)
    known = know(history)
    assert known.best[0] == history.best.number  # type: ignore[union-attr]
    assert {history[number].state for number in known.best.tolist()} == {State.COMPLETE}
    assert Beliefs(history).base() == history.best.config  # type: ignore[union-attr]


def test_of_guesses_no_parameter_is_said_to_have_no_effect() -> None:
    def loss(x: float, step: int) -> float:
        return x + 1.0 / step

    history = cut_short(loss)
    assert know(history).importance["y"].high < 0.03
    assert not of_kind(history, "no effect")
    sure = [
        Trial(t.number, t.config, State.COMPLETE, loss(t.config["x"], 27))
        for t in history.trials
    ]  # fmt: skip
    (finding,) = of_kind(History(UNIT, "minimize", sure), "no effect")
    assert finding.parameter == "y"


def test_no_range_is_advised_that_goes_beyond_what_makes_sense() -> None:
    space = Space(share=Float(0.3, 0.9), y=Float(0, 1))
    history = searched(space, lambda c: -c["share"] + (c["y"] - 0.5) ** 2)

    def advised(limits: Any) -> list[str]:
        return [f.change for f in health(history, limits) if f.kind == "edge"]

    assert advised(None) == ["share=ts.Float(0.3, 1.2)"]
    assert advised({"share": (0.05, 1.0)}) == ["share=ts.Float(0.3, 1.0)"]
    assert advised({"share": (0.05, 0.9)}) == []


def test_a_study_of_a_model_family_knows_what_its_parameters_allow() -> None:
    changes = {}
    for model in ("lightgbm", None):
        space = Space(bagging_fraction=Float(0.3, 0.9), y=Float(0, 1))
        study = Study(space, seed=0, info={"model": model})
        for _ in range(40):
            trial = study.ask()
            study.tell(trial, -trial.config["bagging_fraction"] + (trial.config["y"] - 0.5) ** 2)
        changes[model] = [f.change for f in study.health() if f.kind == "edge"]
    assert changes["lightgbm"] == ["bagging_fraction=ts.Float(0.3, 1.0)"]
    assert changes[None] == ["bagging_fraction=ts.Float(0.3, 1.2)"]


@pytest.mark.parametrize(
    ("model", "penalty"),
    [("lightgbm", "lambda_l2"), ("xgboost", "reg_alpha"), ("mlp", "alpha"), ("torch", "weight_decay")],
)
def test_a_penalty_is_not_widened_to_where_it_is_none(model: str, penalty: str) -> None:
    low, _ = limits(model)[penalty]
    space = Space({penalty: Float(low, 1e3 * low, log=True), "y": Float(0, 1)})
    found = searched(space, lambda c: math.log10(c[penalty]) + (c["y"] - 0.5) ** 2)
    assert [f.parameter for f in of_kind(found, "edge")] == [penalty]
    assert [f for f in health(found, limits(model)) if f.kind == "edge"] == []


def test_the_low_end_too_also_when_maximising_and_for_whole_numbers() -> None:
    space = Space(n=Int(10, 50), y=Float(0, 1))
    history = searched(space, lambda c: -c["n"] - (c["y"] - 0.5) ** 2, direction="maximize")
    (finding,) = of_kind(history, "edge")
    assert (finding.parameter, finding.change) == ("n", "n=ts.Int(0, 50)")


def test_no_edge_where_the_scale_ends_or_the_best_lies_inside() -> None:
    at_zero = searched(
        Space(dropout=Float(0.0, 0.8), y=Float(0, 1)), lambda c: c["dropout"] + (c["y"] - 0.5) ** 2
    )
    assert of_kind(at_zero, "edge") == []
    leaves = searched(Space(leaves=Int(2, 60, log=True), y=Float(0, 1)), lambda c: c["leaves"] + c["y"])
    assert "leaves" not in [f.parameter for f in of_kind(leaves, "edge")]
    assert of_kind(searched(UNIT, bowl), "edge") == []
    choice = searched(Space(k=Choice(["a", "b", "c"]), y=Float(0, 1)), lambda c: "abc".index(c["k"]) + c["y"])
    assert [f.parameter for f in of_kind(choice, "edge")] in ([], ["y"])


# -- a log scale would fit ---------------------------------------------------------------------------------


def test_a_missing_log_scale_is_found(make: Any) -> None:
    space = Space(lr=Float(1e-4, 1.0), y=Float(0, 1))
    history = make(space, lambda c: math.log10(c["lr"]) ** 2 + 0.3 * c["y"], 64)
    (finding,) = of_kind(history, "scale")
    assert finding.parameter == "lr"
    assert finding.change == "lr=ts.Float(0.0001, 1.0, log=True)"


def test_a_linear_scale_that_fits_stays(make: Any) -> None:
    space = Space(lr=Float(1e-4, 1.0), y=Float(0, 1))
    assert of_kind(make(space, lambda c: (c["lr"] - 0.5) ** 2 + 0.3 * c["y"], 64), "scale") == []
    narrow = Space(lr=Float(0.5, 1.0), y=Float(0, 1))
    assert of_kind(make(narrow, lambda c: math.log(c["lr"]) + c["y"], 64), "scale") == []


# -- a parameter without effect ----------------------------------------------------------------------------


def test_a_parameter_without_effect_is_found_with_a_value_to_fix_it_at(make: Any) -> None:
    space = Space(x=Float(0, 1), idle=Float(0, 1, default=0.25), tag=Choice([1, 2, None], default=2))
    found = of_kind(make(space, lambda c: math.sin(5 * c["x"]), 100), "no effect")
    assert {f.parameter: f.change for f in found} == {
        "idle": "idle=ts.Choice([0.25])",
        "tag": "tag=ts.Choice([2])",
    }


def test_small_effects_and_parents_are_left_alone(make: Any) -> None:
    space = Space(x=Float(0, 1), kind=Choice(["a", "b"]), z=Float(0, 1, when={"kind": "a"}))
    found = of_kind(make(space, lambda c: c["x"] + 0.5 * c.get("z", 0.5), 100), "no effect")
    assert "kind" not in [f.parameter for f in found]
    assert of_kind(make(UNIT, lambda c: c["x"] + 0.6 * c["y"], 100), "no effect") == []


# -- noise -------------------------------------------------------------------------------------------------


def test_too_much_noise_is_found(make: Any) -> None:
    (finding,) = of_kind(make(UNIT, lambda c: 5.0 + 0.1 * c["x"], 100, noise=1.0), "noise")
    assert finding.parameter is None
    assert "statistics.mean" in finding.change
    assert "uncertain by" in finding.evidence


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_little_noise_is_not(make: Any, noise: float) -> None:
    assert of_kind(make(UNIT, lambda c: math.sin(4 * c["x"]) + c["y"], 100, noise=noise), "noise") == []


# -- who has no code of their own --------------------------------------------------------------------------

TABLE = {
    "data": "my data.csv",
    "target": "y",
    "model": "knn",
    "folds": 5,
    "rows": 900,
    "drop": ["id"],
    "task": None,
}
COMMAND = {"command": "train {x} {y}", "study_file": "mine.toml"}


@pytest.mark.parametrize(
    ("info", "noise", "luck", "failures"),
    [
        (
            TABLE,
            "tunesmith tune 'my data.csv' --target y --model knn --folds 20 --drop id "
            "--study 'my data-y-knn-20-folds'",
            "Use the model that tunesmith tune saved",
            "--trial-memory 8GB",
        ),
        (TABLE | {"rows": 50}, "More rows to tune on", "Use the model", "--trial-memory 8GB"),
        (TABLE | {"data": "demo"}, "More rows to tune on", "tunesmith demo saved", "--trial-memory 8GB"),
        (COMMAND, "In mine.toml: a command that trains with the seeds", "of trial", "--trial-memory 8GB"),
        ({"metric": "loss"}, "return statistics.mean", "study.recommend().config", 'trial_memory="8GB"'),
    ],
)
def test_who_has_no_code_is_told_what_to_do_on_the_command_line(
    make: Any, info: Any, noise: str, luck: str, failures: str
) -> None:
    noisy = make(UNIT, lambda c: 5.0 + 0.1 * c["x"], 100, noise=1.0)
    lucky = [*make(UNIT, bowl, 60, noise=0.01).trials, Trial(60, {"x": 0.9, "y": 0.1}, State.COMPLETE, -0.2)]
    failure = Failure(FailureKind.MEMORY, "it was out of memory")
    failed = [Trial(k, {"x": k / 9, "y": 0.5}, State.FAILED, failure=failure) for k in range(9)]
    for history, kind, words in (
        (noisy, "noise", noise),
        (History(UNIT, "minimize", lucky), "luck", luck),
        (History(UNIT, "minimize", failed), "failures", failures),
    ):
        (change,) = (f.change for f in health(history, None, info) if f.kind == kind)
        assert words in change
        has_code = any(word in change for word in ("return ", "study.", '="'))
        assert has_code == ("metric" in info)


@pytest.mark.parametrize(("info", "has_code"), [(TABLE, False), (COMMAND, False), ({}, True)])
def test_who_has_no_code_is_shown_why_every_trial_fails(make: Any, info: Any, has_code: bool) -> None:
    (finding,) = health(make(UNIT, lambda c: None, 40), None, info)
    assert ("objective(" in finding.change) == has_code
    assert ("tunesmith trials --state failed --json" in finding.change) != has_code


# -- luck --------------------------------------------------------------------------------------------------


def test_a_lucky_best_value_is_found(make: Any) -> None:
    history = make(UNIT, bowl, 60, noise=0.01)
    lucky = Trial(60, {"x": 0.9, "y": 0.1}, State.COMPLETE, -0.2)
    found = of_kind(History(UNIT, "minimize", [*history.trials, lucky]), "luck")
    assert len(found) == 1
    assert "Trial 60 said -0.2" in found[0].evidence
    assert "study.recommend().config" in found[0].change


def test_an_honest_best_value_is_not_luck(make: Any) -> None:
    assert of_kind(make(UNIT, bowl, 60), "luck") == []


# -- failures in a region ----------------------------------------------------------------------------------


def test_failures_beyond_a_value_are_found(make: Any) -> None:
    history = make(UNIT, lambda c: None if c["x"] > 0.7 else c["y"], 80)
    (finding,) = of_kind(history, "failures")
    assert finding.parameter == "x"
    assert "where x > 0." in finding.sentence
    assert finding.change.startswith("space.require('x <= 0.")
    assert "it broke (error)" in finding.evidence
    cut = float(finding.change.partition("<= ")[2].rstrip("')"))
    assert cut == pytest.approx(0.7, abs=0.05)


def test_failures_of_an_option_are_found(make: Any) -> None:
    space = Space(batch=Choice([32, 64, 1024], ordered=False), x=Float(0, 1))
    history = make(space, lambda c: None if c["batch"] == 1024 else c["x"], 60)
    (finding,) = of_kind(history, "failures")
    assert "batch is 1024: 100 % of them, and 0 % elsewhere" in finding.sentence
    assert finding.change == "batch=ts.Choice([32, 64])"


def test_failures_where_names_and_options_are_odd_come_with_a_change_that_runs(make: Any) -> None:
    # optuna#1834 and its kind: braces, dots and keywords in names and options.
    sizes = ["{s}", "{m}", "{}", "{l:>3}"]
    space = Space({"clf.C {}": Float(0, 1), "lambda": Float(0, 1), "size": Choice(sizes, ordered=True)})
    for name, fails, change in (
        ("clf.C {}", lambda c: c["clf.C {}"] > 0.7, "space.require('`clf.C {}` <= 0."),
        ("lambda", lambda c: c["lambda"] > 0.7, "space.require('`lambda` <= 0."),
        ("size", lambda c: sizes.index(c["size"]) > 1, "size=ts.Choice(['{s}', '{m}'], ordered=True)"),
    ):
        (finding,) = of_kind(
            make(space, lambda c, fails=fails: None if fails(c) else c["clf.C {}"], 80), "failures"
        )
        assert finding.parameter == name
        assert finding.change.startswith(change)
        if "require" in change:
            eval(finding.change, {"space": Space({n: space[n] for n in space.names})})


def test_failures_for_want_of_memory_name_the_limit(make: Any) -> None:
    history = make(UNIT, lambda c: None if c["x"] > 0.7 else c["y"], 60)
    failure = Failure(FailureKind.MEMORY, "out of memory", "")
    trials = [
        t if t.failure is None else Trial(t.number, t.config, State.FAILED, failure=failure)
        for t in history.trials
    ]
    (finding,) = of_kind(History(UNIT, "minimize", trials), "failures")
    assert "trial_memory" in finding.change


def test_failures_everywhere_or_few_are_no_region(make: Any) -> None:
    rng = np.random.default_rng(3)
    assert of_kind(make(UNIT, lambda c: None if rng.random() < 0.3 else c["y"], 80), "failures") == []
    assert of_kind(make(UNIT, lambda c: None if c["x"] > 0.97 else c["y"], 60), "failures") == []


# -- parameters bound together -----------------------------------------------------------------------------


def test_parameters_never_varied_apart_are_found() -> None:
    rng = np.random.default_rng(0)
    xs = rng.random(40)
    trials = [
        Trial(k, {"x": x, "y": min(1.0, 0.98 * x + 0.01 * rng.random())}, State.COMPLETE, float(x))
        for k, x in enumerate(xs.tolist())
    ]
    history = History(UNIT, "minimize", trials)
    (finding,) = of_kind(history, "tied")
    assert of_kind(history, "no effect") == []  # of the two, nobody knows which one
    assert "never varied apart" in finding.sentence
    assert "Rank correlation +" in finding.evidence


def test_good_configs_that_tie_two_together_are_found(make: Any) -> None:
    space = Space(batch=Float(16, 1024, log=True), lr=Float(1e-4, 1e-1, log=True))
    history = make(space, lambda c: abs(math.log10(c["lr"] / c["batch"]) + 4.5), 128)
    (finding,) = of_kind(history, "correlated")
    assert "ratio" in finding.sentence
    assert finding.change.startswith('config["lr"] = config["ratio"] * config["batch"]')


def test_parameters_apart_are_not(make: Any) -> None:
    assert of_kind(make(UNIT, bowl, 100), "correlated") == []


def test_what_is_fixed_is_not_widened_rescaled_or_tied_as_well(make: Any) -> None:
    known = know(make(UNIT, bowl, 40))

    def finding(kind: str, parameter: str, other: str | None = None) -> Finding:
        return Finding(kind, parameter, "It is so.", "Seen.", "x=1", other)

    idle, tied = finding("no effect", "x"), finding("tied", "x", "z")
    about = [finding("edge", "x"), finding("scale", "x"), finding("correlated", "y", "x")]
    others = [finding("edge", "y"), finding("luck", "y"), finding("failures", "x")]

    def said(*found: Finding) -> list[Finding]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tunesmith.analysis.health.CHECKS", (lambda known: list(found),))
            return list(examine(known))

    assert said(*about, *others, idle) == [*others, idle]
    assert said(*about, idle, tied) == [*about, tied]


# -- what findings are -------------------------------------------------------------------------------------


def test_every_finding_is_in_words_with_evidence_and_a_line(make: Any) -> None:
    space = Space(lr=Float(1e-4, 1.0), idle=Float(0, 1))
    found = health(make(space, lambda c: None if c["lr"] > 0.9 else math.log10(c["lr"]) ** 2, 100))
    assert {f.kind for f in found} >= {"failures", "scale", "no effect"}
    for finding in found:
        assert finding.sentence.endswith(".")
        assert finding.evidence.endswith(".")
        assert str(finding) == f"{finding.sentence} {finding.evidence} Change: {finding.change}"
    assert len(CHECKS) == 7


def test_lines_to_change_define_what_they_say() -> None:
    import tunesmith as ts

    parameters = {
        "a": Float(0, 1, step=0.25, default=0.5),
        "b": Int(1, 8, log=True),
        "c": Choice([1, "x", None, 2.5], ordered=True),
        "d": Int(0, 8, default=0),
        "e": Float(-1, 1, default=0.0),
        "f": Choice(["x", "y", False], default=False),
        "g": Choice([None, 1], default=None),
        "lambda": Float(0, 1),
    }
    for name, parameter in parameters.items():
        code = line(name, parameter)
        name_of = {"lambda": "'lambda': "}.get(name, f"{name}=")
        assert code.startswith(name_of) or name == "lambda"
        if name != "lambda":
            assert eval(f"dict({code})", {"ts": ts})[name] == parameter
    assert line("d", Int(1, 9, when={"c": 1}), high=20) == "d=ts.Int(1, 20, when={'c': 1})"
    assert fixed_line("c", parameters["c"], None) == "c=ts.Choice([None])"
    chosen = Choice(["x", "y", "z"], default="y")
    assert line("f", chosen, options=("x", "y")) == "f=ts.Choice(['x', 'y'], default='y')"
    assert line("f", chosen, options=("x", "z")) == "f=ts.Choice(['x', 'z'])"
    for prior in (scipy.stats.norm(0.25, scale=0.125), scipy.stats.beta(2, 5.5), scipy.stats.uniform()):
        given = eval(f"dict({line('x', Float(0, 1, prior=prior))})", {"ts": ts, "scipy": scipy})["x"]
        assert (given.prior.dist.name, given.prior.args) == (prior.dist.name, prior.args)
        assert given.prior.ppf(0.3) == prior.ppf(0.3)
    assert line("f", Choice({"relu": math.sin, "tanh": math.cos})) == "f=ts.Choice([relu, tanh])"
