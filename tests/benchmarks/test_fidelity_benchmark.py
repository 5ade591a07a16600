"""The fidelity benchmark measures what it says: real curves, steps paid once, regrets of the incumbent."""

import contextlib
import importlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tunesmith.errors import OptionError

FOLDER = Path(__file__).parents[2] / "benchmarks"
MODULES = (
    "tasks",
    "references",
    "adapters",
    "peers",
    "running",
    "tables",
    "curve_tasks",
    "curve_adapters",
    "make_curves",
    "fidelity",
)
GRID = {"lr": [0.001, 0.01, 0.1, 1.0], "width": list(range(20)), "solver": ["adam", "sgd"]}


def losses() -> np.ndarray:
    """Curves that fall to a level by config, so that a lower level is lower after every step."""
    level = np.random.default_rng(0).permutation(160) / 160.0
    return level[:, None] + 1.0 / np.arange(1, 10)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, ModuleType]]:
    monkeypatch.syspath_prepend(str(FOLDER))
    loaded = {name: importlib.import_module(name) for name in MODULES}
    monkeypatch.setattr(loaded["fidelity"], "silence", lambda: None)  # it is for a process of its own
    np.savez_compressed(tmp_path / "mlp-made.npz", losses=losses(), grid=json.dumps(GRID))
    monkeypatch.setattr(loaded["curve_tasks"], "FOLDER", tmp_path)
    yield loaded
    loaded["curve_tasks"].curve_task.cache_clear()
    for name in MODULES:
        del sys.modules[name]


def job(bench: dict[str, ModuleType], name: str, seed: int = 0, full: int = 3) -> Any:
    return bench["running"].Job(name, "mlp/made", seed, full, name)


# -- tables ----------------------------------------------------------------------------------------------


