"""Importance against the truth, beside Optuna's evaluators: `python benchmarks/importance.py --help`.

Two questions, each with its truth from 2^16 evaluations of the function itself:

main, share  Over the whole space: Sobol indices by the estimators of [Saltelli2010], main effects S and total
             effects T. Optuna's fANOVA estimates S, tunesmith's shares are (S + T) / 2; all sum to 1.
best         How far the values among the best 2 % are from those among the best 20 % [Watanabe2023, equation
             8]. PED-ANOVA estimates it from the trials; its default (best 10 % of all) is listed too.

The error is half the sum of absolute differences of the shares: 0 is right, 1 is all on the wrong parameters.
Trials are from random search, and from a Bayesian search, which looks where it is good.

References:
    [Saltelli2010] A. Saltelli and others, Variance based sensitivity analysis of model output, 2010, table 2.
    [Watanabe2023] S. Watanabe, A. Bansal, F. Hutter, PED-ANOVA, 2023.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import optuna
from functions import network, network_space
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator
from scipy.stats import qmc
from tables import markdown

import tunesmith as ts

POINTS = 2**14  # of each of the designs
BINS, GOOD, BEST = 8, 0.2, 0.02


@dataclass(frozen=True)
class Function:
    """A function with its space."""

    space: ts.Space
    loss: Callable[[dict], float]


def ishigami(c: dict) -> float:
    wave = math.sin(c["x1"])
    return wave + 7.0 * math.sin(c["x2"]) ** 2 + 0.1 * c["x3"] ** 4 * wave


def g_function(c: dict) -> float:
    weights = (0.0, 1.0, 4.5, 9.0, 99.0, 99.0)
    return math.prod((abs(4.0 * c[f"x{k}"] - 2.0) + a) / (1.0 + a) for k, a in enumerate(weights))


FUNCTIONS = {
    "ishigami": Function(ts.Space({f"x{k}": ts.Float(-math.pi, math.pi) for k in (1, 2, 3)}), ishigami),
    "g6": Function(ts.Space({f"x{k}": ts.Float(0.0, 1.0) for k in range(6)}), g_function),
    "network": Function(network_space(), network),
}


# -- the truth ---------------------------------------------------------------------------------------------


def _losses(function: Function, X: np.ndarray) -> np.ndarray:
    parameters = function.space.parameters
    return np.array(
        [
            function.loss({n: p.decode(u) for (n, p), u in zip(parameters.items(), row, strict=True)})
            for row in X.tolist()
        ]
    )


def truth(function: Function) -> dict[str, np.ndarray]:
    """Shares by question: main effects, tunesmith's shares, and among the best."""
    d = len(function.space)
    both = qmc.Sobol(2 * d, rng=0).random(POINTS)
    A, B = both[:, :d], both[:, d:]
    f_A, f_B = _losses(function, A), _losses(function, B)
    variance = np.concatenate([f_A, f_B]).var()
    S, T = np.zeros(d), np.zeros(d)
    for j in range(d):
        mixed = A.copy()
        mixed[:, j] = B[:, j]
        f = _losses(function, mixed)
        S[j] = (f_B * (f - f_A)).mean() / variance
        T[j] = 0.5 * ((f_A - f) ** 2).mean() / variance
    S = np.maximum(S, 0.0)
    X, losses = np.concatenate([A, B]), np.concatenate([f_A, f_B])
    order = np.argsort(losses)
    good, best = X[order[: round(GOOD * len(X))]], X[order[: round(BEST * len(X))]]
    return {
        "main": S / S.sum(),
        "share": (S + T) / (S + T).sum(),
        "best": _normalised(
            [_divergence(function.space[name].size or BINS, good[:, j], best[:, j])
             for j, name in enumerate(function.space.names)]
        ),
    }  # fmt: skip


def _divergence(bins: int, good: np.ndarray, best: np.ndarray) -> float:
    K = bins if bins <= BINS else BINS
    p_0, p = (np.bincount((x * K).astype(int), minlength=K) / len(x) for x in (good, best))
    some = p_0 > 0
    return float(((p - p_0)[some] ** 2 / p_0[some]).sum())


def _normalised(values: list[float]) -> np.ndarray:
    found = np.maximum(np.array(values, dtype=np.float64), 0.0)
    return found / found.sum() if found.sum() > 0 else found


# -- the evaluators ----------------------------------------------------------------------------------------


