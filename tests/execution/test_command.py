"""Commands as objectives: how a config gets in, how the metric gets out, and how they fail."""

import pickle
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tunesmith.errors import OptionError
from tunesmith.execution.base import Answer, Ended, Event, Failed, Finished, Job
from tunesmith.execution.command import CommandObjective
from tunesmith.execution.metric import make_source
from tunesmith.execution.placeholders import parse
from tunesmith.execution.processes import ProcessExecutor
from tunesmith.execution.serial import SerialExecutor
from tunesmith.testing.execution import go_on, is_gone_soon, run_all
from tunesmith.trial import FailureKind


def run(
    command: str | list[str], config: dict[str, Any], *, folder: Path | None = None, **options: Any
) -> Event:
    options = options or {"metric": "loss"}
    executor = SerialExecutor(CommandObjective(command, list(config), **options))
    executor.submit(Job(3, 2, config, seed=5, folder="" if folder is None else str(folder)))
    (event,) = executor.wait(0.0, go_on)
    return event


def python(code: str) -> list[str]:
    """A command that runs Python code, its braces kept."""
    return [sys.executable, "-c", code.replace("{", "{{").replace("}", "}}")]


def failure(event: Event) -> tuple[FailureKind, str, str]:
    assert isinstance(event, Failed), event
    assert not event.is_bug
    return event.failure.kind, event.failure.message, event.failure.traceback


# -- what it is called with ------------------------------------------------------------------------------


def test_values_in_a_shells_script_are_quoted(tmp_path: Path) -> None:
    evil = f"x; touch {tmp_path}/evil; $(touch {tmp_path}/evil) '\""
    event = run(["bash", "-c", "echo {word} >&2; echo '{{\"loss\": 1}}'; exit 1"], {"word": evil})
    assert failure(event)[2] == evil
    assert not (tmp_path / "evil").exists()


def test_a_command_that_cannot_be_started_is_a_bug() -> None:
    event = run(["{lr}"], {"lr": "no-such-program"})
    assert isinstance(event, Failed)
    assert event.is_bug
    assert "the command cannot be started" in event.failure.message


def test_the_environment_says_which_trial_it_is(tmp_path: Path) -> None:
    code = """
import json, os
e = {k[10:].lower(): v for k, v in os.environ.items() if k.startswith("TUNESMITH_")}
assert (e["trial"], e["attempt"], e["seed"]) == ("3", "2", "5"), e
assert json.loads(e["config"]) == {"lr": 0.1, "name": "x"}, e
open(os.path.join(e["folder"], "checkpoint"), "w").close()
print(json.dumps({"loss": 1.5}))
"""
    assert run(python(code), {"lr": 0.1, "name": "x"}, folder=tmp_path / "t") == Finished(3, 1.5)
    assert (tmp_path / "t" / "checkpoint").exists()


def test_an_empty_folder_is_not_left_behind(tmp_path: Path) -> None:
    assert run(["echo", '{{"loss": 1}}'], {}, folder=tmp_path / "t") == Finished(3, 1.0)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_asked_for_and_not_there_is_a_bug() -> None:
    event = run(["echo", "{TUNESMITH_FOLDER}"], {})
    assert isinstance(event, Failed)
    assert event.is_bug
    assert "no place for files" in event.failure.message


# -- the metric ------------------------------------------------------------------------------------------


def echo(*lines: str) -> list[str]:
    return ["printf", "%s\n", *(line.replace("{", "{{").replace("}", "}}") for line in lines)]


