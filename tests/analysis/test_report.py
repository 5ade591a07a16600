"""The one-file report: complete, self-contained, safe, and small, for every kind of study."""

import html
import itertools
import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tunesmith as ts
from tunesmith.analysis.identity import Identity
from tunesmith.analysis.report.parts import gather
from tunesmith.analysis.report.write import render, write_report
from tunesmith.analysis.summary import summary_html
from tunesmith.errors import OptionError
from tunesmith.history import History
from tunesmith.space import Choice, Float, Space
from tunesmith.trial import Failure, FailureKind, State, Trial

UNIT = Space(x=Float(0, 1), y=Float(0, 1))
HERE = Identity("mnist", "tune.db", {"name": "auto"}, 7, 3723.0, version="1.2")
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """A page taken apart: tags open, ids, links, texts outside scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("script", "style"):
            self.scripts.append(data)
        else:
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def page_of(history: History, identity: Identity = HERE) -> Page:
    page = Page(render(history, identity))
    assert page.open == []
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(set(ids)) == len(ids)
    for _, attrs in page.tags:
        assert not (attrs.get("href") or "#").startswith("http")
        assert "src" not in attrs
        if (attrs.get("href") or "").startswith("#"):
            assert attrs["href"][1:] in ids  # type: ignore[index]
        if "aria-labelledby" in attrs:
            assert attrs["aria-labelledby"] in ids
    figures = next(s for s in page.scripts if s.startswith("{"))
    keys = {attrs["data-figure"] for _, attrs in page.tags if "data-figure" in attrs}
    assert keys == set(json.loads(figures))
    for tag, attrs in page.tags:
        if "data-figure" in attrs:
            assert attrs["role"] == "img"
            assert attrs["aria-label"], tag
    return page


def test_a_lively_study_has_every_part(lively: History) -> None:
    page = page_of(lively)
    for heading in ("Result", "Advice", "History", "Importance", "Effects", "Trials", "Failures"):
        assert heading in page.words
    for words in (
        "Config to ship", "Its best single run said", "more trials", "Learning curves", "2 workers, busy",
        "Effect of momentum", "All trials over the parameters", "loss is nan at step", "Traceback: trial",
        "tunesmith report --study mnist --store tune.db", "Reproduce in a fresh store", "seed=study.seed",
        "1 h 2 min",
    ):  # fmt: skip
        assert words in page.words, words


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_small_studies(make: Any, count: int) -> None:
    page = page_of(make(UNIT, lambda c: c["x"], count))
    if not count:
        assert "No trial is complete yet" in page.words
        assert "trials 0 none yet" in page.words
    else:
        assert "Config to ship" in page.words


def test_all_failed(make: Any) -> None:
    page = page_of(make(UNIT, lambda c: None, 12))
    assert "12 trials failed (error): it broke" in page.words
    assert "Traceback: it broke" in page.words
    assert "No trial is complete yet" in page.words


def test_constant_values_and_constant_parameters(make: Any) -> None:
    for space, count in ((UNIT, 10), (Space(x=Choice(["only"])), 3)):
        words = page_of(make(space, lambda c: 3.0, count)).words
        assert "best single run 3 trial 0" in words
        assert f"trials {count} {count} complete" in words


@pytest.mark.parametrize("share", [0.3, 0.7, 1.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_largest_float_as_a_penalty(make: Any, share: float, sign: float) -> None:
    largest = sign * sys.float_info.max
    history = make(UNIT, lambda c: largest if c["x"] <= share else c["y"], 30)
    page = page_of(history)
    assert "inf" not in page.words.split()
    assert history.best.value == min(t.value for t in history.trials)


def test_five_thousand_trials_stay_under_six_megabytes(make: Any) -> None:
    rng = np.random.default_rng(0)
    space = Space({f"p{k}": Float(0, 1) for k in range(12)} | {"kind": Choice(["a", "b", "c"])})
    history = make(space, lambda c: None if rng.random() < 0.05 else c["p0"] + c["p1"] * c["p2"], 5000)
    curve = tuple(ts.Report(s, 1.0 / s, float(s)) for s in range(1, 31))
    trials = [
        replace(
            t, reports=curve, started=1.7e9 + 60 * t.number, finished=1.7e9 + 60 * t.number + 59, worker="w"
        )
        for t in history.trials
    ]
    text = render(History(space, "minimize", trials), HERE)
    assert len(text.encode()) < 6_000_000
    assert "Of 5,000 trials, drawings show" in text


def test_hostile_strings_are_only_text(hostile: str) -> None:
    space = Space({hostile: Choice([hostile, "b"]), "x": Float(0, 1)})
    trials = [
        Trial(k, {hostile: (hostile, "b")[k % 2], "x": k / 20}, State.COMPLETE, k / 10.0, reason=hostile)
        for k in range(20)
    ]
    failure = Failure(FailureKind.ERROR, hostile, hostile)
    trials.append(Trial(20, {hostile: "b", "x": 0.99}, State.FAILED, failure=failure, worker=hostile))
    identity = Identity(
        hostile,
        hostile,
        {"name": hostile},
        0,
        1.0,
        {"data": hostile, "target": hostile, "model": "m", "metric": "m", "folds": 5},
    )
    page = page_of(History(space, "minimize", trials), identity)
    assert not [attrs for tag, attrs in page.tags if tag == "script" and "alert" in str(attrs)]
    assert not any("alert('x')" in script and not script.startswith("{") for script in page.scripts)
    scripts = [attrs for tag, attrs in page.tags if tag == "script"]
    assert len(scripts) == 3
    assert "alert('x')" in page.words
    assert "{{ 7*7 }}" in page.words
    assert not any(key.startswith("on") for _, attrs in page.tags for key in attrs)


def test_it_says_where_it_may_load_from(lively: History) -> None:
    page = page_of(lively)
    (policy,) = [a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv")]
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_running_and_waiting_trials_are_counted(make: Any) -> None:
    history = make(UNIT, lambda c: c["x"], 6)
    trials = [*history.trials, Trial(6, {"x": 0.5, "y": 0.5}, State.RUNNING), Trial(7, {"x": 0.1, "y": 0.5})]
    assert "6 complete, 1 running, 1 waiting" in page_of(History(UNIT, "minimize", trials)).words.replace(
        "1 waiting, 1 running, 6 complete", "6 complete, 1 running, 1 waiting"
    )


def test_constraints_may_rule_out_all(make: Any) -> None:
    space = Space(x=Float(0, 1), y=Float(0, 1))
    space.require("x > 2")
    words = page_of(make(space, lambda c: c["x"], 8)).words
    assert "No finished trial meets the constraints, so there is no config to recommend." in words


def test_the_best_trials_are_those_that_meet_the_constraints(make: Any) -> None:
    space = Space(x=Float(0, 1), y=Float(0, 1))
    space.require("x > 0.5")
    history = make(space, lambda c: c["x"], 16)
    rows = gather(history, HERE).best.rows
    assert int(rows[0][0]) == history.best.number
    assert {int(row[0]) for row in rows} == {t.number for t in history.trials if t.config["x"] > 0.5}


@pytest.mark.parametrize(
    ("info", "store", "wanted"),
    [
        ({}, "tune.db", ["ts.Study.open('tune.db', 'mnist')", "study.run(objective"]),
        ({}, None, ['store="tune.db"']),
        (
            {"command": "bash t.sh"},
            "my runs.db",
            [
                "tunesmith run study.toml --study mnist --store 'my runs.db' --trials 54",
                "--seed 7 --trials 4",
            ],
        ),
        (
            {"data": "demo"},
            "t.db",
            ["tunesmith demo --store t.db --trials 54", "tunesmith demo --trials 4 --store again.db"],
        ),
        (
            {"data": "h.csv", "target": "price", "model": "lightgbm", "metric": "rmse", "folds": 5},
            "t.db",
            [
                "tunesmith tune h.csv --target price --model lightgbm --metric rmse --folds 5 "
                "--study mnist --store t.db --trials 54"
            ],
        ),
        (
            {
                "data": "h.csv",
                "target": "y",
                "model": "ridge",
                "metric": "rmse",
                "folds": 5,
                "task": "regression",
                "drop": ["id", "a day"],
                "groups": "house",
            },
            "t.db",
            [
                "tunesmith tune h.csv --target y --model ridge --metric rmse --folds 5 --task regression "
                "--groups house --drop id --drop 'a day' --seed 7 --trials 4 --store again.db"
            ],
        ),
        (
            {"command": "bash t.sh", "study_file": "a/b.toml"},
            "t.db",
            ["tunesmith run a/b.toml --study mnist"],
        ),
    ],
)
def test_commands_to_go_on_are_exact(make: Any, info: Any, store: str | None, wanted: list[str]) -> None:
    report = gather(make(UNIT, lambda c: c["x"], 4), replace(HERE, store=store, info=info))
    said = "\n".join(command.text for command in report.commands)
    for text in wanted:
        assert text in said


def test_python_commands_run(tmp_path: Path) -> None:
    path = str(tmp_path / "tune.db")
    study = ts.Study(UNIT, store=path, name="s", seed=3)
    study.run(lambda c: c["x"], trials=4, progress=False)
    report = gather(study.history, study._identity())
    texts = {command.purpose: command.text for command in report.commands}
    scope: dict[str, Any] = {"objective": lambda c: c["x"]}
    exec(texts["Use the result in Python"], scope)
    assert scope["config"] == study.recommend().config
    exec(texts["Go on with 50 more trials"].replace("54", "6"), scope)
    assert len(study.trials) == 6
    exec(texts["Reproduce in a fresh store"].replace("again.db", str(tmp_path / "again.db")), scope)
    again = ts.Study.open(str(tmp_path / "again.db"))
    assert [t.config for t in again.trials][:4] == [t.config for t in study.trials][:4]


# -- from a study -------------------------------------------------------------------------------------------


def test_a_study_writes_its_report(tmp_path: Path) -> None:
    study = ts.Study(UNIT, seed=0, name="mine")
    study.run(lambda c: c["x"] + c["y"], trials=6, progress=False)
    path = study.report(tmp_path / "report.html")
    assert path == tmp_path / "report.html"
    text = path.read_text(encoding="utf-8")
    assert "<title>mine: tuning report</title>" in text
    assert f"tunesmith {ts.__version__}" in text
    with pytest.raises(OptionError, match="folder does not exist"):
        study.report(tmp_path / "nowhere" / "report.html")
    with pytest.raises(OptionError, match=r"is a folder\. Name a file in it"):
        study.report(tmp_path)


def test_writing_twice_replaces_the_file(tmp_path: Path, make: Any) -> None:
    target = tmp_path / "r.html"
    for count in (3, 4):
        write_report(make(UNIT, lambda c: c["x"], count), target, HERE)
        assert f"{count} complete" in target.read_text(encoding="utf-8")


def test_a_missing_package_is_said(monkeypatch: pytest.MonkeyPatch, make: Any) -> None:
    import sys

    history = make(UNIT, lambda c: c["x"], 4)
    for package in ("jinja2", "plotly.offline"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, package, None)
            with pytest.raises(ts.errors.MissingExtra, match=r'pip install "tunesmith\[report\]"'):
                render(history, HERE)


def test_notebooks_show_a_summary(hostile: str, make: Any) -> None:
    study = ts.Study(UNIT, seed=0)
    study.run(lambda c: c["x"], trials=7, progress=False)
    shown = study._repr_html_()
    assert "7 complete" in shown
    assert shown.count("<tr>") == 6
    assert html.escape(hostile) in summary_html(make(UNIT, lambda c: 1.0, 3), Identity(hostile))
    assert "no trials yet" in summary_html(History(UNIT), HERE)


def test_the_page_has_the_parts_in_order_for_a_reader_without_sight(lively: History) -> None:
    page = page_of(lively)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    tables = [attrs for tag, attrs in page.tags if tag == "table"]
    assert len([1 for tag, _ in page.tags if tag == "caption"]) == len(tables)
    assert ("html", {"lang": "en"}) in page.tags
