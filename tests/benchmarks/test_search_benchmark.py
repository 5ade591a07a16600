"""The search benchmark measures what it says: optima, regrets, standard errors; nothing is run twice."""

import importlib
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
MODULES = ("tasks", "functions", "live", "references", "adapters", "peers", "running", "tables", "noise")
OPTIMA: dict[str, Any] = {
    "branin": [math.pi, 2.275],
    "hartmann6": [0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573],
    "ackley5": [0.0] * 5,
    "rosenbrock4": [1.0] * 4,
    "levy8": [1.0] * 8,
    "corner6": [0.0, 1.0, 0.0, 1.0, 0.3, 0.65],
    "six_of_twenty": [0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573, *[0.5] * 14],
    "noisy_branin": [-math.pi, 12.275],
    "noisy_hartmann6": [0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573],
    "cliff3": [0.5, 0.705, 0.9],
    "memory": [4096, 64, 7, 10**-2.5],
    "flaky_hartmann6": [0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573],
    "network": {
        "lr": 10**-2.8,
        "decay": 10**-4.4,
        "layers": 4,
        "width": 200,
        "dropout": 0.17,
        "optimizer": "adam",
        "activation": "gelu",
        "is_normed": True,
    },
    "branches": {"branch": "c", "c0": -0.55, "c1": 10**-2.7, "c2": 21, "shared": 0.62},
    "pipeline": {"scaler": "standard", "model": "net", "solver": "adam", "lr": 10**-2.6, "layers": 3},
}
OPTIMA["diverging_network"] = OPTIMA["network"]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, ModuleType]]:
    monkeypatch.syspath_prepend(str(FOLDER))
    loaded = {name: importlib.import_module(name) for name in MODULES}
    monkeypatch.setattr(loaded["tasks"], "CACHE", tmp_path)
    monkeypatch.setattr(loaded["references"], "CACHE", tmp_path)
    monkeypatch.setattr(loaded["running"], "silence", lambda: None)  # it is for a process of its own
    yield loaded
    loaded["tasks"].task.cache_clear()
    for name in MODULES:
        del sys.modules[name]


def job(bench: dict[str, ModuleType], peer: str, task: str, seed: int = 0, budget: int = 8) -> Any:
    return bench["running"].Job(peer, task, seed, budget, peer)


def test_every_function_has_the_optimum_that_it_states(bench: dict[str, ModuleType]) -> None:
    functions = bench["functions"].FUNCTIONS
    rng = np.random.default_rng(0)
    for name, make in functions.items():
        task = make(f"syn/{name}")
        if task.every is None:
            best = OPTIMA[name]
            config = best if isinstance(best, dict) else dict(zip(task.space.names, best, strict=True))
            assert task.true(task.space.check(config)) == pytest.approx(task.optimum, abs=2e-6), name
        lowest = task.every.min() if task.every is not None else task.optimum
        draws = [task.true(task.space.draw(rng.random(len(task.space)))) for _ in range(300)]
        assert min(draws) >= lowest - 1e-6
    tables = {name for name, make in functions.items() if make(f"syn/{name}").every is not None}
    assert set(functions) == set(OPTIMA) | tables


def test_a_regret_is_0_at_the_optimum_and_1_at_the_median(bench: dict[str, ModuleType]) -> None:
    scale = bench["references"].Scale(bench["tasks"].task("syn/branin"))
    assert scale.regret({"x0": math.pi, "x1": 2.275}) == pytest.approx(0.0, abs=1e-6)
    assert scale.regret({"x0": -5.0, "x1": 0.0}) == 1.0
    again = bench["references"].Scale(bench["tasks"].task("syn/branin"))  # from the file
    assert (again.optimum, again.median) == (scale.optimum, scale.median)


def test_a_failing_config_counts_as_no_incumbent(bench: dict[str, ModuleType]) -> None:
    row = bench["running"].run(job(bench, "random", "syn/cliff3", seed=1, budget=12))
    assert row["error"] is None
    assert 0 < row["failures"] < 12
    assert len(row["curve"]) == 12
    assert all(0 <= regret <= 1 for regret in row["curve"])


@pytest.mark.parametrize("peer", ["tunesmith", "tunesmith:evolution", 'tunesmith:{"name": "bayes"}'])
def test_the_same_run_gives_the_same_row(bench: dict[str, ModuleType], peer: str) -> None:
    rows = [bench["running"].run(job(bench, peer, "syn/noisy_branin", seed=3)) for _ in range(2)]
    for row in rows:
        assert row["error"] is None
        assert row.pop("ms") > 0
    assert rows[0] == rows[1]