@pytest.mark.parametrize(
    ("lines", "options", "value"),
    [
        (['{"loss": 3}', "noise", '{"loss": 0.25}', "more noise"], {"metric": "loss"}, 0.25),
        (['{"loss": 1, "step": 1}', '{"other": 2}'], {"metric": "loss"}, 1.0),
        (['{"loss": "0.5"}'], {"metric": "loss"}, 0.5),
        (['{"val": {"loss": 0.5}}'], {"metric": "val.loss"}, 0.5),
        (['{"val.loss": 0.75}', '{"broken": ', "{}"], {"metric": "val.loss"}, 0.75),
        (["loss: 3.5", "loss: 1e-3 (best)", "done"], {"regex": r"loss: ([0-9.e+-]+)"}, 1e-3),
        (["12", "13.5 14"], {"regex": r"[0-9.]+"}, 14.0),
    ],
)
def test_the_metric_is_found_on_stdout(lines: list[str], options: dict[str, Any], value: float) -> None:
    assert run(echo(*lines), {}, **options) == Finished(3, value)


def test_the_last_line_needs_no_end() -> None:
    assert run(["printf", "%s", '{{"loss": 2}}'], {}) == Finished(3, 2.0)


@pytest.mark.parametrize(
    "line", ['{"loss": NaN}', '{"loss": "nan"}', '{"loss": Infinity}', '{"loss": "-inf"}']
)
def test_values_that_are_not_finite_are_failures(line: str) -> None:
    assert failure(run(echo(line), {}))[0] is FailureKind.NAN


@pytest.mark.parametrize(
    ("line", "options", "words"),
    [
        ('{"los": 1}', {"metric": "loss"}, "JSON with los. Did you mean 'los'?"),
        ('{"loss": null}', {"metric": "loss"}, "loss = null"),
        ('{"loss": true}', {"metric": "loss"}, "loss = true"),
        (
            '{"val": {"loss": 1}, "n": {}}',
            {"metric": "loss"},
            "JSON with val.loss, n. Did you mean 'val.loss'?",
        ),
        ("{'loss': 0.5}", {"metric": "loss"}, repr("{'loss': 0.5}")),
        (
            '{\n  "loss": 1\n}',
            {"metric": "loss"},
            "'}' (is it JSON over several lines? Print it in one)",
        ),
        (" ", {"metric": "loss"}, "nothing"),
        ("accuracy 3", {"regex": "loss ([0-9]+)"}, "'accuracy 3'"),
        ("x" * 200, {"regex": "loss ([0-9]+)"}, repr("x" * 80 + "...")),
    ],
)
def test_a_missing_metric_is_a_failure_that_shows_what_came(
    line: str, options: dict[str, Any], words: str
) -> None:
    kind, text, tail = failure(run(echo(line), {}, **options))
    assert kind is FailureKind.ERROR
    assert text.startswith("the command ended without its metric; looked for: a ")
    assert text.endswith(f"; found: {words}")
    assert line in tail


@pytest.mark.parametrize(
    ("content", "options", "value"),
    [
        ("0.5\n", {}, 0.5),
        ('{"loss": 0.25,\n "x": 1}', {"metric": "loss"}, 0.25),
        ('{"loss": 1}\n{"loss": 2}\n', {"metric": "loss"}, 2.0),
        ("nonsense", {}, None),
        ('{"other": 1}', {"metric": "loss"}, None),
    ],
)
def test_the_metric_is_read_from_a_file(
    tmp_path: Path, content: str, options: dict[str, Any], value: float | None
) -> None:
    path = tmp_path / "x=1" / "result"
    path.parent.mkdir()
    code = f"import sys; open(sys.argv[1], 'w').write({content!r})"
    file = str(tmp_path / "x={x}" / "result")
    event = run([*python(code), file], {"x": 1}, file=file, **options)
    if value is None:
        assert "looked for: a new file with" in failure(event)[1]
    else:
        assert event == Finished(3, value)


def test_the_file_may_lie_in_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    code = f"open({str(tmp_path / 'result')!r}, 'w').write('0.5')"
    assert run(python(code), {}, file="~/result") == Finished(3, 0.5)


def test_a_file_of_another_run_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "result"
    path.write_text("0.5")
    assert "a new file with a number" in failure(run(["true"], {}, file=str(path)))[1]
    assert path.read_text() == "0.5"


