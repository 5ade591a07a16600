"""Runs on PostgreSQL: many processes at once, kills, a server that goes away, commands and the page."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tunesmith as ts
from tunesmith.cli import main
from tunesmith.store import open_store
from tunesmith.testing.store_tools import dead_worker, start
from tunesmith.trial import State, Trial

pytest.importorskip("psycopg")
HERE = Path(__file__).parent
SPACE = ts.Space(x=ts.Float(0, 1), n=ts.Int(1, 9))
SECRET = "s3cr"


def loss(config: dict[str, Any]) -> float:
    return (config["x"] - 0.3) ** 2 + config["n"]


# -- processes -------------------------------------------------------------------------------------------


def script(name: str, *arguments: object) -> None:
    """Run one of the scripts beside this file, which must succeed in silence."""
    command = [sys.executable, str(HERE / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150)
    assert done.stderr == ""
    assert done.returncode == 0


def trials_of(url: str) -> list[Trial]:
    store = open_store(url, must_exist=True)
    assert store.check() == []
    trials = store.changes(store.get_study("crowd").id)[0]
    store.close()
    return trials


@pytest.mark.slow
def test_processes_that_start_together_on_an_empty_database_lose_and_double_nothing(
    new_url: str, check_crowd: Callable[[list[Trial], range], None]
) -> None:
    script("crowd.py", "tune_or_read", 8, new_url)
    check_crowd(trials_of(new_url), range(2, 8))


@pytest.mark.slow
def test_processes_that_create_or_open_together_make_one_study(server: Any) -> None:
    urls = [server.create() for _ in range(3)]
    script("crowd.py", "create", 8, *urls)
    for url in urls:
        assert trials_of(url) == []
        server.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")


@pytest.mark.slow
def test_processes_together_start_exactly_as_many_trials_as_asked(url: str) -> None:
    script("crowd.py", "race_to_limit", 8, url)
    trials = trials_of(url)
    assert [t.state for t in trials] == [State.COMPLETE if n % 3 else State.PAUSED for n in range(50)]


@pytest.mark.slow
def test_a_store_that_crossed_a_fork_serves_parent_and_children(url: str) -> None:
    script("crowd.py", "inherit", 4, url)
    trials = trials_of(url)
    assert [t.number for t in trials] == list(range(1 + 5 * 20))
    assert {t.state for t in trials} == {State.COMPLETE}
    assert len({t.worker for t in trials}) == 5


@pytest.mark.slow
def test_a_store_whose_maker_was_killed_is_completed_by_the_next(new_url: str) -> None:
    script("killer.py", "creation_on_a_server", 12, new_url)


@pytest.mark.slow
def test_nothing_told_is_lost_and_the_running_trial_is_given_back(url: str) -> None:
    script("killer.py", "running", 10, url)


# -- studies ---------------------------------------------------------------------------------------------


def test_a_study_stopped_and_resumed_is_that_of_one_go(url: str) -> None:
    options: dict[str, Any] = {"seed": 0, "progress": False}
    ts.minimize(loss, SPACE, trials=4, store=url, **options)
    in_two = ts.minimize(loss, SPACE, trials=8, store=url, **options)
    in_one = ts.minimize(loss, SPACE, trials=8, **options)
    assert [(t.config, t.value) for t in in_two.trials] == [(t.config, t.value) for t in in_one.trials]
    assert ts.Study.open(url).best.value == in_one.best.value
    assert [s.record.name for s in ts.studies(url)] == ["default"]
    in_two.store.close()


def test_trials_of_a_dead_worker_are_run_again(url: str) -> None:
    study = ts.Study(SPACE, store=url, seed=0)
    start(study.store, study.ledger.record.id, 0, dead_worker())
    study.run(lambda config: 1.0, trials=3, progress=False)
    assert [(t.state, t.attempt) for t in study.trials] == [(State.COMPLETE, n) for n in (2, 1, 1)]
    study.store.close()


SHARED = """
import sys, tunesmith as ts
study = ts.minimize(lambda config: config["x"], ts.Space(x=ts.Float(0, 1)), trials=24, workers=2,
                    method="random", store=sys.argv[1], progress=False)
