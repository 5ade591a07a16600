"""The live page of a store: `tunesmith dashboard tune.db`.

watch.py      studies kept in step with the store, which is opened read-only
data.py       what the page shows, as JSON values: pure functions of a History
insights.py   what is computed: drawings, the model, importance, forecast; kept until a trial changes
analyst.py    a process of its own for those that take long
form.py       a config that a person types, read and checked
steer.py      what a person asks of a study: enqueue, pause, resume, stop, notes; the only code that writes
guard.py      who may call: host, origin, token; and the headers of every answer
api.py        the routes; thin
app.py        all of it as one application, and serving it
static/       the page: HTML, CSS and JavaScript modules, as they are served

What is not here: the numbers and drawings themselves (`tunesmith.analysis`), and the one-file report.
"""
