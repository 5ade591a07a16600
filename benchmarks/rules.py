"""Do the rules of thumb help? Library default, suggested default, random search and tunesmith, held out.

    python benchmarks/rules.py --out rules.jsonl --rows 2000                     defaults of all families
    python benchmarks/rules.py --out rules.jsonl --rows 1000 --families lightgbm --search --folds 2
    python benchmarks/rules.py --out parts.jsonl --rows 600 --sets development --parts    what each rule gains
    python benchmarks/rules.py --out rules.jsonl --report              tables of what is there, nothing run
    python benchmarks/rules.py --facts                                 a look at 1,000,000 x 100

For each seed, `--rows` of a data set are drawn and cut into five folds. Whatever is compared sees four of
them only: the suggested default finds its rounds there by three inner folds, the searches judge configs by
the same three inner folds; then it is fitted on all four, and scored on all that is left: the fifth fold, and
up to 5,000 rows of the data set that were not drawn. So all scores of a fold are paired, and on a large data
set they are far more precise than the fifth fold alone would make them. The rows not drawn are the same for
all folds of a seed, so what is clear on one data set is clear for these rows; over data sets, standard errors
are whole.

    library       the library as it comes
    stopped       the library's values, rounds found as for the suggested config; families with rounds only
    suggested     the first config of `ts.suggest`
    NAME=VALUE    the suggested config with this value changed, or several, joined by commas; "library" stands
                  for the library's value
    random N      the lowest of N configs drawn evenly from the suggested ranges, as RandomizedSearchCV does
    tunesmith N   N trials as `tunesmith tune` does them: suggested config, portfolio, search with priors;
                  what is shipped is `study.recommend()`

A line of the output is one fold of one data set and family, by one of these; what is there is not run again.
It says on how many rows it was `scored`. With `--others 0` that is the fifth fold alone.
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
from datasets import SETS, joined, load_cut, part
from verdicts import OUTER, report

import tunesmith as ts
from tunesmith.models.base import Family, get_family
from tunesmith.models.data import Dataset
from tunesmith.models.folds import make_folds
from tunesmith.models.metrics import get_metric
from tunesmith.models.objective import CrossValidation
from tunesmith.models.ruled import suggested
from tunesmith.rules.engine import Suggestion
from tunesmith.rules.facts import facts_of

FAMILIES = ("lightgbm", "xgboost", "catboost", "hist_gradient_boosting", "random_forest", "extra_trees")
FAMILIES += ("linear", "knn", "svm", "mlp")  # linear: logistic or ridge, as the task is
DEFAULTS = ("library", "stopped", "suggested")
SEARCHES = ("random 20", "random 60", "tunesmith 20")
WITH_ROUNDS = ("lightgbm", "xgboost", "catboost", "hist_gradient_boosting", "mlp")
INNER = 3  # folds by which whatever is compared finds its rounds and judges configs


class Fold:
    """One held-out fold: all that is compared learns from `learnt` and is scored on `held`, with `others`."""

    def __init__(self, dataset: Dataset, others: Dataset, family: Family, seed: int, number: int) -> None:
        rows, held = make_folds(dataset, OUTER, seed=seed)[number]
        self.family, self.seed = family, 1000 * seed + number
        self.learnt, self.held = part(dataset, rows), joined(part(dataset, held), others)
        self.metric = get_metric(None, dataset)
        folds = make_folds(self.learnt, INNER, seed=self.seed)
        self.inner = CrossValidation(self.learnt, family, folds, self.metric, seed=self.seed)
        self.found = suggested(family.name, self.learnt, family)

    def score(self, config: ts.space.Config | None) -> float:
        """Loss on the held-out rows of a config, or of the library as it comes."""
        has_rounds = config is not None and self.family.name in WITH_ROUNDS
        rounds = self.inner.evaluate(config).refit_rounds if has_rounds else None
        every = list(range(len(self.learnt)))
        fitted = self.family.fit(self.learnt, config, every, rounds=rounds, seed=self.seed)
        return self.metric.score(self.held.y, fitted.predict(self.held.X))

    def run(self, who: str) -> dict[str, dict[str, float]]:
        """Loss by name, of a search also that on the inner folds; `random 60` leads through `random 20`."""
        if who.startswith("random"):
            return self._random((20, 60) if who == "random 60" else (20,))
        if who.startswith("tunesmith"):
            return {who: self._tunesmith(int(who.split()[1]))}
        return {who: {"loss": self.score(self._config(who))}}

    def _config(self, who: str) -> ts.space.Config | None:
        if who == "library":
            return None
        if who == "stopped":
            return self.found.library
        if who == "suggested":
            return self.found.default
        return _changed(self.found, who)

    def _tunesmith(self, trials: int) -> dict[str, float]:
        study = ts.Study(self.found.space, direction=self.metric.direction, seed=self.seed)
        for config in (self.found.default, *self.found.portfolio):
            study.enqueue(config)
        for _ in range(trials):
            trial = study.ask()
            study.tell(trial, self.inner(dict(trial.config)))
        return {"loss": self.score(study.recommend().config), "inner": study.best.value}

    def _random(self, sizes: tuple[int, ...]) -> dict[str, dict[str, float]]:
        space = _flat(self.found.space)
        study = ts.Study(space, direction=self.metric.direction, seed=self.seed, method="random")
        made = {}
        for number in range(1, sizes[-1] + 1):
            trial = study.ask()
            study.tell(trial, self.inner(dict(trial.config)))
            if number in sizes:
                made[f"random {number}"] = {"loss": self.score(study.best.config), "inner": study.best.value}
        return made


def _changed(found: Suggestion, who: str) -> ts.space.Config:
    config = dict(found.default)
    for pair in who.split(","):
        name, value = pair.split("=")
        config[name] = found.library[name] if value == "library" else json.loads(value)
    return found.space.check(config)


def parts_of(found: Suggestion) -> list[str]:
    """For each parameter whose suggested value is not the library's: the config with the library's."""
    return [f"{name}=library" for name, value in found.default.items() if found.library[name] != value]


def _flat(space: ts.Space) -> ts.Space:
    """The same ranges without priors."""
    table = space.to_dict()
    for entry in table["parameters"].values():
        entry.pop("prior", None)
    return ts.Space.from_dict(table)


def main(arguments: list[str] | None = None) -> None:
    """Run what is asked for and not there yet, and print the tables."""
    options = _options(arguments)
    if options.facts:
        print(_time_facts())
        return
    done = _read(options.out)
    if not options.report:
        for name in options.data:
            for seed in options.seeds:
                cut = load_cut(name, options.rows, options.others, seed)
                for word in options.families:
                    for number in range(options.folds):
                        _one(options, done, *cut, (name, word, seed, number))
    rows = [r for r in done.values() if r["data"] in options.data and r["family"] in options.families]
    rows = [r for r in rows if r["scored"] >= options.scored]
    print(report(rows, (*DEFAULTS, *SEARCHES)))


def _one(
    options: Any, done: dict[Any, Any], dataset: Dataset, others: Dataset, place: tuple[Any, ...]
) -> None:
    name, word, seed, number = place
    whos = list(options.who or (DEFAULTS + SEARCHES if options.search else DEFAULTS))
    if "stopped" in whos and word not in WITH_ROUNDS:
        whos.remove("stopped")
    if "random 60" in whos and "random 20" in whos:
        whos.remove("random 20")
    model = word if word != "linear" else "ridge" if dataset.task == "regression" else "logistic"
    if options.parts:
        whos += parts_of(suggested(model, dataset))
    missing = [w for w in whos if (*place, w) not in done]
    if not missing:
        return
    fold = Fold(dataset, others, get_family(model), seed, number)
    if len(fold.held) < options.scored:
        return
    for who in missing:
        started = time.process_time()
        for label, scores in fold.run(who).items():
            row = {"data": name, "family": word, "seed": seed, "fold": number, "who": label, **scores}
            row |= {"rows": len(dataset), "columns": dataset.X.shape[1], "task": dataset.task}
            row |= {"scored": len(fold.held), "seconds": round(time.process_time() - started, 2)}
            done[(*place, label)] = row
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        seconds = time.process_time() - started
        print(f"{name} {word} {seed}.{number}: {who} {scores['loss']:.5g}, {seconds:.1f} s", file=sys.stderr)


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
    if not all("scored" in r for r in rows):
        raise SystemExit(f"{file}: older lines, scored on the fifth fold alone; choose another --out")
    return {(r["data"], r["family"], r["seed"], r["fold"], r["who"]): r for r in rows}


def _options(arguments: list[str] | None) -> Any:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--out", type=Path, default=Path("rules.jsonl"), help="one file for one --rows and --others"
    )
    parser.add_argument("--families", nargs="+", default=list(FAMILIES))
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=["seen", "blind"])
    parser.add_argument("--data", nargs="+", help="single data sets, instead of --sets")
    parser.add_argument("--rows", type=int, default=100_000, help="of a larger data set, so many at random")
    parser.add_argument("--others", type=int, default=5_000, help="rows not drawn that are scored, at most")
    parser.add_argument("--scored", type=int, default=0, help="only data sets with so many rows to score")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], help="each draws rows and folds anew")
    parser.add_argument("--folds", type=int, default=OUTER, help="of the five, how many are scored")
    parser.add_argument("--search", action="store_true", help="searches too, not only defaults")
    parser.add_argument("--parts", action="store_true", help="each value of the library put back, one by one")
    parser.add_argument("--who", nargs="+", help="only these, such as 'tunesmith 20' or max_depth=3")
    parser.add_argument("--facts", action="store_true", help="only: seconds to look at a large table")
    parser.add_argument("--report", action="store_true", help="run nothing")
    options = parser.parse_args(arguments)
    options.data = options.data or [name for word in options.sets for name in SETS[word]]
    return options


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main()