print(study.stop_reason)
"""


@pytest.mark.slow
def test_two_runs_with_two_workers_each_share_one_study(url: str) -> None:
    command = [sys.executable, "-W", "error", "-c", SHARED, url]
    runs = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in "ab"
    ]
    for run in runs:
        out, err = run.communicate(timeout=120)
        assert (run.returncode, out[:13], err) == (0, "all 24 trials", "")  # done, or the last with the other
    study = ts.Study.open(url)
    assert [t.state for t in study.trials] == [State.COMPLETE] * 24
    assert len({t.worker for t in study.trials}) == 2
    study.store.close()


def test_a_server_that_crashes_in_the_middle_of_a_run_costs_nothing(server: Any, url: str) -> None:
    ends: list[threading.Timer] = []

    def crash(config: dict[str, Any]) -> float:
        if len(ends) == 0 and config["x"] > 0:
            server.stop()
            ends.append(threading.Timer(0.5, server.start))
            ends[0].start()
        return loss(config)

    study = ts.minimize(crash, SPACE, trials=6, store=url, method="random", seed=0, progress=False)
    ends[0].join()
    assert [(t.state, t.attempt) for t in study.trials] == [(State.COMPLETE, 1)] * 6
    study.store.close()


def test_checkpoints_are_in_the_working_directory_under_the_name_of_the_database(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    study = ts.Study(SPACE, store=url, name="a/b")
    monkeypatch.chdir("/")
    assert study.ask().folder == tmp_path / f"{url.rpartition('/')[2]}.files" / "a%2Fb" / "0"
    study.store.close()


# -- commands and the page -------------------------------------------------------------------------------


@pytest.fixture
def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., str]:
    """Call `tunesmith ARGUMENTS`, which must succeed, and return all that it says, which is no password."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["tunesmith", *arguments])
        found: object = 0
        try:
            main()
        except SystemExit as end:
            found = end.code
        said = "".join(capsys.readouterr())
        assert (found or 0) == code, said
        assert SECRET not in said
        return said

    return run


def test_every_command_works_on_a_server_and_shows_no_password(url: str, call: Callable[..., str]) -> None:
    shown = url.replace(":s3cr%3At%40%2F%3F@", "@")
    assert f"There are no studies in {shown} yet." in call("studies", "--store", url)
    assert f"Store {shown}: healthy." in call("doctor", "--store", url)
    Path("study.toml").write_text(
        f"""
        command = "echo '{{{{\\"loss\\": {{x}}}}}}'"
        metric = "loss"
        trials = 3
        store = "{url}"
        seed = 0
        [space]
        x = {{ type = "float", low = 0, high = 1 }}
        """
    )
    said = call("run", "study.toml")
    assert f"--store {shown}" in said
    for command in (
        "studies",
        "trials",
        "best",
        "importance",
        "export",
        "enqueue",
        "pause",
        "resume",
        "doctor",
    ):
        given = ["x=0.5"] if command == "enqueue" else []
        assert call(command, *given, "--store", url)
    call("report", "--store", url, "--out", "report.html")
    assert SECRET not in Path("report.html").read_text()
    assert "no study of this name" in call("best", "--store", url, "--study", "other", code=2)
    wrong = call("doctor", "--store", url.replace(SECRET, f"{SECRET}3t"), code=1)
    assert f"Store {shown}: store '{shown}' cannot be opened" in wrong


def test_the_page_shows_a_store_on_a_server_and_gives_no_password_away(url: str) -> None:
    testclient = pytest.importorskip("fastapi.testclient")
    from tunesmith.dashboard.app import make_app

    study = ts.minimize(loss, SPACE, trials=12, store=url, method="random", seed=0, progress=False)
    number = study.ledger.record.id
    with testclient.TestClient(make_app(url, "token"), base_url="http://127.0.0.1") as page:
        for path in ("", f"/{number}", f"/{number}/importance"):
            answer = page.get(f"/api/studies{path}")
            assert answer.status_code == 200, answer.text
            assert SECRET not in answer.text
        if Path("/proc/self/task").exists():
            mine = [p.read_text() for p in Path("/proc/self/task").glob("*/children")]
            children = [Path(f"/proc/{pid}/cmdline").read_text() for pid in " ".join(mine).split()]
            assert any("analyst" in words for words in children)
            assert not any(SECRET in words for words in children)
    study.store.close()