def test_the_tables_are_whole_small_and_those_that_the_script_makes(
    bench: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = bench["curve_tasks"]
    monkeypatch.setattr(tasks, "FOLDER", FOLDER / "curves")
    assert set(tasks.task_names()) == set(bench["make_curves"].HIGH)
    assert sum(path.stat().st_size for path in (FOLDER / "curves").iterdir()) < 1_500_000
    for name in tasks.task_names():
        task = tasks.curve_task(name)
        assert task.high == bench["make_curves"].HIGH[name]
        assert task.grid == bench["make_curves"].FAMILIES[name.split("/")[0]][0]
        assert np.isfinite(task.losses).all()
        assert len(task.losses) >= 300
        assert (task.losses[:, 0] != task.losses[:, -1]).mean() > 0.9


@pytest.mark.parametrize("name", ["mlp/cancer", "mlp/diabetes", "lightgbm/cancer", "lightgbm/diabetes"])
def test_a_curve_trained_anew_is_that_of_the_table(
    bench: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(bench["curve_tasks"], "FOLDER", FOLDER / "curves")
    task = bench["curve_tasks"].curve_task(name)
    rows = np.random.default_rng(1).choice(len(task.losses), 2, replace=False).tolist()
    trained = bench["make_curves"].train(name, rows)
    if name.startswith("lightgbm"):
        trained = np.minimum.accumulate(trained, axis=1)
    # Other versions of the libraries may round otherwise, and training carries that on.
    np.testing.assert_allclose(trained, task.losses[rows], rtol=0.05)


def test_a_config_is_found_in_the_table_by_its_place(bench: dict[str, ModuleType]) -> None:
    task = bench["curve_tasks"].curve_task("mlp/made")
    rows = [
        task.row({"lr": lr, "width": width, "solver": solver})
        for lr in range(4)
        for width in range(20)
        for solver in ("adam", "sgd")
    ]
    assert rows == list(range(160))
    rng = np.random.default_rng(0)
    space = task.space()
    assert all(0 <= task.row(space.draw(rng.random(3))) < 160 for _ in range(50))


def test_a_regret_is_0_at_the_lowest_last_loss_and_1_from_the_median_on(bench: dict[str, ModuleType]) -> None:
    task = bench["curve_tasks"].curve_task("mlp/made")
    order = np.argsort(task.losses[:, -1])
    assert task.regret(order[0]) == 0.0
    assert task.regret(order[-1]) == 1.0
    assert 0.49 < task.regret(order[40]) < 0.51


# -- the meter -------------------------------------------------------------------------------------------


def test_a_meter_sells_so_many_steps_and_no_more(bench: dict[str, ModuleType]) -> None:
    tasks = bench["curve_tasks"]
    meter = tasks.Meter(tasks.curve_task("mlp/made"), 2)
    config = {"lr": 0, "width": 0, "solver": "adam"}
    assert meter.run(config, 9) == pytest.approx(losses()[0, 8])
    assert meter.run({**config, "width": 1}, 5) == pytest.approx(losses()[2, 4])
    assert meter.run({**config, "width": 1}, 9, after=5) == pytest.approx(losses()[2, 8])
    assert (meter.spent, meter.begun, meter.finished, len(meter.curve)) == (18, 2, 2, 2)
    with pytest.raises(tasks.Spent):
        meter.run(config, 1)
    assert meter.spent == 18


def test_the_incumbent_has_the_lowest_of_all_last_losses(bench: dict[str, ModuleType]) -> None:
    tasks = bench["curve_tasks"]
    curves = np.array([[0.2, 0.9], [0.5, 0.4], [0.8, 0.1]])
    task = tasks.CurveTask("mlp/three", None, {"x": [0, 1, 2]}, curves)
    meter = tasks.Meter(task, 3)
    meter.step({"x": 0}, 1)
    meter.step({"x": 1}, 1)
    assert meter.curve == [task.regret(0)]
    meter.step({"x": 0}, 2)  # gets worse than the other
    meter.step({"x": 2}, 1)
    assert meter.curve[1] == task.regret(1)
    meter.run({"x": 2}, 2, after=1)
    meter.run({"x": 1}, 2, after=1)
    assert meter.curve[2] == task.regret(2) == 0.0


# -- searches --------------------------------------------------------------------------------------------


def trainings(bench: dict[str, ModuleType], name: str, full: int = 3) -> list[tuple[int, int]]:
    """(Config, step) as the search paid for them; it must have spent all."""
    tasks, paid = bench["curve_tasks"], []

    class Watched(tasks.Meter):  # type: ignore[misc, name-defined]
        def step(self, config: dict[str, Any], step: int) -> float:
            loss = float(super().step(config, step))
            paid.append((self.task.row(config), step))
            return loss

    task = tasks.curve_task("mlp/made")
    meter = Watched(task, full)
    with contextlib.suppress(tasks.Spent):
        bench["curve_adapters"].search(name)(task, 0, meter)
    assert len(paid) == meter.spent == full * 9
    return paid


def test_ours_pay_for_each_step_once_and_go_far_with_few(bench: dict[str, ModuleType]) -> None:
    for name in bench["curve_adapters"].ours():
        paid = trainings(bench, name)
        assert set(Counter(paid).values()) == {1}, name
        for row in {row for row, _ in paid}:
            steps = [step for at, step in paid if at == row]
            assert steps == list(range(1, len(steps) + 1)), name


@pytest.mark.filterwarnings("ignore")  # those of peers are theirs
@pytest.mark.parametrize("name", ["optuna-tpe+hyperband", "optuna-tpe+median", "smac", "dehb"])
def test_peers_train_some_configs_briefly_and_some_to_the_end(
    bench: dict[str, ModuleType], name: str
) -> None:
    for package in bench["curve_adapters"].OTHERS[name][1]:
        pytest.importorskip(package)
    lengths = Counter(step for _, step in trainings(bench, name, full=10))
    assert lengths[1] > lengths[9] >= 1


def test_random_trains_to_the_end_and_best_of_many_finishes_the_best(bench: dict[str, ModuleType]) -> None:
    steps = [step for _, step in trainings(bench, "random")]
    assert steps == 3 * list(range(1, 10))
    paid = trainings(bench, "best-of-many", full=4)
    tried = [row for row, step in paid if step == 1]
    assert len(tried) == 18  # half of the cost
    finished = [row for row, step in paid if step == 9]
    best = sorted(set(tried), key=lambda row: losses()[row, 0])
    assert finished == best[: len(finished)]
    assert len(finished) == 2


def test_a_row_says_what_was_found_and_the_same_run_gives_the_same(bench: dict[str, ModuleType]) -> None:
    rows = [bench["fidelity"].run(job(bench, "tunesmith:random+asha", seed=3)) for _ in range(2)]
    for row in rows:
        assert row.pop("s") >= 0
    assert rows[0] == rows[1]
    row = rows[0]
    assert row["error"] is None
    assert len(row["curve"]) == 3
    assert row["curve"] == sorted(row["curve"], reverse=True)
    assert row["begun"] > 3 >= row["finished"]


def test_an_exception_in_a_search_is_a_row_that_ended_early(
    bench: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    def tired(task: Any, seed: int, meter: Any) -> None:
        meter.run({"lr": 0, "width": 0, "solver": "adam"}, 9)
        raise RuntimeError("no more\nof this")

    monkeypatch.setitem(bench["curve_adapters"].OTHERS, "tired", (tired, []))
    row = bench["fidelity"].run(job(bench, "tired"))
    assert row["error"] == "RuntimeError: no more"
    assert (len(row["curve"]), row["begun"], row["finished"]) == (1, 1, 1)
    results = bench["tables"].Results([row])
    assert results.values("tired", 3).tolist() == [row["curve"]]


def test_tables_show_the_best_first_with_its_error(bench: dict[str, ModuleType]) -> None:
    rows = [
        {
            "peer": peer,
            "task": task,
            "seed": seed,
            "budget": 10,
            "at_once": 1,
            "curve": [1.0] * 9 + [regret + 0.2 * seed],
            "rec": None,
            "begun": 40,
            "finished": 5,
            "s": 0.25,
            "error": None,
        }
        for peer, regret in (("worse", 0.5), ("better", 0.1))
        for task in ("mlp/a", "mlp/b")
        for seed in (0, 1)
    ]
    lines = bench["fidelity"].cost_table(bench["tables"].Results(rows)).splitlines()
    assert lines[0].replace(" ", "") == "||@1|@2|@5|@10|shipped|begun|finished|s|errors|"
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]
    assert cells[0] == ["better", *["1.000 ± 0.000"] * 3, *["0.200 ± 0.100"] * 2, "40", "5.0", "0.25", "0"]
    assert cells[1][0] == "worse"


def test_rows_of_a_peer_that_is_not_installed_are_shown(
    bench: dict[str, ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(bench["curve_adapters"].OTHERS, "dehb", (None, ["no_such_package"]))
    row = {"task": "mlp/made", "seed": 0, "budget": 2, "at_once": 1, "curve": [0.5, 0.25], "rec": None}
    row |= {"begun": 4, "finished": 1, "s": 0.1, "error": None}
    rows = [row | {"peer": "dehb"}, row | {"peer": "random"}]
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    options = ["--full", "2", "--out", str(tmp_path / "rows.jsonl"), "--searches", "random,dehb"]
    shown = []
    for seeds in ("1", "2"):  # of the second there is nothing, and only random can be run
        monkeypatch.setattr(sys, "argv", ["fidelity.py", *options, "--seeds", seeds])
        bench["fidelity"].main()
        shown.append(capsys.readouterr().out)
    assert "| dehb" in shown[0]
    assert "skipped" not in shown[0]
    assert "skipped: dehb, as no_such_package is not installed" in shown[1]


def test_an_unknown_name_ends_in_words(bench: dict[str, ModuleType]) -> None:
    with pytest.raises(SystemExit, match=r"unknown search 'optima'; there are tunesmith, .*dehb and"):
        bench["curve_adapters"].search("optima")
    task = bench["curve_tasks"].curve_task("mlp/made")
    with pytest.raises(OptionError, match="scheduler is unknown"):
        bench["curve_adapters"].search("tunesmith:random+ahsa")(task, 0, bench["curve_tasks"].Meter(task, 1))


@pytest.mark.slow
def test_the_script_prints_its_tables(tmp_path: Path) -> None:
    arguments = ["--searches", "tunesmith:random+asha,random", "--tasks", "lightgbm/cancer,mlp/cancer"]
    out = tmp_path / "rows.jsonl"
    done = subprocess.run(
        [
            sys.executable,
            str(FOLDER / "fidelity.py"),
            *arguments,
            "--seeds",
            "2",
            "--full",
            "6",
            "--out",
            str(out),
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert "over 2 tasks, 2 seeds" in done.stdout
    assert "| tunesmith:random+asha |" in done.stdout
    assert "| @6 " in done.stdout
    assert len(out.read_text().splitlines()) == 8
