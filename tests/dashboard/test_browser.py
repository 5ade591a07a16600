"""The page in Debian's Chromium, clicked through on studies of every kind and beside a run.

Screenshots are kept under .artifacts/dashboard, or where TUNESMITH_ARTIFACTS says.
"""

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import tunesmith as ts
from tunesmith.store import StudyRecord, open_store
from tunesmith.trial import Failure, FailureKind, State, Trial

sync_api = pytest.importorskip("playwright.sync_api")
Browser, Page, expect = sync_api.Browser, sync_api.Page, sync_api.expect
PATIENCE = 120_000  # milliseconds for what is computed, on a machine that has other things to do
expect.set_options(timeout=PATIENCE)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: apt install chromium)"),
    pytest.mark.xdist_group("browser"),
]
ROOT = Path(__file__).parents[2]
SHOTS = Path(os.environ.get("TUNESMITH_ARTIFACTS", ROOT / ".artifacts")) / "dashboard"
SIZES = {"desktop": (1360, 900), "phone": (390, 844)}
TABS = ("overview", "trials", "try", "curves", "parameters", "model", "workers", "failures")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_api.sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens the page of a server; afterwards, nothing may have gone wrong in it."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def go(url: str, size: str = "desktop", theme: str = "light", where: str = "") -> Page:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            is_mobile=size == "phone",
            has_touch=size == "phone",
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("dialog", lambda dialog: (wrong.append(f"a script ran: {dialog.message}"), dialog.dismiss()))
        base = url.partition("/#")[0].rstrip("/")
        page.on(
            "request",
            lambda sent: None if sent.url.startswith((base, "data:", "blob:")) else wrong.append(sent.url),
        )
        page.goto(url)
        if where:
            link = page.get_by_role("navigation", name="Studies").get_by_title(re.compile(f"^{where}"))
            link.click()
            expect(page.locator("h1")).to_contain_text(where)
        expect(page.locator("#live")).to_have_text("live")
        return page

    yield go
    for context in contexts:
        context.close()
    assert [w for w in wrong if "status of 401" not in w] == []  # a refusal that a test asks for


@pytest.fixture
def look(shared, opened) -> Callable[..., Page]:
    """Opens the page of a store that no test changes."""
    return lambda *arguments, **options: opened(shared.url, *arguments, **options)


@pytest.fixture
def visit(serve, opened) -> Callable[..., Page]:
    """Opens the page of the test's own store."""
    server = serve()
    return lambda *arguments, **options: opened(server.url, *arguments, **options)


def open_tab(page: Page, key: str) -> None:
    page.locator(f"#tab-{key}").click()
    expect(page.locator(f"#tab-{key}")).to_have_attribute("aria-selected", "true")
    settle(page)


def settle(page: Page) -> None:
    """Wait until all that is computed is there and drawn."""
    page.wait_for_function(
        """() => !document.querySelector('.wait:not([hidden])') && [...document.querySelectorAll('.plot')]
        .every(e => e.dataset.ready || e.hidden || e.closest('[hidden]'))"""
    )


