"""A study in a few lines of HTML, for notebooks; it needs the standard library only."""

import html

from tunesmith import wording
from tunesmith.analysis.identity import Identity
from tunesmith.history import History
from tunesmith.threads import one_thread

SHOWN = 5
LEFT = " style='text-align:left'"


@one_thread()
def summary_html(history: History, identity: Identity) -> str:
    """The summary; every text is escaped.

    Example:
        >>> from tunesmith.space import Float, Space
        >>> "&lt;b&gt;" in summary_html(History(Space(x=Float(0, 1))), Identity("<b>"))
        True
    """
    counts = wording.by_state(history.states) or "no trials yet"
    head = f"<p>Study <b>{html.escape(identity.name)}</b>: {history.direction}, {html.escape(counts)}</p>"
    order = history.ranked()[:SHOWN]
    if not order:
        return head
    body = "".join(_row(history, number) for number in order)
    columns = f"<tr><th>trial</th><th>value</th><th{LEFT}>config</th></tr>"
    caption = "<caption>Best trials</caption>"
    return f"{head}<table>{caption}<thead>{columns}</thead><tbody>{body}</tbody></table>"


def _row(history: History, number: int) -> str:
    trial = history[number]
    config = html.escape(wording.config(history.space, trial.config))
    return f"<tr><td>{number}</td><td>{wording.number(trial.value)}</td><td{LEFT}>{config}</td></tr>"
