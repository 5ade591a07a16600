"""Drawings of a study: plain data for Plotly (`data` and `layout`), made without importing it.

style.py       colours, symbols, escaping, axes
progress.py    history, learning curves, timeline
parameters.py  importance, effects, parallel coordinates
model.py       what the model believes along one parameter, and over two
library.py     the script that draws them

Nothing here computes: what is drawn comes from the other modules of `analysis`. Every text of the user's is
escaped, since Plotly reads some HTML. Large studies are thinned, which the figure's title says.

What is not here: figures as Plotly objects for notebooks (`analysis.plot`), and the report.
"""
