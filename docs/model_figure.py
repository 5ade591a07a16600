"""Draws docs/model.svg, Bayesian search at work in one dimension: `python docs/model_figure.py`.

The validation loss of a network by its learning rate (made up), after three, six and ten
trials: what is known, what the model expects, how sure it is, and which point it asks for next.
Needs matplotlib (`pip install "tunesmith[pictures]"`).
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

import tunesmith as ts
from tunesmith.learning.loss_model import VIEWS, make_model
from tunesmith.learning.observed import Observed
from tunesmith.methods.bayes import Bayes
from tunesmith.methods.judging import make_judge
from tunesmith.seeds import generator

SPACE = ts.Space(lr=ts.Float(1e-5, 1.0, log=True))
SHOWN = (3, 6, 10)
BLUE, ORANGE, GREY, GREEN = "#0072b2", "#d55e00", "#777777", "#009e73"  # told apart by everyone
SEED = 4
WIDTH = 1.96  # standard deviations to each side: 95 %


def loss(lr: float) -> float:
    """A wide valley with a narrower and deeper one beside it."""
    at = np.log10(lr)
    return float(1.3 - 0.45 * np.exp(-(((at + 3.6) / 0.9) ** 2)) - 0.75 * np.exp(-(((at + 1.6) / 0.45) ** 2)))


def draw(study: ts.Study, above: Axes, below: Axes) -> None:
    history = study.history
    seen = Observed(history)
    seen.update(history)
    model = make_model(seen, VIEWS[0])
    assert model is not None
    judge = make_judge(seen, model, generator(study.seed, len(history), "figure"), kappa=None, may_win=None)
    U = np.linspace(0, 1, 201)[:, None]
    Z = seen.encoding.encode(U)
    lr = [config["lr"] for config in seen.encoding.configs(U)]
    mean, variance = model.gp.predict(Z)
    low, middle, high = (model.transform.inverse(mean + k * np.sqrt(variance)) for k in (-WIDTH, 0, WIDTH))
    score = np.exp(judge.score(Z))
    following = study.ask().config["lr"]

    above.plot(lr, [loss(x) for x in lr], "--", color=GREY, lw=1, label="the loss, unknown to the search")
    above.fill_between(lr, low, high, color=BLUE, alpha=0.18, lw=0, label="95 % of what is possible")
    above.plot(lr, middle, color=BLUE, lw=1.6, label="what the model expects")
    known = [(t.config["lr"], t.value) for t in history.trials if t.value is not None]
    above.plot(*zip(*known, strict=True), "o", color="black", ms=5, label="trials")
    below.fill_between(lr, score / score.max(), color=GREEN, alpha=0.5, lw=0, label="expected improvement")
    for axes in (above, below):
        axes.axvline(following, color=ORANGE, lw=1.4, label="next trial")
        axes.set_xscale("log")
        axes.spines[["top", "right"]].set_visible(False)
    above.set_title(f"after {len(known)} trials")
    above.set_ylim(0.1, 1.9)
    below.set_yticks([])
    below.set_xlabel("learning rate")


def main() -> None:
    plt.rcParams.update({"font.size": 9, "svg.hashsalt": "tunesmith", "svg.fonttype": "none"})
    figure, axes = plt.subplots(
        2, 3, figsize=(10, 4.4), sharex=True, sharey="row", height_ratios=(3, 1), layout="constrained"
    )
    for column, trials in enumerate(SHOWN):
        # Looked at plainly and by improvement alone, so that the picture shows what the next ask goes by.
        method = Bayes(without=["views", "bounds"])
        study = ts.Study(SPACE, method=method, seed=SEED)
        study.run(lambda config: loss(config["lr"]), trials=trials, progress=False)
        draw(study, axes[0, column], axes[1, column])
    axes[0, 0].set_ylabel("loss")
    handles = dict(zip(*reversed(axes[0, 0].get_legend_handles_labels()), strict=True))
    handles |= dict(zip(*reversed(axes[1, 0].get_legend_handles_labels()), strict=True))
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(Path(__file__).with_name("model.svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
