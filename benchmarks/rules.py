"""Do the rules of thumb help? Library default, suggested default, random search and tunesmith, held out.

    python benchmarks/rules.py --out rules.jsonl                      defaults of all families, 16 data sets
    python benchmarks/rules.py --out rules.jsonl --families lightgbm --search --folds 2
    python benchmarks/rules.py --facts                                   a look at 1,000,000 x 100
    python benchmarks/rules.py --out rules.jsonl --report                tables of what is there, nothing run

Each data set is cut into five folds, anew for each seed. Whatever is compared sees the other four folds only:
the suggested default finds its rounds there by three inner folds, the searches judge each config by the same
three inner folds; then it is fitted on all four and scored on the fifth. So all scores of a fold are paired.

    library       the library as it comes
    stopped       the library's values, rounds found as for the suggested config; families with rounds only
    suggested     the first config of `ts.suggest`
    random N      the lowest of N configs drawn evenly from the suggested ranges, as RandomizedSearchCV does
    tunesmith N   N trials as `tunesmith tune` does them: suggested config, portfolio, search with priors;
                  what is shipped is `study.recommend()`

A line of the output is one fold of one data set and family, by one of these; what is there is not run again.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from datasets import DEVELOPMENT, REGRESSION, TEST, load, part
from verdicts import OUTER, report

import tunesmith as ts
from tunesmith.models.base import Family, get_family
from tunesmith.models.data import Dataset
from tunesmith.models.folds import make_folds
from tunesmith.models.metrics import get_metric
from tunesmith.models.objective import CrossValidation
from tunesmith.models.ruled import suggested
from tunesmith.rules.facts import facts_of

FAMILIES = ("lightgbm", "xgboost", "hist_gradient_boosting", "random_forest", "linear", "knn", "mlp")
DEFAULTS = ("library", "stopped", "suggested")
SEARCHES = ("random 20", "random 60", "tunesmith 20")
WITH_ROUNDS = ("lightgbm", "xgboost", "catboost", "hist_gradient_boosting", "mlp")
INNER = 3


class Fold:
    """One held-out fold: all that is compared learns from `learnt` and is scored on `held`."""

    def __init__(self, dataset: Dataset, family: Family, seed: int, number: int) -> None:
        rows, held = make_folds(dataset, OUTER, seed=seed)[number]
        self.family, self.seed = family, 1000 * seed + number
        self.learnt, self.held = part(dataset, rows), part(dataset, held)
        self.metric = get_metric(None, dataset)
        folds = make_folds(self.learnt, INNER, seed=self.seed)
        self.inner = CrossValidation(self.learnt, family, folds, self.metric, seed=self.seed)

    def score(self, config: ts.space.Config | None) -> float:
        """Loss on the held-out rows of a config, or of the library as it comes."""
        rounds = None if config is None else self.inner.evaluate(config).refit_rounds
        fitted = self.family.fit(
            self.learnt, config, list(range(len(self.learnt))), rounds=rounds, seed=self.seed
        )
        return self.metric.score(self.held.y, fitted.predict(self.held.X))

    def run(self, who: str) -> dict[str, float]:
        """Scores by name; a search that leads through a smaller one gives both."""
        if who == "library":
            return {who: self.score(None)}
        found = suggested(self.family.name, self.learnt, self.family)
        if who == "stopped":  # the portfolio begins with the library's values, where the default differs
            return {who: self.score((*found.portfolio, found.default)[0])}
        if who == "suggested":
            return {who: self.score(found.default)}
        if who.startswith("random"):
            return self._random(found.space, (20, 60) if who == "random 60" else (20,))
        study = ts.Study(found.space, direction=self.metric.direction, seed=self.seed)
        for config in (found.default, *found.portfolio):
            study.enqueue(config)
        for _ in range(int(who.split()[1])):
            trial = study.ask()
            study.tell(trial, self.inner(dict(trial.config)))
        return {who: self.score(study.recommend().config)}

    def _random(self, space: ts.Space, sizes: tuple[int, ...]) -> dict[str, float]:
        study = ts.Study(_flat(space), direction=self.metric.direction, seed=self.seed, method="random")
        made = {}
        for number in range(1, sizes[-1] + 1):
            trial = study.ask()
            study.tell(trial, self.inner(dict(trial.config)))
            if number in sizes:
                made[f"random {number}"] = self.score(study.best.config)
        return made


def _flat(space: ts.Space) -> ts.Space:
    """The same ranges without priors."""
    table = space.to_dict()
    for entry in table["parameters"].values():
        entry.pop("prior", None)
    return ts.Space.from_dict(table)


def main(arguments: list[str] | None = None) -> None:
    options = _options(arguments)
    done = _read(options.out)
    if options.facts:
        print(_time_facts())
        return
    if not options.report:
        whos = (*DEFAULTS, *SEARCHES) if options.search else DEFAULTS
        for name in options.data:
            dataset = load(name)
            for seed in options.seeds:
                for word in options.families:
                    for number in range(options.folds):
                        _one(options, done, dataset, (name, word, seed, number), options.who or whos)
    rows = [r for r in done.values() if r["data"] in options.data and r["family"] in options.families]
    print(report(rows, (*DEFAULTS, *SEARCHES)))


def _one(options: Any, done: dict[Any, Any], dataset: Dataset, place: tuple[Any, ...], whos: Any) -> None:
    name, word, seed, number = place
    missing = [w for w in whos if (*place, w) not in done]
    if "stopped" in missing and word not in WITH_ROUNDS:
        missing.remove("stopped")
    if "random 60" in missing and "random 20" in missing:
        missing.remove("random 20")
    if not missing:
        return
    model = ("ridge" if name in REGRESSION else "logistic") if word == "linear" else word
    fold = Fold(dataset, get_family(model), seed, number)
    for who in missing:
        started = time.process_time()
        for label, loss in fold.run(who).items():
            row = {"data": name, "family": word, "seed": seed, "fold": number, "who": label, "loss": loss}
            row |= {"rows": len(dataset), "columns": dataset.X.shape[1], "task": dataset.task}
            row |= {"seconds": round(time.process_time() - started, 2)}
            done[(*place, label)] = row
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        seconds = time.process_time() - started
        print(f"{name} {word} seed {seed} fold {number}: {who} {loss:.5g}, {seconds:.1f} s", file=sys.stderr)


def _time_facts(rows: int = 1_000_000) -> str:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(rows, 90)).astype(np.float32)).add_prefix("n")
    words = [f"v{i}" for i in range(50)]
    for k in range(10):
        frame[f"c{k}"] = pd.Categorical.from_codes(rng.integers(0, 50, rows), words)
    started = time.process_time()
    facts_of(frame, rng.integers(0, 2, rows), "classification")
    return f"facts of {rows:,} x {frame.shape[1]}: {time.process_time() - started:.2f} s of processor time"


def _read(file: Path) -> dict[Any, Any]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    rows = [json.loads(line) for line in lines]
    return {(r["data"], r["family"], r["seed"], r["fold"], r["who"]): r for r in rows}


def _options(arguments: list[str] | None) -> Any:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("rules.jsonl"))
    parser.add_argument("--families", nargs="+", default=list(FAMILIES))
    parser.add_argument("--data", nargs="+", default=list(TEST))
    parser.add_argument("--development", action="store_true", help="the data sets that rules are mended on")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--folds", type=int, default=OUTER, help="of the five, how many are scored")
    parser.add_argument("--search", action="store_true", help="searches too, not only defaults")
    parser.add_argument("--who", nargs="+", help="only these, such as 'tunesmith 20'")
    parser.add_argument("--facts", action="store_true", help="only: seconds to look at a large table")
    parser.add_argument("--report", action="store_true", help="run nothing")
    options = parser.parse_args(arguments)
    if options.development:
        options.data = list(DEVELOPMENT)
    return options


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main()
