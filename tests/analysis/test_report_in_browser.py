"""The report in Chromium: every drawing drawn, nothing loaded, no error; wide, on a phone, dark, printed.

Screenshots are kept in the folder that TUNESMITH_SCREENSHOTS names, else in the test's own.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tunesmith.analysis.identity import Identity
from tunesmith.analysis.report.write import write_report
from tunesmith.history import History
from tunesmith.space import Choice, Float, Space
from tunesmith.trial import Failure, FailureKind, State, Trial

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
playwright = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.xdist_group("browser"),
    pytest.mark.slow,
]
SIZES = {"desk": (1280, 900), "phone": (390, 844)}
CONTRASTS = """() => {
  const linear = v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(v => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ground = e => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)') return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const texts = 'h1, h2, h3, p, dt, dd, th, td, summary, figcaption, .note, .tag, nav a, code, .copy';
  return [...document.querySelectorAll(texts)].filter(e => e.offsetParent).map(e => {
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
    return [(a + .05) / (b + .05), `${e.tagName}.${e.className}`];
  });
}"""
IDENTITY = Identity("mnist", "tune.db", {"name": "auto"}, 0, 4000.0, {"metric": "loss"}, "1.0")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def report(lively: History, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(lively, tmp_path_factory.mktemp("report") / "report.html", IDENTITY)


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("TUNESMITH_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Opened:
    """A page with everything that went wrong on it, and everything that it asked the network for."""

    def __init__(
        self, browser: Any, path: Path, size: str = "desk", colours: str = "light", **more: Any
    ) -> None:
        viewport = dict(zip(("width", "height"), SIZES[size], strict=True))
        self.context = browser.new_context(viewport=viewport, color_scheme=colours, offline=True, **more)
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda m: self.wrong.append(m.text) if m.type == "error" else None)
        self.page.on("dialog", lambda dialog: (self.wrong.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    def see_all(self) -> None:
        """Scroll through, so that every drawing is drawn."""
        plots = self.page.locator(".plot")
        for k in range(plots.count()):
            plots.nth(k).scroll_into_view_if_needed()
        self.page.wait_for_function(
            "[...document.querySelectorAll('.plot')].every(p => p.querySelector('.main-svg'))", timeout=30_000
        )
        self.page.evaluate("window.scrollTo(0, 0)")

    def check(self) -> None:
        assert self.wrong == []
        assert [url for url in self.asked if not url.startswith(("file:", "data:", "blob:"))] == []
        self.context.close()


@pytest.mark.parametrize(("size", "colours"), [("desk", "light"), ("desk", "dark"), ("phone", "dark")])
def test_every_drawing_is_drawn_and_nothing_is_loaded(
    browser: Any, report: Path, shots: Path, size: str, colours: str
) -> None:
    opened = Opened(browser, report, size, colours)
    opened.see_all()
    widths = opened.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]  # nothing sticks out; wide parts scroll by themselves
    # Of Plotly's own buttons one sends the data away.
    titles = "[...document.querySelectorAll('.modebar-btn')].map(b => b.dataset.title || b.dataset.attr)"
    assert {title.split()[0] for title in opened.page.evaluate(titles)} <= {
        "Download",
        "Zoom",
        "Pan",
        "Reset",
    }
    grounds = "[...document.querySelectorAll('.modebar-group')].map(b => getComputedStyle(b).backgroundColor)"
    assert set(opened.page.evaluate(grounds)) == {"rgba(0, 0, 0, 0)"}  # no box over the drawing
    opened.page.wait_for_timeout(300)
    opened.page.screenshot(path=str(shots / f"report-{size}-{colours}.png"), full_page=True)
    opened.check()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_text_is_readable_on_its_ground(browser: Any, report: Path, colours: str) -> None:
    opened = Opened(browser, report, colours=colours)
    contrasts = opened.page.evaluate(CONTRASTS)
    assert len(contrasts) > 100
    assert min(contrasts)[0] >= 4.5, min(contrasts)  # WCAG 2 AA
    opened.check()


def test_the_colours_follow_the_system_while_it_is_open(browser: Any, report: Path) -> None:
    opened = Opened(browser, report)
    opened.see_all()
    ink = "getComputedStyle(document.querySelector('#plot-history .xtick text')).fill"
    before = opened.page.evaluate(ink)
    opened.page.emulate_media(color_scheme="dark")
    opened.page.wait_for_function(f"{ink} !== '{before}'")
    opened.check()


def test_without_javascript_the_text_and_tables_are_there(browser: Any, report: Path, shots: Path) -> None:
    opened = Opened(browser, report, java_script_enabled=False)
    words = opened.page.inner_text("main")
    for part in (
        "Config to ship",
        "The drawings need JavaScript",
        "matters most",
        "best 0",
        "tunesmith report",
    ):
        assert part in words
    opened.page.screenshot(path=str(shots / "report-without-javascript.png"), full_page=True)
    opened.check()


def test_it_prints(browser: Any, report: Path, shots: Path) -> None:
    opened = Opened(browser, report, colours="dark")
    target = shots / "report.pdf"
    opened.page.pdf(path=str(target), format="A4", print_background=True)
    assert target.stat().st_size > 50_000
    pages = target.read_bytes().count(b"/Type /Page\n") or target.read_bytes().count(b"/Type /Page")
    assert pages >= 4
    assert (
        opened.page.evaluate("document.querySelectorAll('.plot .main-svg').length") > 0
    )  # all were drawn for it
    opened.check()


def test_it_can_be_read_with_the_keyboard_alone(browser: Any, report: Path) -> None:
    opened = Opened(browser, report)
    page = opened.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash === '#main'")
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.tagName"))
    assert {"A", "BUTTON", "PRE", "SUMMARY"} <= seen | {"A"}
    summary = page.locator("#importance summary")
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("#importance details table").is_visible()
    names = page.evaluate(
        "[...document.querySelectorAll('[role=img]')].map(e => e.getAttribute('aria-label'))"
    )
    assert all(len(name) > 20 for name in names)
    opened.check()


@pytest.mark.parametrize("is_allowed", [True, False])
def test_commands_are_copied_by_a_click(browser: Any, report: Path, is_allowed: bool) -> None:
    opened = Opened(browser, report)
    page = opened.page
    answer = "Promise.resolve()" if is_allowed else "Promise.reject(new Error('not allowed'))"
    fake = f"text => {{ window.copied = text; return {answer}; }}"
    page.evaluate(f"() => {{ navigator.clipboard.writeText = {fake}; }}")
    page.locator("#go-on .copy").first.click()
    page.wait_for_function(
        "window.copied" if is_allowed else "window.copied && window.getSelection().toString() !== ''"
    )
    assert page.evaluate("window.copied").startswith("import tunesmith as ts")
    selected = page.evaluate("window.getSelection().toString()")
    assert selected.startswith("import tunesmith as ts") is not is_allowed
    opened.check()


def test_hostile_texts_run_nothing(browser: Any, hostile: str, tmp_path: Path) -> None:
    image = "<img src=x onerror=alert(1)>"
    space = Space({hostile: Choice([hostile, image, "c"]), "x": Float(0, 1)})
    options = (hostile, image, "c")
    trials = [
        Trial(k, {hostile: options[k % 3], "x": k / 30}, State.COMPLETE, k / 10.0, reason=image, worker=image)
        for k in range(24)
    ]
    failure = Failure(FailureKind.ERROR, image + hostile, hostile)
    trials.append(Trial(24, {hostile: "c", "x": 0.99}, State.FAILED, failure=failure))
    identity = Identity(hostile + image, image, {"name": image}, 0, 1.0, {"data": image})
    opened = Opened(browser, write_report(History(space, "minimize", trials), tmp_path / "r.html", identity))
    opened.see_all()
    points = opened.page.locator("#plot-history .point").first
    points.hover(force=True)
    opened.page.wait_for_timeout(300)
    assert opened.page.locator("img").count() == 0
    opened.check()


@pytest.mark.parametrize("kind", ["empty", "failed", "one"])
def test_small_studies_have_no_error(browser: Any, make: Any, tmp_path: Path, kind: str) -> None:
    space = Space(x=Float(0, 1))
    count, value = {"empty": (0, None), "failed": (6, None), "one": (1, 1.0)}[kind]
    opened = Opened(browser, write_report(make(space, lambda c: value, count), tmp_path / "r.html", IDENTITY))
    if kind != "empty":
        opened.see_all()
    opened.check()
