"""The report: everything that is known of a study in one HTML file that needs nothing else.

write.py      gathers the parts and writes the file
parts.py      sentences and tables, as data for the template
drawings.py   the drawings with what they show in words
commands.py   commands to go on and to reproduce
page/         template, style sheet and script

What is not here: what is said and drawn (the other modules of `analysis`), and the live page.
"""

from tunesmith.analysis.report.write import write_report

__all__ = ["write_report"]
