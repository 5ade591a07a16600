"""Draws docs/brackets.svg, learning curves of real runs by fate: `python docs/brackets_figure.py`, a minute.

Small networks of scikit-learn are trained on its digits. Drawn is each trial as far as it was trained: by
Hyperband, one picture for each of its brackets, by ASHA and by curves. Needs matplotlib and
scikit-learn (`pip install "tunesmith[docs,models]"`).
"""

from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import tunesmith as ts
from tunesmith.schedulers.rungs import brackets, rungs

EPOCHS, ETA, SEED = 27, 3, 0
DIVERGED = 2 * np.log(10)  # twice the loss of a blind guess
LOW, HIGH = 0.08, 6.0  # losses that are shown
# Told apart by everyone; the last are drawn above the others.
COLOURS = {
    ts.State.COMPLETE: "#0072b2",
    ts.State.PAUSED: "#999999",
    ts.State.STOPPED: "#d55e00",
    ts.State.FAILED: "#000000",
}
FATES = {
    ts.State.COMPLETE: "complete",
    ts.State.PAUSED: "paused at a rung",
    ts.State.STOPPED: "stopped",
    ts.State.FAILED: "failed: the training diverged",
}
SPACE = ts.Space(
    learning_rate_init=ts.Float(1e-4, 10.0, log=True, default=1e-3),
    width=ts.Int(8, 64, log=True, default=16),
    alpha=ts.Float(1e-5, 1.0, log=True, default=1e-4),
    solver=ts.Choice(["adam", "sgd"]),
)
X, X_valid, y, y_valid = train_test_split(*load_digits(return_X_y=True), train_size=800, random_state=SEED)


def run(scheduler: str, trials: int) -> tuple[ts.Trial, ...]:
    """Trials of a study with random configs."""
    models: dict[int, Any] = {}  # in place of checkpoints, as all are trained in this process

    def train(config: dict[str, Any], trial: Any) -> float:
        settings = {k: v for k, v in config.items() if k != "width"}
        made = MLPClassifier(
            hidden_layer_sizes=(config["width"],), batch_size=64, random_state=SEED, **settings
        )
        model, loss = models.setdefault(trial.number, made), float("nan")
        for _ in trial.steps():
            model.partial_fit(X / 16, y, classes=np.arange(10))
            loss = log_loss(y_valid, model.predict_proba(X_valid / 16), labels=np.arange(10))
            if loss > DIVERGED:
                raise ArithmeticError("the training diverged")
            trial.report(loss)
        return loss

    fidelity = ts.Fidelity("epoch", 1, EPOCHS, resumable=True)
    study = ts.Study(SPACE, method="random", scheduler=scheduler, fidelity=fidelity, seed=SEED)
    return study.run(train, trials=trials, progress=False).trials


def draw(axes: Axes, trials: tuple[ts.Trial, ...], title: str) -> None:
    """One line a trial, a mark at its last step."""
    for state, colour in COLOURS.items():
        for trial in trials:
            if trial.state is not state:
                continue
            steps, losses = [r.step for r in trial.reports], [r.value for r in trial.reports]
            if state is ts.State.FAILED:  # in the step after its last report
                steps, losses = [*steps, len(steps) + 1], [*losses, HIGH]
            mark = "x" if state is ts.State.FAILED else "o"
            axes.plot(steps, losses, color=colour, lw=0.9, alpha=0.8)
            axes.plot(steps[-1], losses[-1], mark, color=colour, ms=4 if mark == "x" else 2.5)
    axes.set_title(title, fontsize=9)
    axes.set_yscale("log")
    axes.set_xscale("log")
    axes.set_ylim(LOW * 0.9, HIGH * 1.15)
    axes.set_xticks(rungs(1, EPOCHS, ETA), [str(step) for step in rungs(1, EPOCHS, ETA)])
    axes.set_xticks([], minor=True)
    axes.set_yticks([0.1, 1.0], ["0.1", "1"])
    axes.grid(axis="x", color="#dddddd", lw=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def main() -> None:
    plt.rcParams.update({"font.size": 9, "svg.hashsalt": "tunesmith", "svg.fonttype": "none"})
    figure, panels = plt.subplots(2, 3, figsize=(10, 5.6), sharex=True, sharey=True, layout="constrained")
    steps = rungs(1, EPOCHS, ETA)
    sizes = [bracket.sizes for bracket in brackets(len(steps), ETA)]
    total = sum(size[0] for size in sizes)
    trials = run("hyperband", total)
    # Trials join the brackets in the order of their numbers.
    bounds = pairwise(accumulate((size[0] for size in sizes), initial=0))
    for place, (size, (first, last)) in enumerate(zip(sizes, bounds, strict=True)):
        kept = ", ".join(map(str, size))
        draw(panels.flat[place], trials[first:last], f"hyperband, bracket {place + 1}: {kept} trials")
    for place, name in enumerate(("asha", "curves"), start=4):
        draw(panels.flat[place], run(name, total), f"{name}: {total} trials")
    for axes in panels[1]:
        axes.set_xlabel("epoch")
    for axes in panels[:, 0]:
        axes.set_ylabel("validation loss")
    handles = [Line2D([], [], color=COLOURS[s], marker="x" if s == "failed" else "o", ms=4) for s in FATES]
    figure.legend(handles, FATES.values(), loc="outside lower center", ncols=4, frameon=False)
    figure.savefig(Path(__file__).with_name("brackets.svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
