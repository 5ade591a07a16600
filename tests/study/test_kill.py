"""kill -9, Ctrl+C and SIGTERM at random moments: nothing is lost, run twice or left behind."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import tunesmith as ts

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to look for left processes"),
]

PATIENCE = 300.0  # seconds to wait for what comes at once on an idle machine; only a failure takes them
SCRIPT = """
    import os, sys, time
    import tunesmith as ts

    def objective(config):
        with open(sys.argv[2], "a") as log:
            log.write(f"{config['x']!r}\\n")
        time.sleep(float(sys.argv[4]))
        return config["x"]

    study = ts.minimize(
        objective, ts.Space(x=ts.Float(0, 1)), trials=int(sys.argv[5]), workers=int(sys.argv[3]),
        method="random", seed=1, store=sys.argv[1],
    )
    print("ENDED", study.stop_reason)
"""


class Runner:
    """Starts the script again and again on one store, under a mark by which its processes can be found."""

    def __init__(self, folder: Path, workers: int = 4, seconds: float = 0.02, trials: int = 200) -> None:
        self.folder, self.mark = folder, f"KILL-{folder.name}-{os.getpid()}"
        self.store, self.log = folder / "tune.db", folder / "log.txt"
        self.script = folder / "script.py"
        self.script.write_text(textwrap.dedent(SCRIPT))
        self.arguments = [str(self.store), str(self.log), str(workers), str(seconds), str(trials)]

    def start(self) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, str(self.script), *self.arguments],
            env={**os.environ, "TUNESMITH_TEST_MARK": self.mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def to_the_end(self) -> str:
        process = self.start()
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        return out

    def logged(self) -> list[str]:
        return self.log.read_text().split() if self.log.exists() else []

    def processes(self) -> list[int]:
        """Living processes under the mark; zombies that their parent has yet to collect are not alive."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if self.mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def wait_until_none_is_left(self) -> None:
        wait_until(lambda: not self.processes(), "all processes are gone")


def check_whole(runner: Runner, trials: int) -> list[ts.Trial]:
    found = ts.Study.open(str(runner.store)).trials
    assert len(found) == trials
    assert [t.number for t in found] == list(range(trials))
    assert all(t.is_finished for t in found)
    assert len({t.config["x"] for t in found}) == trials
    ran = set(map(float, runner.logged()))
    assert all(t.config["x"] in ran for t in found)
    assert all(t.value == t.config["x"] for t in found if t.state is ts.State.COMPLETE)
    return list(found)


def test_kill_9_of_the_main_process_or_a_worker_loses_and_doubles_nothing(tmp_path):
    runner, rng = Runner(tmp_path, seconds=0.25), random.Random(0)
    kills = 20
    for _ in range(kills):
        wanted = len(runner.logged()) + rng.randrange(8)  # of 0 the kill comes while all is being started
        process = runner.start()
        wait_for_trials(runner, process, wanted)
        time.sleep(rng.uniform(0.0, 0.4))
        workers = [p for p in runner.processes() if p != process.pid]
        if workers and rng.random() < 0.4:
            with contextlib.suppress(ProcessLookupError):
                os.kill(rng.choice(workers), signal.SIGKILL)
            time.sleep(rng.uniform(0.0, 0.2))
        process.kill()
        process.communicate()
        runner.wait_until_none_is_left()
    assert "ENDED" in runner.to_the_end()
    trials = check_whole(runner, 200)
    failed = [t for t in trials if t.state is ts.State.FAILED]
    assert all(t.failure.kind is ts.FailureKind.CRASH for t in failed)
    assert len(failed) <= 20
    runs = len(runner.logged())
    assert runs <= 200 + 4 * (kills + 1)  # at most the attempts under way were run again


def test_a_killed_serial_run_goes_on_where_it_was(tmp_path):
    runner, rng = Runner(tmp_path, workers=1, seconds=0.03, trials=30), random.Random(1)
    for _ in range(4):
        wanted = len(runner.logged()) + rng.randrange(1, 6)
        process = runner.start()
        wait_for_trials(runner, process, wanted)
        time.sleep(rng.uniform(0.0, 0.03))
        process.kill()
        process.communicate()
    runner.to_the_end()
    trials = check_whole(runner, 30)
    straight = ts.minimize(
        lambda c: c["x"], ts.Space(x=ts.Float(0, 1)), trials=30, method="random", seed=1, progress=False
    )
    assert [t.config for t in trials] == [t.config for t in straight.trials]


