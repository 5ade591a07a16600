"""The report: everything that is known of a study in one HTML file that needs nothing else.

write.py      gathers the parts and writes the file
parts.py      sentences, tables and figures, as data for the template
page/         template, style sheet and script

What is not here: what is said and drawn (the other modules of `analysis`), and the live page.
"""

from tunesmith.analysis.report.write import write_report

__all__ = ["write_report"]
