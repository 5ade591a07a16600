"""A study in a few lines of HTML, for notebooks: facts and the best trials. It needs nothing but the standard library."""

import html

from tunesmith import wording
from tunesmith.analysis.identity import Identity
from tunesmith.history import History
from tunesmith.trial import State

SHOWN = 5


def summary_html(history: History, identity: Identity) -> str:
    """The summary; every text is escaped.

    Example:
        >>> from tunesmith.space import Float, Space
        >>> "&lt;b&gt;" in summary_html(History(Space(x=Float(0, 1))), Identity("<b>"))
        True
    """
    counts = ", ".join(f"{n} {state.value}" for state, n in history.states.items() if n) or "no trials yet"
    head = f"Study <b>{html.escape(identity.name)}</b>: {history.direction}, {html.escape(counts)}"
    rows = history.numbers(State.COMPLETE)
    order = rows[history.loss[rows].argsort(kind="stable")][:SHOWN].tolist()
    if not order:
        return f"<p>{head}</p>"
    body = "".join(
        f"<tr><td>{n}</td><td>{wording.number(history[n].value)}</td>"
        f"<td style='text-align:left'>{html.escape(wording.config(history.space, history[n].config))}</td></tr>"
        for n in order
    )
    columns = "<tr><th>trial</th><th>value</th><th style='text-align:left'>config</th></tr>"
    return f"<p>{head}</p><table><caption>Best trials</caption><thead>{columns}</thead><tbody>{body}</tbody></table>"