def as_optuna(study: ts.Study) -> optuna.Study:
    """The same trials as an Optuna study; unconditional spaces."""
    kinds = {}
    for name, p in study.space.parameters.items():
        if isinstance(p, ts.Choice):
            kinds[name] = CategoricalDistribution(p.options)
        elif isinstance(p, ts.Int):
            kinds[name] = IntDistribution(p.low, p.high, log=p.log)
        else:
            kinds[name] = FloatDistribution(p.low, p.high, log=p.log)
    made = optuna.create_study()
    made.add_trials(
        [optuna.create_trial(params=t.config, distributions=kinds, value=t.value) for t in study.trials]
    )
    return made


def evaluators() -> dict[str, Callable[[ts.Study], dict[str, dict[str, float]]]]:
    """Shares by question, of each evaluator, from a study."""

    def ours(study: ts.Study) -> dict[str, dict[str, float]]:
        whole = study.importance()
        return {
            "main": {n: s.main for n, s in whole.items()},
            "share": {n: s.value for n, s in whole.items()},
        }

    def ours_best(study: ts.Study) -> dict[str, dict[str, float]]:
        return {"best": {n: s.value for n, s in study.importance("best").items()}}

    def theirs(evaluator: object, *questions: str) -> Callable[[ts.Study], dict[str, dict[str, float]]]:
        def evaluate(study: ts.Study) -> dict[str, dict[str, float]]:
            found = evaluator.evaluate(as_optuna(study))
            return dict.fromkeys(questions, found)

        return evaluate

    return {
        "tunesmith": ours,
        "optuna fANOVA": theirs(FanovaImportanceEvaluator(seed=0), "main", "share"),
        "optuna PED-ANOVA, default": theirs(PedAnovaImportanceEvaluator(), "main", "share", "best"),
        "tunesmith, best": ours_best,
        "optuna PED-ANOVA, 2 % of 20 %": theirs(
            PedAnovaImportanceEvaluator(target_quantile=BEST, region_quantile=GOOD), "best"
        ),
    }


def search(function: Function, method: str, trials: int, seed: int) -> ts.Study:
    study = ts.Study(function.space, method=method, seed=seed)
    while len(study.history) < trials:
        trial = study.ask()
        study.tell(trial, function.loss(trial.config))
    return study


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--functions", default=",".join(FUNCTIONS), help="names, by commas")
    parser.add_argument("--trials", default="30,100", help="numbers of trials, by commas")
    parser.add_argument("--methods", default="random,bayes", help="how the trials were chosen")
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    errors: dict[tuple[str, str, str, int], list[float]] = {}
    seconds: dict[tuple[str, int], list[float]] = {}
    for name in given.functions.split(","):
        function = FUNCTIONS[name]
        wanted = truth(function)
        print(
            name,
            {k: dict(zip(function.space.names, v.round(3).tolist(), strict=True)) for k, v in wanted.items()},
        )
        for method in given.methods.split(","):
            for trials in map(int, given.trials.split(",")):
                for seed in range(given.seeds):
                    study = search(function, method, trials, seed)
                    for label, evaluate in evaluators().items():
                        begun = time.process_time()
                        found = evaluate(study)
                        seconds.setdefault((label, trials), []).append(time.process_time() - begun)
                        for question, shares in found.items():
                            got = _normalised([shares.get(n, 0.0) for n in function.space.names])
                            error = 0.5 * float(np.abs(got - wanted[question]).sum())
                            errors.setdefault((label, method, question, trials), []).append(error)
    show(errors, seconds)


def show(
    errors: dict[tuple[str, str, str, int], list[float]], seconds: dict[tuple[str, int], list[float]]
) -> None:
    """One table: mean error over functions and seeds with its standard error, and processor seconds."""
    columns = list(dict.fromkeys((m, t) for _, m, _, t in errors))
    rows = []
    for label, question in dict.fromkeys((k[0], k[2]) for k in errors):
        cells = []
        for method, trials in columns:
            values = np.array(errors.get((label, method, question, trials), [np.nan]))
            cells.append(f"{values.mean():.3f} ± {values.std(ddof=1) / math.sqrt(len(values)):.3f}")
        times = [f"{np.mean(seconds[label, t]):.2f}" for t in dict.fromkeys(t for _, t in columns)]
        rows.append([label, question, *cells, " / ".join(times)])
    head = ["evaluator", "truth", *(f"{m}, {t} trials" for m, t in columns), "seconds"]
    print(markdown(head, sorted(rows, key=lambda row: ("main", "share", "best").index(row[1]))))


if __name__ == "__main__":
    main()
