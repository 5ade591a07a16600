"""Looks at other branches than that of the best config."""

import numpy as np

from tunesmith.history import History
from tunesmith.learning.encoding import Encoding
from tunesmith.learning.observed import Observed
from tunesmith.methods.branches import Branch, draw_branch
from tunesmith.space import Choice, Config, Float, Int, Space
from tunesmith.study.study import Study
from tunesmith.trial import State, Trial

KINDS = Space(
    kind=Choice(["a", "b", "c"]),
    x=Float(0, 1, when={"kind": "a"}),
    y=Float(0, 1, when={"kind": "b"}),
    z=Float(0, 1),
)


def test_a_share_of_asks_looks_at_another_value_of_a_parent_that_is_active() -> None:
    space = Space(
        kind=Choice(["a", "b", "c"]),
        layers=Int(1, 3, when={"kind": "b"}),
        width=Float(0, 1, when="layers > 1"),
    )
    encoding = Encoding(space)
    best = encoding.settle(encoding.positions(np.array([space.encode({"kind": "a"})])))[0][0]
    rng = np.random.default_rng(0)
    drawn = [draw_branch(encoding, best, rng) for _ in range(2000)]
    names = [str(branch) for branch in drawn if branch is not None]
    assert set(names) == {"kind=b", "kind=c"}
    assert 240 < len(names) < 360
    inner = encoding.settle(encoding.positions(np.array([space.encode({"kind": "b", "layers": 1})])))[0][0]
    seen = {str(draw_branch(encoding, inner, rng)) for _ in range(500)}
    assert seen == {"None", "kind=a", "kind=c", "layers=2", "layers=3"}


def test_without_conditions_nothing_is_drawn() -> None:
    encoding = Encoding(Space(kind=Choice(["a", "b"]), x=Float(0, 1)))
    rng, other = np.random.default_rng(0), np.random.default_rng(0)
    assert all(draw_branch(encoding, np.array([0.0, 0.5]), rng) is None for _ in range(100))
    assert rng.random() == other.random()


def test_looks_keep_to_their_branch_and_say_so() -> None:
    looks = 0
    for seed in range(4):
        study = Study(KINDS, method="bayes", seed=seed)
        for _ in range(30):
            trial = study.ask()
            kind = trial.config["kind"]
            study.tell(trial, {"a": 0.0, "b": 1.0, "c": 2.0}[kind] + abs(trial.config["z"] - 0.3))
        for made in study.trials:
            if "a look at" in made.reason:
                assert f"a look at kind={made.config['kind']}" in made.reason
                looks += 1
    assert 6 <= looks <= 36


def test_first_looks_at_a_branch_keep_what_the_best_configs_share_with_it() -> None:
    space = Space(
        kind=Choice(["a", "b"]),
        z=Float(0, 1),
        k=Int(1, 50),
        o=Choice(["u", "v", "w"]),
        x=Float(0, 1, when={"kind": "b"}),
        y=Float(0, 1, when={"kind": "b"}),
    )
    shared, grafts, others = ("z", "k", "o"), 0, 0
    for seed in range(6):
        study = Study(space, method="bayes", seed=seed)
        tried: list[tuple[object, ...]] = []
        for _ in range(30):
            trial = study.ask()
            c = trial.config
            values = tuple(c[name] for name in shared)
            reason = study.trials[-1].reason
            if "else like the best" in reason:
                assert values in tried
                grafts += 1
            elif "a look at" in reason:
                others += 1
            tried.append(values)
            bad = 1.0 + c["x"] + c["y"] if c["kind"] == "b" else 0.0
            study.tell(trial, bad + abs(c["z"] - 0.3) + abs(c["k"] - 33) / 50 + 0.1 * (c["o"] != "v"))
    assert grafts >= 8
    assert others >= 2


def test_a_branch_is_known_after_one_trial_like_the_best_and_one_for_each_new_parameter() -> None:
    space = Space(kind=Choice(["a", "b"]), z=Float(0, 1), x=Float(0, 1, when={"kind": "b"}))
    configs: list[Config] = [
        {"kind": "a", "z": 0.5},
        {"kind": "b", "z": 0.52, "x": 0.0},
        {"kind": "b", "z": 0.9, "x": 0.5},
        {"kind": "b", "z": 0.5, "x": 1.0},
    ]
    history = History(space)
    seen, known = Observed(history), []
    for number, config in enumerate(configs):
        history.record(Trial(number, config, State.COMPLETE, 0.0))
        seen.update(history)
        branch = Branch(seen.encoding, 0, 1)
        known.append(branch.is_known(seen, seen.U[0], np.full(3, 0.2)))
    assert known == [False, False, False, True]


def test_a_branch_of_one_config_is_looked_at_once() -> None:
    space = Space(kind=Choice(["none", "some"]), x=Float(0, 1, when={"kind": "some"}))
    study = Study(space, method="bayes", seed=0)
    for _ in range(30):
        trial = study.ask()
        study.tell(trial, trial.config.get("x", 2.0))
    assert sum(trial.config["kind"] == "none" for trial in study.trials) == 1
    assert not any("left" in trial.reason for trial in study.trials)


def test_a_branch_that_fails_is_left_alone() -> None:
    def objective(config: Config) -> float:
        return float("nan") if config["kind"] == "b" else abs(config["z"] - 0.3)

    failed = []
    for seed in range(4):
        study = Study(KINDS, method="bayes", seed=seed)
        for _ in range(40):
            trial = study.ask()
            study.tell(trial, objective(trial.config))
        failed.append(sum(trial.state is State.FAILED for trial in study.trials))
    assert sum(count <= 6 for count in failed) >= 3, failed
