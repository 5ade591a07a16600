"""The pages under docs/ say what happens: their code, commands, study files, links and names are tried."""

import contextlib
import doctest
import importlib
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tunesmith as ts
from tunesmith.cli.app import app
from tunesmith.cli.study_file import check_options, read_study_file

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
NEEDS = {  # what the code of a page imports beside tunesmith
    "coming-from.md": ("optuna", "sklearn"),
    "integrations.md": ("sklearn", "optuna", "lightgbm", "torch"),
    "looking.md": ("pandas", "plotly", "jinja2"),
    "tables.md": ("sklearn", "lightgbm", "pandas"),
}
REPOSITORY = "https://github.com/tunesmith/tunesmith"  # whose front page is README

# What a study says in words is printed on the page as it came once; another machine may round otherwise.
OTHER_NUMBERS = doctest.register_optionflag("OTHER_NUMBERS")
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")


class InWords(doctest.OutputChecker):
    """Compares what is printed but for its numbers, and everything else with them."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        if optionflags & OTHER_NUMBERS:
            want, got = _NUMBER.sub("#", want), _NUMBER.sub("#", got)
        return super().check_output(want, got, optionflags)


_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in _FENCE.findall(page.read_text()) if kind == language]


def name(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


WITH_CODE = [page for page in PAGES if blocks(page, "pycon")]


def test_the_guide_is_code_that_runs() -> None:
    assert len(WITH_CODE) >= 9
    # The only one without prompts is run by `test_a_tuned_model_is_used_as_the_page_says`.
    assert [name(page) for page in PAGES if blocks(page, "python")] == ["tables.md"]


def test_code_fits_the_column() -> None:
    for page in PAGES:
        for _, text in _FENCE.findall(page.read_text()):
            assert max(map(len, text.splitlines())) <= 80, (name(page), text)


@pytest.mark.parametrize("page", WITH_CODE, ids=name)
def test_code_gives_what_the_page_says(page: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for package in NEEDS.get(name(page), ()):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    text = re.sub(r"^```.*$", "", page.read_text(), flags=re.MULTILINE)  # an empty line ends what is expected
    test = doctest.DocTestParser().get_doctest(text, {}, name(page), str(page), 0)
    for example in test.examples:
        example.options[OTHER_NUMBERS] = example.source.startswith("print(")
    said = io.StringIO()
    with contextlib.redirect_stderr(io.StringIO()):
        result = doctest.DocTestRunner(InWords(), optionflags=FLAGS).run(test, out=said.write)
    assert result.attempted > 2
    assert result.failed == 0, said.getvalue()


def commands() -> Iterator[tuple[str, list[str]]]:
    for page in [*PAGES, ROOT / "README.md"]:
        for text in blocks(page, "console"):
            for line in text.splitlines():
                words = shlex.split(line, comments=True)
                if words[:1] == ["tunesmith"]:
                    yield page.name, words[1:]


@pytest.mark.parametrize(("page", "words"), list(commands()), ids=str)
def test_commands_take_these_options(page: str, words: list[str]) -> None:
    import typer.main

    command = typer.main.get_command(app)
    command.commands[words[0]].make_context(words[0], words[1:])


def test_every_command_is_on_its_page() -> None:
    import typer.main

    text = (DOCS / "command-line.md").read_text()
    for command in typer.main.get_command(app).commands:
        assert f"`tunesmith {command}`" in text


def test_files_can_be_read(tmp_path: Path) -> None:
    found = [text for page in [*PAGES, ROOT / "README.md"] for text in blocks(page, "toml")]
    for number, text in enumerate(found):
        file = tmp_path / f"{number}.toml"
        file.write_text(text)
        assert len(ts.Space.load(file)) >= 2
        if "command" in text:
            check_options(read_study_file(file))
    assert sum("command" in text for text in found) >= 3


def test_a_tuned_model_is_used_as_the_page_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("lightgbm")
    import typer.main

    monkeypatch.chdir(tmp_path)
    frame = pandas.DataFrame({"rooms": [*range(60)], "price": [10.0 * n + n % 7 for n in range(60)]})
    frame.to_csv("houses.csv", index=False)
    words = ["tune", "houses.csv", "--target", "price", "--trials", "1", "--folds", "2", "--workers", "1"]
    typer.main.get_command(app).main(words, standalone_mode=False)
    names: dict[str, Any] = {"frame": frame}
    (text,) = blocks(DOCS / "tables.md", "python")
    exec(text.replace("TunedModel.load", "predicted = TunedModel.load"), names)
    assert len(names["predicted"]) == 60


def navigation() -> list[str]:
    yaml = pytest.importorskip("yaml")
    entries = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    pages = []
    while entries:
        ((_, value),) = entries.pop(0).items()
        if isinstance(value, str):
            pages.append(value)
        else:
            entries = value + entries
    return pages


def test_the_navigation_has_every_page_once() -> None:
    assert sorted(navigation()) == sorted(map(name, PAGES))


def anchors(page: Path) -> set[str]:
    text = _FENCE.sub("", page.read_text())
    titles = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", _FENCE.sub("", page.read_text())):
        address, _, anchor = link.partition("#")
        if address == REPOSITORY:
            target = ROOT / "README.md"
        elif "://" in address:
            continue
        else:
            target = page.parent / address if address else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def documented() -> list[str]:
    return [
        path for page in PAGES for path in re.findall(r"^::: (\S+)$", page.read_text(), flags=re.MULTILINE)
    ]


def test_the_reference_has_every_public_name_once() -> None:
    found = documented()
    assert len(found) == len(set(found))
    elsewhere = {"TunesmithError", "methods", "__version__"}  # on a module's page; by its members; a text
    assert {f"tunesmith.{public}" for public in set(ts.__all__) - elsewhere} <= set(found)
    for method in ts.methods._LAZY:
        assert f"tunesmith.methods.{method}" in found


@pytest.mark.parametrize("path", documented())
def test_the_reference_is_of_what_there_is(path: str) -> None:
    module, _, attribute = path.rpartition(".")
    for library in ("lightgbm", "xgboost", "catboost", "lightning", "torch", "sklearn", "optuna"):
        if f"integrations.{library}" in path:
            pytest.importorskip(library)
    try:
        thing = getattr(importlib.import_module(module), attribute)
    except AttributeError:
        thing = importlib.import_module(path)
    assert thing.__doc__