def test_ctrl_c_with_a_single_worker_process_is_clean_too(tmp_path):
    runner = Runner(tmp_path, workers=1, seconds=0.2, trials=20)
    runner.script.write_text(runner.script.read_text().replace("seed=1,", "seed=1, trial_time=60,"))
    process = runner.start()
    wait_for_trials(runner, process, 2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "ENDED interrupted" in out
    runner.wait_until_none_is_left()


@pytest.mark.parametrize("workers", [1, 4])
def test_ctrl_c_keeps_everything_and_says_how_to_go_on(tmp_path, workers):
    runner = Runner(tmp_path, workers=workers, seconds=0.2, trials=20)
    process = runner.start()
    wait_for_trials(runner, process, 3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "ENDED interrupted" in out
    assert "run the same again to go on" in err
    runner.wait_until_none_is_left()
    found = ts.Study.open(str(runner.store)).trials
    assert {t.state for t in found} <= {ts.State.COMPLETE, ts.State.WAITING}
    assert runner.to_the_end().startswith("ENDED all 20 trials")
    check_whole(runner, 20)


def test_a_second_ctrl_c_stops_an_objective_that_swallowed_the_first(tmp_path):
    runner = Runner(tmp_path, workers=1, seconds=10 * PATIENCE, trials=20)
    swallowing = """try:
        print("started", file=open(sys.argv[2], "a"), flush=True)
        time.sleep(float(sys.argv[4]))
    except KeyboardInterrupt:
        print("swallowed", file=open(sys.argv[2], "a"), flush=True)
    time.sleep(float(sys.argv[4]))"""
    runner.script.write_text(runner.script.read_text().replace("time.sleep(float(sys.argv[4]))", swallowing))
    process = runner.start()
    for word in ("started", "swallowed"):
        wait_until(lambda word=word: word in runner.logged(), f"the objective has {word}")
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    study = ts.Study(ts.Space(x=ts.Float(0, 1)), store=str(runner.store))
    assert (study.ask().number, study.trials[0].attempt) == (0, 2)


def test_sigterm_ends_the_run_cleanly(tmp_path):
    runner = Runner(tmp_path, workers=2, seconds=0.2, trials=40)
    process = runner.start()
    wait_for_trials(runner, process, 3)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + signal.SIGTERM
    runner.wait_until_none_is_left()
    found = ts.Study.open(str(runner.store)).trials
    assert {t.state for t in found} <= {ts.State.COMPLETE, ts.State.WAITING}


def test_a_worker_asking_and_telling_that_dies_gives_its_trial_back(tmp_path):
    where = str(tmp_path / "tune.db")
    code = f"""
import os, tunesmith as ts
study = ts.Study(ts.Space(x=ts.Float(0, 1)), store={where!r}, seed=0, method="random")
trial = study.ask()
print(trial.config["x"], flush=True)
os._exit(1)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stdout
    study = ts.Study(ts.Space(x=ts.Float(0, 1)), store=where)
    trial = study.ask()
    assert (trial.number, trial.attempt) == (0, 2)
    assert trial.config["x"] == float(out)


def test_eight_processes_share_one_study_to_an_exact_total(tmp_path):
    runner = Runner(tmp_path, workers=1, seconds=0.0, trials=120)
    processes = [runner.start() for _ in range(8)]
    for process in processes:
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
    check_whole(runner, 120)
    assert len(runner.logged()) == 120


def wait_for_trials(runner: Runner, process: subprocess.Popen, n: int) -> None:
    """Wait until so many trials were begun, or the process has ended, which the test will notice."""
    wait_until(lambda: len(runner.logged()) >= n or process.poll() is not None, f"{n} trials are begun")


def wait_until(is_so: Callable[[], bool], words: str) -> None:
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until, f"waited in vain until {words}"
        time.sleep(0.02)
