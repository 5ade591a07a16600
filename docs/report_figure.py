"""The picture of a report in README: `tunesmith demo`, then `python docs/report_figure.py report.html`.

Two pieces of the page side by side, taken by Chromium (Playwright for Python, and Pillow).
"""

import io
import os
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
WIDTH, HEIGHT, SCALE = 1120, 1560, 0.625
OUT = Path(__file__).with_name("report.png")


def piece(page: Page, start: str) -> Image.Image:
    page.evaluate("start => window.scrollTo(0, document.querySelector(start).offsetTop)", start)
    page.wait_for_timeout(1500)
    return Image.open(io.BytesIO(page.screenshot()))


def main() -> None:
    source = Path(sys.argv[1]).resolve()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(source.as_uri())
        page.add_style_tag(content="nav { position: static !important; } html { scroll-behavior: auto; }")
        pieces = [piece(page, "body"), piece(page, "#importance")]
        browser.close()
    whole = Image.new("RGB", (2 * WIDTH + 24, HEIGHT), "#d5dbe1")
    for k, image in enumerate(pieces):
        whole.paste(image, (k * (WIDTH + 24), 0))
    small = whole.resize((round(whole.width * SCALE), round(whole.height * SCALE)), Image.Resampling.LANCZOS)
    small.quantize(160).save(OUT, optimize=True)
    print(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