@pytest.mark.parametrize("at_once", [1, 4])
def test_configs_are_asked_for_at_once_before_a_loss_is_told(
    bench: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    calls = ""

    class Noted(bench["adapters"].Tunesmith):  # type: ignore[misc, name-defined]
        def ask(self) -> dict[str, float]:
            nonlocal calls
            calls += "a"
            config: dict[str, float] = super().ask()
            return config

        def tell(self, config: dict[str, float], loss: float) -> None:
            nonlocal calls
            calls += "t"
            super().tell(config, loss)

    monkeypatch.setattr(bench["running"], "peer", lambda name: Noted)
    row = bench["running"].run(job(bench, "noted", "syn/branin", budget=10)._replace(at_once=at_once))
    assert (row["error"], len(row["curve"])) == (None, 10)
    assert calls == {1: "at" * 10, 4: "aaaatttt" * 2 + "aatt"}[at_once]


def test_an_exception_in_a_search_is_a_row_that_ended_early(
    bench: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Tired(bench["adapters"].Peer):  # type: ignore[misc, name-defined]
        asked = 0

        def ask(self) -> dict[str, float]:
            self.asked += 1
            if self.asked > 3:
                raise RuntimeError("no more\nof this")
            return {"x0": 0.0, "x1": 0.0}

        def tell(self, config: dict[str, float], loss: float) -> None:
            pass

    monkeypatch.setattr(bench["running"], "peer", lambda name: Tired)
    row = bench["running"].run(job(bench, "tired", "syn/branin"))
    assert row["error"] == "RuntimeError: no more"
    assert len(row["curve"]) == 3
    results = bench["tables"].Results([row])
    assert results.values("tired", 8).tolist() == [[row["curve"][-1]]]
    assert bench["tables"].errors(results) == ["tired, syn/branin: RuntimeError: no more"]


def test_two_processes_do_more_tasks_than_each_lives_for(bench: dict[str, ModuleType]) -> None:
    running = bench["running"]
    jobs = [job(bench, "random", "syn/branin", seed=seed) for seed in range(2 * running.TASKS + 10)]
    rows = running.run_all(jobs, 2, None, list)  # a row here is the job itself
    assert sorted(row[2] for row in rows) == list(range(len(jobs)))


def test_what_the_file_has_is_not_run_again(
    bench: dict[str, ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, out = bench["running"], tmp_path / "rows.jsonl"
    jobs = [job(bench, "random", "syn/branin", seed=seed) for seed in range(3)]
    first = running.run_all(jobs[:2], 1, out)
    asked: list[Any] = []
    run = running.run
    monkeypatch.setattr(running, "run", lambda job: asked.append(job) or run(job))
    rows = running.run_all(jobs, 1, out)
    assert asked == jobs[2:]
    assert rows[:2] == first
    assert len(out.read_text().splitlines()) == 3


def test_a_task_without_what_seeds_share_has_the_noise_of_each_config_alone(
    bench: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks, noise = bench["tasks"], bench["noise"]
    shared, alone = np.array([-0.02, 0.0, 0.05, -0.03]), 0.001
    means = np.linspace(0.1, 0.9, 400)
    losses = means[:, None] + shared + alone * np.random.default_rng(0).standard_normal((400, 4))
    table = SimpleNamespace(losses=losses, grid={"x": list(range(400))}, shape=[400])
    monkeypatch.setattr(noise, "Table", lambda *_: table)
    problem = tasks.Task(
        "hpobench/made",
        tasks.grid_space(table.grid),
        true=lambda config: float(losses[config["x"]].mean()),
        observe=lambda config, rng: float(rng.choice(losses[config["x"]])),
        every=losses.mean(axis=1),
    )
    assert np.abs(noise.seed_effects(losses, bench["references"].Scale(problem)) - shared).max() < alone
    rng = np.random.default_rng(1)
    spread = {
        kind: np.std([noise.told(problem, kind).loss({"x": 7}, rng) for _ in range(40)])
        for kind in noise.KINDS
    }
    assert spread[noise.ONE] > 0.02
    assert 0.0 < spread[noise.LESS] < 3 * alone
    assert spread[noise.MEAN] < 1e-12
    assert 0.02 < noise.limit(problem) < 0.1  # 0.0225 for the ten lowest of 400


def made(peer: str, task: str, seed: int, regret: float) -> dict[str, Any]:
    return {
        "peer": peer,
        "task": task,
        "seed": seed,
        "budget": 10,
        "at_once": 1,
        "curve": [1.0, regret],
        "rec": None,
        "ms": 1.0,
        "failures": 0,
        "error": None,
    }


def test_tables_compare_what_every_search_has_run(bench: dict[str, ModuleType]) -> None:
    tables = bench["tables"]
    rows = [made("a", f"f/{t}", s, 0.1 * t + 0.2 * s) for t in (1, 2) for s in (0, 1)]
    rows += [made("b", f"f/{t}", s, 0.0) for t in (1, 2) for s in (0, 1)]
    results = tables.Results([*rows, made("a", "g/1", 0, 1.0)])
    assert (results.tasks, results.seeds) == (["f/1", "f/2"], [0, 1])
    # Means over tasks are 0.15 and 0.35 for the two seeds.
    assert tables.mean_and_error(results.values("a", 10)) == "0.250 ± 0.100"
    lines = tables.search_table(results).splitlines()
    assert lines[0].replace(" ", "") == "||@10|rec|ms|errors|"
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["b", "a"]
    assert tables.signed(results.values("b", 10) - results.values("a", 10)) == "-0.250 ± 0.100"


def test_an_unknown_peer_ends_in_words(bench: dict[str, ModuleType]) -> None:
    with pytest.raises(SystemExit, match="unknown peer 'optima'; there are tunesmith, random, optuna-tpe"):
        bench["peers"].peer("optima")


def test_what_is_not_installed_is_skipped_in_words(
    bench: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench["peers"], "find_spec", lambda name: None)
    assert bench["peers"].installed(["tunesmith", "bayes_opt"]) == ["tunesmith"]
    expected = "skipped: bayes_opt, as bayes_opt is not installed (pip install bayesian-optimization)\n"
    assert capsys.readouterr().out == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "arguments", "expected"),
    [
        ("search.py", ["--peers", "tunesmith,random"], "| random "),
        ("search.py", ["--peers", "tunesmith,random", "--at-once", "3"], "| random "),
        ("ablation.py", ["--variants", "without bounds"], "| without bounds |"),
    ],
)
def test_the_scripts_print_their_tables(
    tmp_path: Path, script: str, arguments: list[str], expected: str
) -> None:
    common = ["--tasks", "syn/branin", "--seeds", "2", "--budget", "6", "--out", str(tmp_path / "rows.jsonl")]
    done = subprocess.run(
        [sys.executable, str(FOLDER / script), *arguments, *common],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert expected in done.stdout
    assert "1 task, 2 seeds, 6 trials" in done.stdout
