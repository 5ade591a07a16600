"""Gathers the parts of a report and writes them into one file, with the script that draws the figures."""

import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

from tunesmith.analysis.figures.library import plotly_script
from tunesmith.analysis.identity import Identity
from tunesmith.analysis.report.parts import gather
from tunesmith.errors import OptionError, message, missing_extra
from tunesmith.history import History
from tunesmith.paths import check_writable, path_of
from tunesmith.threads import one_thread

ENDINGS = ".html", ".htm"


@one_thread()
def write_report(history: History, path: str | os.PathLike[str], identity: Identity) -> Path:
    """Write the report.

    Args:
        history: The trials.
        path: File to write; its folder must exist.
        identity: Name and settings of the study.

    Returns:
        The path.

    Raises:
        MissingExtra: Plotly or Jinja2 is not installed.
        OptionError: The file cannot be written, or its ending promises another format.
    """
    target = path_of("a report", path)
    check_writable("a report", target, endings=ENDINGS)
    text = render(history, identity)
    try:
        target.write_text(text, encoding="utf-8", errors="backslashreplace")  # lone surrogates
    except OSError as error:
        raise OptionError(message(f"cannot write {str(target)!r}: {error.strerror}")) from error
    return target


def render(history: History, identity: Identity) -> str:
    """The report as text."""
    try:
        import jinja2
    except ImportError as error:
        raise missing_extra("jinja2", "report", "a report") from error
    page = files("tunesmith.analysis.report") / "page"
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FunctionLoader(lambda name: (page / name).read_text(encoding="utf-8")),
    )
    report = gather(history, identity)
    return environment.get_template("report.html").render(
        report=report,
        figures=_as_json({drawing.key: drawing.figure for drawing in report.drawings}),
        plotly=_plotly_script(),
        style=(page / "report.css").read_text(encoding="utf-8"),
        script=(page / "report.js").read_text(encoding="utf-8"),
    )


def _as_json(data: Any) -> str:
    """JSON that can stand inside a script element: nothing in it ends the element or begins a comment."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _plotly_script() -> str:
    return plotly_script("report", "a report").replace("</script", "<\\/script")