def test_it_knows_whether_trials_share_a_file() -> None:
    assert CommandObjective("true", ["x"], file="result").shares_file
    assert CommandObjective("true", ["x"], file="{x}").shares_file
    assert not CommandObjective("true", ["x"], file="{TUNESMITH_FOLDER}/result").shares_file
    assert not CommandObjective("true", ["x"], metric="loss").shares_file


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "nothing says where the command's metric is found"),
        ({"metric": "a", "regex": "b"}, "regex and metric exclude each other"),
        ({"file": "a", "regex": "b"}, "regex and file exclude each other"),
        ({"regex": "("}, "regex is no regular expression"),
        ({"metric": ""}, "metric must be text"),
        ({"metric": 3}, "metric must be text"),
    ],
)
def test_a_metric_that_cannot_be_found_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        CommandObjective("true", ("lr",), **options)


# -- failures --------------------------------------------------------------------------------------------


def test_an_exit_code_is_a_failure_with_the_tail_of_stderr() -> None:
    event = run(["sh", "-c", 'echo \'{{"loss": 1}}\'; echo first >&2; echo "no data" >&2; exit 7'], {})
    assert failure(event) == (
        FailureKind.ERROR,
        "the command ended with exit code 7: no data",
        "first\nno data",
    )


def test_a_signal_is_said_in_words() -> None:
    direct = failure(run(python("import os; os.kill(os.getpid(), 11)"), {}))
    assert direct[:2] == (
        FailureKind.CRASH,
        "the command was ended by a segmentation fault (SIGSEGV): nothing on stderr",
    )
    through_shell = failure(run(["sh", "-c", "sh -c 'kill -9 $$'; exit $?"], {}))
    assert through_shell[0] is FailureKind.CRASH
    assert "SIGKILL" in through_shell[1]


def test_a_lack_of_memory_is_known_by_its_words() -> None:
    assert failure(run(python("raise MemoryError"), {}))[0] is FailureKind.MEMORY


def test_much_output_on_both_streams_is_no_deadlock() -> None:
    code = """
import sys
for _ in range(300):
    sys.stderr.write("e" * 9999 + "\\n")
    sys.stdout.write("ä" * 9999 + "\\n")
print('{"loss": 4}')
sys.stderr.write("x" * 3_000_000)
"""
    before = time.monotonic()
    assert run(python(code), {}) == Finished(3, 4.0)
    assert time.monotonic() - before < 20


def test_output_that_is_no_text_does_no_harm() -> None:
    code = "import sys; sys.stdout.buffer.write(b'\\xff\\xfe\\n{\"loss\": 1}\\n')"
    assert run(python(code), {}) == Finished(3, 1.0)


def test_a_process_left_running_does_not_hold_the_trial_up() -> None:
    before = time.monotonic()
    assert run(["sh", "-c", "sleep 20 & echo '{{\"loss\": 1}}'"], {}) == Finished(3, 1.0)
    assert time.monotonic() - before < 5


# -- reports ---------------------------------------------------------------------------------------------

TRAIN = """
import json, os, sys, time
first = int(sys.argv[1])
for epoch in range(first, first + 4):
    print(json.dumps({"step": epoch, "loss": epoch / 2}), flush=True)
    time.sleep(0.05)
if len(sys.argv) > 2:
    open(sys.argv[2], "w").write(str(os.getpid()))
    time.sleep(30)
"""


@pytest.mark.parametrize("first", [0, 1, 5])
def test_json_lines_with_steps_are_reports_while_it_runs(first: int) -> None:
    seen: list[tuple[int, float]] = []
    times: list[float] = []
    executor = SerialExecutor(CommandObjective([*python(TRAIN), "{first}"], ["first"], metric="loss"))
    executor.submit(Job(0, 1, {"first": first}))

    def on_report(number: int, step: int, value: float) -> Answer:
        seen.append((step, value))
        times.append(time.monotonic())
        return Answer.CONTINUE

    assert executor.wait(0.0, on_report) == [Finished(0, (first + 3) / 2)]
    shift = 1 if first == 0 else 0
    assert seen == [(first + i + shift, (first + i) / 2) for i in range(4)]
    assert times[-1] - times[0] > 0.1  # they did not all come at the end


