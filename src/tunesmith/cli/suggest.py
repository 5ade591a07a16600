"""suggest: the first config and the space for a model on a data set, with the reason for each line."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tunesmith.cli.common import (
    DataArgument,
    DropOption,
    JsonOption,
    TargetOption,
    TaskOption,
    print_json,
    say,
)
from tunesmith.errors import OptionError, message
from tunesmith.wording import shown

if TYPE_CHECKING:
    from tunesmith.rules.engine import Reason, Suggestion
    from tunesmith.rules.tables import Source


IN_A_LOOP = "Search it: put the output of --as python into your script, and call ts.minimize."


class Form(StrEnum):
    """What a suggestion is written as."""

    PYTHON = "python"
    TOML = "toml"


def suggest(
    data: DataArgument,
    target: TargetOption,
    model: Annotated[
        str, typer.Option("--model", help="Model family, or torch for a training loop of your own.")
    ] = "lightgbm",
    task: TaskOption = None,
    drop: DropOption = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Name the source of each reason, and what was overruled.")
    ] = False,
    form: Annotated[
        Form | None, typer.Option("--as", help="Print code to go on with instead.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Suggest where to start and where to search, by rules of thumb; nothing is trained."""
    from tunesmith.analysis.origin import on_table
    from tunesmith.models.base import families
    from tunesmith.models.data import prepare
    from tunesmith.models.ruled import known_model, suggested
    from tunesmith.models.tables import read_table
    from tunesmith.rules.words import to_json, to_python, to_toml

    if as_json and form is not None:
        raise OptionError(message("--json and --as exclude each other", given=f"--as {form.value}"))
    word = known_model(model)
    dataset = prepare(read_table(data), target, task, drop=drop or ())
    found = suggested(word, dataset)
    if as_json:
        print_json(to_json(found))
    elif form is Form.PYTHON:
        print(to_python(found), end="")
    elif form is Form.TOML:
        print(to_toml(found), end="")
    else:
        say(*(f"{line}." for line in (dataset.describe(), *dataset.notes)))
        _print(found, explain)
        options = {"target": target, "model": word, "task": task, "drop": drop}
        command = on_table("tune", str(data), options)
        say("", f"Search it: {command}" if word in families() else IN_A_LOOP)


def _print(found: "Suggestion", explain: bool) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    from tunesmith.rules.words import range_words

    console = Console(highlight=False)
    sources = list(dict.fromkeys(s for r in found.reasons for s in r.sources)) if explain else []
    console.print(Text(f"\n{found.model}: start here, search there; most important first\n", style="bold"))
    width = max(len(n) for n in found.space)
    for name, parameter in found.space.parameters.items():
        start = shown(found.space, name, found.default.get(name, parameter.default))
        console.print(
            Text.assemble(
                (f"  {name:{width}}  ", "bold cyan"), (f"{start:>8}", "bold"), f"   {range_words(parameter)}"
            )
        )
        for reason in found.reasons_for(name):
            console.print(Padding(_because(reason, sources), (0, 0, 0, 6)))
    others = [r for r in found.reasons if not r.parameter]
    if others:
        console.print(Text("\nAlso worth an early try\n", style="bold"))
    for reason, config in zip(others, found.portfolio, strict=True):
        changed = {n: v for n, v in config.items() if v != found.default.get(n)}
        console.print(
            Padding(
                Text(
                    ", ".join(f"{n} = {shown(found.space, n, v)}" for n, v in changed.items()), style="cyan"
                ),
                (0, 0, 0, 2),
            )
        )
        console.print(Padding(_because(reason, sources), (0, 0, 0, 6)))
    if explain:
        console.print(Text("\nSources\n", style="bold"))
    for number, source in enumerate(sources, 1):
        named = Text(f"[{number}] {source.text}; {source.url or source.measured}", style="dim")
        console.print(Padding(named, (0, 0, 0, 2)))
    if not explain:
        console.print(
            Text(
                "\nSources, and what was overruled: --explain. As code: --as python, --as toml.", style="dim"
            )
        )


def _because(reason: "Reason", sources: "list[Source]") -> Any:
    """Why, with the numbers of its sources where there is a list of them."""
    from rich.text import Text

    text = Text()
    if reason.because:
        says = f"{reason.says}, since" if reason.parameter else "since"
        text.append(f"{says} {reason.because}: ", style="green")
    text.append(reason.why)
    if sources:
        numbers = [sources.index(s) + 1 for s in reason.sources]
        text.append(f" {numbers}" if numbers else "", style="dim")
        for other in reason.overruled:
            text.append(f"\n  overrules: {other}", style="yellow")
    return text