def keep(page: Page, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


# -- everything, in every size and colour ------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_every_part_is_shown_within_the_window(look, size, theme):
    page = look(size, theme, "usual")
    for key in TABS:
        open_tab(page, key)
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
        assert page.locator("#panel").inner_text().strip()
        assert (
            page.locator(".modebar-btn[data-title*=Share]").count() == 0
        )  # nothing is offered to be sent away
        keep(page, f"{key}-{size}-{theme}")
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    page.locator("#theme").click()
    assert page.evaluate("document.documentElement.dataset.theme") != theme


@pytest.mark.parametrize(
    "kind", ["empty", "only failed", "only running", "one option", "all equal", "curves"]
)
def test_studies_that_have_little_to_show_say_so(look, kind):
    page = look(where=kind)
    expect(page.locator("h1")).to_contain_text(kind)
    for key in TABS:
        open_tab(page, key)
        assert page.locator("#panel").inner_text().strip()
    keep(page, f"study-{kind.replace(' ', '-')}")


def test_what_a_study_says_is_text_and_never_html(look):
    page = look(where="usual")
    expect(page.locator("h1")).to_contain_text("<img src=x onerror=alert(1)>")
    for key in TABS:
        open_tab(page, key)
        assert page.locator("img[src='x']").count() == 0


# -- trials ------------------------------------------------------------------------------------------------


def test_trials_are_filtered_sorted_and_opened(visit, path):
    page = visit(where="usual")
    open_tab(page, "trials")
    rows = page.locator("#panel tbody tr")
    expect(rows).to_have_count(24)
    page.get_by_role("button", name="value").click()
    values = [float(v) for v in page.locator("#panel tbody td:nth-child(3)").all_inner_texts() if v]
    assert values == sorted(values)
    assert len(values) >= 10
    page.locator("#filter").fill("layers>3 state=complete")
    study = next(s for s in ts.studies(path) if s.record.name.startswith("usual")).record.name
    wanted = [
        t for t in ts.Study.open(path, study).trials if t.state is State.COMPLETE and t.config["layers"] > 3
    ]
    expect(rows).to_have_count(len(wanted))
    page.locator("#filter").fill("")
    page.locator(".chip", has_text="failed").click()
    expect(page.locator("#panel [data-state=failed]").first).to_be_visible()
    expect(page.locator("#panel tbody [data-state=complete]")).to_have_count(0)
    page.locator("#panel tbody button.link").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Failed:")
    keep(page, "trial-failed")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_note_is_written_and_stands_in_the_table(visit, path):
    page = visit(where="usual")
    open_tab(page, "trials")
    page.get_by_role("button", name="Trial 5", exact=True).click()
    page.locator("#note").fill("ran on the <old> data")
    page.get_by_role("button", name="Save note").click()
    expect(page.locator(".toast")).to_contain_text("saved")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#panel tbody")).to_contain_text("ran on the <old> data")
    study = next(s for s in ts.studies(path) if s.record.name.startswith("usual")).record.name
    assert ts.Study.open(path, study).trials[5].note == "ran on the <old> data"


# -- the human in the loop ---------------------------------------------------------------------------------


def test_a_config_is_tried_judged_at_once_and_enqueued(visit, path):
    page = visit(where="usual")
    open_tab(page, "try")
    expect(page.locator("#expected")).not_to_be_empty()
    before = page.locator("#expected").inner_text()
    page.locator("#try-lr").fill("0.02")
    expect(page.locator("#expected")).not_to_have_text(before)
    page.locator("#try-layers").fill("lots")
    expect(page.locator("#try-layers")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("button", name="Enqueue this config")).to_be_disabled()
    page.locator("#try-layers").fill("4")
    page.locator("#try-optimizer").select_option("sgd")
    page.get_by_label("momentum, slider").fill("900")
    expect(page.locator("#try-momentum")).to_have_value("0.891")
    expect(page.locator(".range")).to_be_visible()
    keep(page, "try-typed")
    page.get_by_role("button", name="Enqueue this config").click()
    expect(page.locator(".toast")).to_contain_text("Trial 24 waits first in line")
    study = next(s for s in ts.studies(path) if s.record.name.startswith("usual")).record.name
    waiting = ts.Study.open(path, study).trials[24]
    assert waiting.state is State.WAITING
    assert {k: v for k, v in waiting.config.items() if k != "huge"} == {
        "lr": 0.02, "layers": 4, "optimizer": "sgd", "momentum": 0.891,
    }  # fmt: skip


def test_a_run_is_watched_paused_resumed_fed_and_stopped(visit, run):
    page = visit()
    link = page.get_by_role("navigation", name="Studies").get_by_title("a live one")
    expect(link).to_be_visible()
    link.click()
    trials = page.locator("#tab-trials .count")
    expect(page.locator(".plot[data-ready]").first).to_be_visible()
    first = int(trials.inner_text() or 0)
    page.wait_for_function(
        "(n) => Number(document.querySelector('#tab-trials .count').textContent) > n + 5", arg=first
    )
    keep(page, "live-overview")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused: no trial starts")).to_be_visible()
    expect(page.locator(".stat", has_text="Running").locator("dd")).to_have_text(re.compile("^0"))
    held = trials.inner_text()
    time.sleep(1.5)
    assert trials.inner_text() == held
    keep(page, "live-paused")
    open_tab(page, "try")
    page.locator("#try-lr").fill("0.000123")
    page.get_by_role("button", name="Enqueue this config").click()
    expect(page.locator(".toast", has_text="waits first in line")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    open_tab(page, "trials")
    page.locator("#filter").fill("lr=0.000123")
    expect(page.locator("#panel tbody [data-state]").first).to_have_attribute(
        "data-state", re.compile("complete|stopped")
    )
    for key in ("curves", "workers", "failures", "model"):
        open_tab(page, key)
        keep(page, f"live-{key}")
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Stop all runs").click()
    out, _ = run.communicate(timeout=60)
    assert out.strip() == "the study was told to stop"


def test_a_click_counts_though_the_page_is_kept_up_to_date_meanwhile(visit, path):
    page = visit(where="one option")
    with pressed(page, page.get_by_role("navigation", name="Studies").get_by_title("all equal")):
        page.wait_for_timeout(6000)  # the list is loaded anew every five seconds
    expect(page.locator("h1")).to_contain_text("all equal")
    open_tab(page, "trials")
    with pressed(page, page.get_by_role("button", name="Trial 3", exact=True)):
        study = ts.Study.open(path, "all equal")
        study.tell(study.ask(), 2.0)
        page.wait_for_timeout(3000)
    expect(page.get_by_role("dialog", name="Trial 3")).to_be_visible()
    expect(page.locator("[role=status]", has_text="of 6 trials")).to_be_attached()  # it comes afterwards


def test_what_is_open_stays_open_while_the_page_is_kept_up_to_date(visit, path):
    page = visit(where="usual")
    open_tab(page, "model")
    page.get_by_text("All other parameters as in the best trial").click()
    drawn = page.locator("#panel details .config").element_handle()
    study = next(s for s in ts.studies(path) if s.record.name.startswith("usual")).record.name
    study = ts.Study.open(path, study)
    page.wait_for_timeout(3000)  # the model is asked anew after three seconds at the earliest
    study.tell(study.ask(), 2.0)
    page.wait_for_function("(old) => !old.isConnected", arg=drawn)
    expect(page.locator("#panel details[open]")).to_be_visible()


@contextmanager
def pressed(page: Page, place: Any) -> Iterator[None]:
    """Hold the mouse down on a place."""
    place.hover()
    page.mouse.down()
    yield
    page.mouse.up()


def test_without_the_token_one_watches_and_is_asked_for_it_before_a_change(serve, opened, path):
    page = opened(serve().base + "/", where="usual")
    expect(page.get_by_role("button", name="Watching only")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    page.locator("#token").fill("a guess")
    page.get_by_role("button", name="Unlock").click()
    expect(page.locator(".toast")).to_contain_text("needs the token")
    assert not any(open_store(path).get_control(s.record.id).is_paused for s in ts.studies(path))


# -- keyboard, screen readers, colours ---------------------------------------------------------------------


def test_the_keyboard_reaches_everything(look):
    page = look(where="usual")
    page.reload()
    expect(page.locator("h1")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the study")).to_be_focused()
    page.locator("#tab-overview").focus()
    for key in (*TABS[1:], TABS[0]):
        page.keyboard.press("ArrowRight")
        expect(page.locator(f"#tab-{key}")).to_be_focused()
        expect(page.locator(f"#tab-{key}")).to_have_attribute("aria-selected", "true")
    open_tab(page, "trials")
    opener = page.get_by_role("button", name="Trial 5", exact=True)
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    chosen = page.get_by_role("navigation", name="Studies").get_by_title("curves")
    chosen.focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("curves")
    expect(chosen).to_have_attribute("aria-current", "page")
    expect(chosen).to_be_focused()


NAMELESS = """() => {
  const hasName = (e) => e.innerText?.trim() || e.labels?.length
    || e.getAttribute('aria-label') || e.getAttribute('aria-labelledby');
  return [...document.querySelectorAll('button, input, select, textarea, [role=img], table, dialog')]
    .filter(e => e.checkVisibility() && !hasName(e)).map(e => e.outerHTML.slice(0, 120));
}"""
CONTRASTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d');
  const linear = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (name) => {
    canvas.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name);
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(v => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, two) => {
    const [a, b] = [light(one), light(two)].sort((p, q) => q - p);
    return (a + 0.05) / (b + 0.05);
  };
  const pairs = ['--ink', '--soft', '--accent', '--danger']
    .flatMap(f => ['--paper', '--card', '--raised'].map(b => [f, b]));
  pairs.push(['--on-accent', '--accent']);
  return Object.fromEntries(pairs.map(([f, b]) => [`${f} on ${b}`, ratio(f, b)]));
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everything_has_a_name_and_text_can_be_read(look, theme):
    page = look(theme=theme, where="usual")
    for key in TABS:
        open_tab(page, key)
        assert page.evaluate(NAMELESS) == []
        assert page.locator("h1").count() == 1
        assert page.locator("th:not([scope])").count() == 0
    poor = {pair: round(ratio, 2) for pair, ratio in page.evaluate(CONTRASTS).items() if ratio < 4.5}
    assert poor == {}


# -- many trials -------------------------------------------------------------------------------------------


def test_5000_trials_are_there_in_two_seconds_and_answer_at_once(visit, path):
    store = open_store(path)
    space = ts.Space({f"p{k}": ts.Float(0, 1) for k in range(9)} | {"kind": ts.Choice(["a", "b"])})
    study = store.create_study(
        StudyRecord("a large one", "minimize", space.to_dict(), {"name": "sobol"}, None, 0)
    ).id
    kept = 0
    for number in range(5000):
        x = (number * 0.618034) % 1
        config = {f"p{k}": (x * (k + 1)) % 1 for k in range(9)} | {"kind": "ab"[number % 2]}
        kept += config["p3"] < 0.1 and config["kind"] == "b"
        failure = Failure(FailureKind.ERROR, "ValueError: no") if number % 50 == 0 else None
        state = State.FAILED if failure else State.COMPLETE
        value = None if failure else x
        store.create_trial(study, Trial(number, config, state, value, failure=failure, attempt=1))
    page = visit(where="a large one")
    expect(page.locator(".plot[data-ready]").first).to_be_visible()
    open_tab(page, "trials")
    took = []
    for _ in range(3):
        began = time.monotonic()
        page.reload()
        expect(page.locator("#panel tbody tr")).to_have_count(50)
        took.append(time.monotonic() - began)
    (SHOTS / "times.json").write_text(json.dumps({"5,000 trials, seconds to the table": took}))
    assert min(took) < 2.0, took
    began = time.monotonic()
    page.locator("#filter").fill("p3<0.1 kind=b")
    expect(page.locator(".pager")).to_contain_text(f" {kept} of 5000 trials")  # rows still come in before
    page.get_by_role("button", name="p4").click()
    expect(page.locator("th[aria-sort]")).to_contain_text("p4")
    assert time.monotonic() - began < 2.0
