"""The picture of the demo in README: `tunesmith demo 2>&1 | python docs/demo_figure.py`, in an empty folder.

What it prints where there is no terminal, as it is; on a terminal a live display takes the place of the lines
in the middle.
"""

import io
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 110
OUT = Path(__file__).with_name("demo.svg")


def main() -> None:
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ make demo", style="bold green"))
    for line in sys.stdin:
        console.print(Text(line.rstrip("\n"), style="bold" if line.startswith(("Best", "  gain")) else ""))
    console.save_svg(str(OUT), title="tunesmith demo")
    print(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
