"""Placeholders of a command: how values get in, and which commands are refused."""

import argparse
import math
from pathlib import Path
from typing import Any

import pytest

from tunesmith.errors import OptionError
from tunesmith.execution.command import CommandObjective
from tunesmith.execution.placeholders import as_text, parse_command

NAMES = ("lr", "layers", "optimizer", "momentum", "a.b", "lambda")


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("p --lr {lr} --opt={optimizer}", ["p", "--lr", "0.001", "--opt=a b; 'c'"]),
        ("p 'two words' {layers}x", ["p", "two words", "3x"]),
        (["p", "{lr} {layers}"], ["p", "0.001 3"]),
        ("p {a.b} {lambda}", ["p", "[1, 2]", "True"]),
        ("p {{lr}} {{}}", ["p", "{lr}", "{}"]),
        ("p --momentum {momentum} --layers {layers}", ["p", "--layers", "3"]),
        ("p --momentum={momentum} {layers}", ["p", "3"]),
        ("p --fast {momentum}.txt {layers}", ["p", "3"]),
        ("p --x=1 {momentum}", ["p", "--x=1"]),
        ("p \\\n  --lr {lr} \\\r\n  --x 'a\\\nb'", ["p", "--lr", "0.001", "--x", "a\\\nb"]),
    ],
)
def test_values_are_filled_in(command: str | list[str], arguments: list[str]) -> None:
    texts = {"lr": "0.001", "layers": "3", "optimizer": "a b; 'c'", "a.b": "[1, 2]", "lambda": "True"}
    assert parse_command(command, NAMES).fill(texts) == arguments


@pytest.mark.parametrize("command", [["bash", "-ec", "echo {lr}"], ["/bin/sh", "-c", "echo {lr}"]])
def test_a_shells_script_is_known(command: list[str]) -> None:
    assert parse_command(command, NAMES).fill({"lr": "a b"})[2] == "echo 'a b'"


def test_a_shell_reads_its_own_script() -> None:
    filled = parse_command('sh -c "cd $HOME; p {lr} `nproc`"', NAMES).fill({"lr": "a b"})
    assert filled == ["sh", "-c", "cd $HOME; p 'a b' `nproc`"]


@pytest.mark.parametrize(
    "command", [["bash", "script.sh", "-c", "{lr}"], ["python", "-c", "{lr}"], ["bash", "-x"]]
)
def test_other_arguments_are_not_quoted(command: list[str]) -> None:
    assert "'" not in "".join(parse_command(command, NAMES).fill({"lr": "a b"}))


def test_an_unknown_placeholder_is_refused_with_close_matches() -> None:
    with pytest.raises(OptionError, match=r"unknown parameter; allowed: lr, .*given: '\{layer\}'.*'layers'"):
        parse_command("p {layer}", NAMES)
    with pytest.raises(OptionError, match="file has a placeholder for an unknown parameter"):
        CommandObjective("true", NAMES, file="{nowhere}/out")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("p {lr", "has a single {"),
        ("p lr}", "has a single }"),
        ("p {}", r"given: '\{\}'"),
        ("", "the command is empty"),
        ([], "the command is empty"),
        (["", "a"], "the command is empty"),
        ("p 'open", "cannot be split"),
        (5, "must be text or a list of texts"),
        (["p", 1], "must be text or a list of texts"),
        ("p a | tee log", r"needs a shell for its '\|'"),
        ("p a && p b", "needs a shell for its '&&'"),
        ("p > log", "needs a shell for its '>'"),
        ("p a;p b", "needs a shell for its ';'"),
        ("p --nodes $WORLD_SIZE", r"needs a shell for its '\$WORLD_SIZE'"),
        ('p "$HOME/data" {lr}', r"needs a shell for its '\$HOME'"),
        ("p --lr ${lr}", r"A placeholder is written \{lr\}, without the \$"),
        ("p $(nproc)", r"needs a shell for its '\('"),
        ("p `nproc`", "needs a shell for its '`'"),
        ("~/p {lr}", "needs a shell for its '~'"),
        ("p --data ~", "needs a shell for its '~'"),
        ("CUDA_VISIBLE_DEVICES=0 p", "Begin it with env"),
    ],
)
def test_commands_that_cannot_be_are_refused(command: Any, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        parse_command(command, NAMES)


@pytest.mark.parametrize(
    "command",
    [
        *("p 'a | b'", 'p "x > 3; y"', r"p a\|b", "p # a", "p --x=a=b"),
        *("p '$HOME'", r"p \$HOME", "p 5$ a~b *.csv~ ^x$", "p '~/x'", "p '`'"),
    ],
)
def test_quoted_operators_are_no_operators(command: str) -> None:
    assert parse_command(command, NAMES).fill({})[0] == "p"


def test_a_program_that_is_not_there_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="program is not there, or is not executable; given: 'pyhton'"):
        CommandObjective("pyhton train.py {lr}", NAMES, metric="loss")
    script = tmp_path / "script.sh"
    script.write_text("echo")
    with pytest.raises(OptionError, match="name the interpreter"):
        CommandObjective([str(script)], NAMES, metric="loss")


def test_it_says_what_one_would_type_and_what_it_leaves_out() -> None:
    objective = CommandObjective("env --lr {lr} -o {TUNESMITH_FOLDER}", NAMES[:3], metric="loss")
    assert (
        objective.shown({"lr": 0.1, "layers": 2, "optimizer": "x"}) == "env --lr 0.1 -o '$TUNESMITH_FOLDER'"
    )
    assert objective.unused == ("layers", "optimizer")


@pytest.mark.parametrize(
    "value", [-1e-05, -2.5e-300, -1e22, -5e-324, -0.5, -0.0, 1e-05, -3, 1e300, float("-inf"), float("nan")]
)
def test_argparse_reads_what_is_written_for_it(value: float) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--x", type=type(value))
    given = ["--x=" + as_text(value)] if math.isinf(value) else ["--x", as_text(value)]
    read = parser.parse_args(given).x
    assert repr(read) == repr(value)
