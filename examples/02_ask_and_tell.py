"""Run trials yourself: ask for configs, tell results, add what you knew before.

python examples/02_ask_and_tell.py
"""

import tunesmith as ts

space = ts.Space(x=ts.Float(-5, 10), y=ts.Float(0, 15))
study = ts.Study(space, seed=0)
study.add({"x": 0.0, "y": 5.0}, 20.0)  # a result known from elsewhere
study.enqueue({"x": 3.0, "y": 2.0})  # a hunch, to be tried first

for _ in range(10):
    for trial in study.ask(4):  # four at a time, useful together
        x, y = trial.config["x"], trial.config["y"]
        study.tell(trial, (y - 0.129 * x**2 + 1.6 * x - 6) ** 2 + 10)

print(f"{study.best.value:.3f} at {study.best.config}, after {len(study.trials)} trials")