def test_steps_that_do_not_rise_are_a_bug() -> None:
    event = run(echo('{"step": 2, "loss": 1}', '{"step": 2, "loss": 1}'), {})
    assert isinstance(event, Failed)
    assert event.is_bug
    assert "steps of reports must rise" in event.failure.message


def test_a_command_that_is_asked_to_end_is_ended_with_what_it_started(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    inner = [*python(TRAIN), "1", str(file)]
    code = f"import subprocess, sys; sys.exit(subprocess.run({inner!r}).returncode)"
    executor = SerialExecutor(
        CommandObjective(python(code.replace("{{", "{").replace("}}", "}")), [], metric="loss")
    )
    executor.submit(Job(0, 1, {}))

    def on_report(number: int, step: int, value: float) -> Answer:
        if step < 4:
            return Answer.CONTINUE
        while not file.exists() or not file.read_text():
            time.sleep(0.01)
        return Answer.END

    before = time.monotonic()
    assert executor.wait(0.0, on_report) == [Ended(0)]
    assert time.monotonic() - before < 4
    assert is_gone_soon(int(file.read_text()))


# -- in worker processes ---------------------------------------------------------------------------------


def test_it_can_be_pickled() -> None:
    for options in ({"metric": "loss"}, {"regex": "a(b)"}, {"file": "{lr}"}):
        objective = CommandObjective("echo {lr}", ("lr",), **options)  # type: ignore[arg-type]
        assert pickle.loads(pickle.dumps(objective)).shown({"lr": 1}) == "echo 1"


def test_limits_end_the_command_and_what_it_started(tmp_path: Path) -> None:
    command = ["bash", "-c", "sleep 60 & echo $! > {file}; wait"]
    executor = ProcessExecutor(CommandObjective(command, ["file"], metric="loss"), 2, trial_time="1s")
    events = run_all(executor, [Job(n, 1, {"file": str(tmp_path / str(n))}) for n in range(2)])
    executor.close()
    assert [e.failure.kind for e in events if isinstance(e, Failed)] == [FailureKind.TIMEOUT] * 2
    assert all(is_gone_soon(int((tmp_path / str(n)).read_text())) for n in range(2))


def test_an_awk_script_can_be_tuned_in_processes(tmp_path: Path) -> None:
    script = tmp_path / "f.awk"
    script.write_text('BEGIN { printf "{\\"loss\\": %.6f}\\n", (x - 2) ^ 2 + 1 }')
    objective = CommandObjective(f"awk -v x={{x}} -f '{script}'", ["x"], metric="loss")
    executor = ProcessExecutor(objective, 2)
    events = run_all(executor, [Job(n, 1, {"x": float(n)}) for n in range(5)])
    executor.close()
    assert sorted((e.number, e.value) for e in events if isinstance(e, Finished)) == [
        (n, (n - 2.0) ** 2 + 1) for n in range(5)
    ]


def test_the_template_of_a_text_keeps_its_names() -> None:
    template = parse("{lr}-{lr}", ("lr",))
    assert template.names == ("lr", "lr")
    assert template.fill({"lr": "1"}) == "1-1"


def test_an_interrupt_ends_the_command(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    executor = SerialExecutor(CommandObjective([*python(TRAIN), "1", str(file)], [], metric="loss"))
    executor.submit(Job(0, 1, {}))

    def on_report(number: int, step: int, value: float) -> Answer:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        executor.wait(0.0, on_report)
    assert not file.exists()  # it was ended before it came so far


def test_a_step_beyond_all_floats_is_still_a_whole_number() -> None:
    search = make_source("loss", None, None).start(None)
    step = 10**400
    assert search.line(f'{{"loss": 0.5, "step": {step}}}') == (step, 0.5)
    assert search.line('{"loss": 0.25, "step": 1e400}') is None
    assert search.result() == 0.25
