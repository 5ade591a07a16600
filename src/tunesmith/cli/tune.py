"""tune and demo: tune a model family on a data set, refit, save. What is said in the end is `outcome.py`."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tunesmith.cli.common import (
    DEFAULT_STORE,
    DataArgument,
    DropOption,
    JsonOption,
    MethodOption,
    SeedOption,
    StoreOption,
    TargetOption,
    TaskOption,
    TimeOption,
    TrialMemoryOption,
    TrialsOption,
    TrialTimeOption,
    WorkersOption,
    check_limits,
    exit_if_interrupted,
    print_json,
    say,
    waiting,
)
from tunesmith.cli.insights import write_report
from tunesmith.cli.outcome import Outcome, as_json, in_words
from tunesmith.errors import OptionError, message
from tunesmith.execution.limits import usable_cores
from tunesmith.fidelity import Fidelity
from tunesmith.paths import LONGEST_NAME, check_writable
from tunesmith.schedulers.racing import LEAST
from tunesmith.space import Config
from tunesmith.study.opening import NAME_LENGTH
from tunesmith.study.study import Study
from tunesmith.wording import counted

if TYPE_CHECKING:
    from tunesmith.models.base import Family
    from tunesmith.models.data import Dataset
    from tunesmith.models.metrics import Metric
    from tunesmith.models.objective import FoldScores
    from tunesmith.rules.engine import Suggestion

DEFAULT_TRIALS = 50
DEMO_TRIALS = 100
DEMO_REPORT = Path("report.html")
CELLS_WORTH_THREADS = 500_000  # of the table
SHORT_PART = 25  # characters of the data's, target's and model's names where all are too long for a name

ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        help="Model family: lightgbm, xgboost, catboost, hist_gradient_boosting, random_forest, extra_trees, "
        "logistic, ridge, svm, knn, mlp, or one of another package.",
    ),
]
MetricOption = Annotated[
    str | None, typer.Option("--metric", help="What to optimise; by default log_loss or rmse.")
]
FoldsOption = Annotated[int, typer.Option("--folds", min=2, help="Folds of the cross-validation.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", "-o", help="Folder for the refitted model; by default STUDY-model.")
]
ReportOption = Annotated[
    Path | None, typer.Option("--report", help="File for the report: everything known, in one HTML page.")
]
StudyNameOption = Annotated[
    str | None, typer.Option("--study", "-n", help="Name of the study; by default made from data and model.")
]


@dataclass(frozen=True)
class _Task:
    """What is tuned, whichever command asked for it."""

    dataset: "Dataset"
    file: Path | None  # None for the demo's data, which comes with scikit-learn
    reading: Mapping[str, Any]  # how the file was read: task, drop, groups
    model: str
    metric: str | None
    folds: int
    seed: int | None
    store: str
    study: str
    method: str
    trials: int | None
    time: str | None
    workers: int | None
    trial_time: str | None
    trial_memory: str | None
    out: Path | None
    report: Path | None
    as_json: bool

    @property
    def source(self) -> str:
        """Name of the data in the study's info, the same from any folder."""
        return "demo" if self.file is None else self.file.name


def demo(
    trials: TrialsOption = DEMO_TRIALS,
    time: TimeOption = None,
    workers: WorkersOption = None,
    method: MethodOption = "auto",
    store: StoreOption = DEFAULT_STORE,
    report: ReportOption = DEMO_REPORT,
    as_json: JsonOption = False,
) -> None:
    """Tune LightGBM on a real data set: kill it, run it again, and it goes on where it was."""
    from tunesmith.models.demo import DESCRIPTION, load_demo

    check_limits(time, None, None)
    say(DESCRIPTION)
    _tune(
        _Task(
            dataset=load_demo(),
            file=None,
            reading={},
            model="lightgbm",
            metric=None,
            folds=5,
            seed=0,
            store=store,
            study="demo",
            method=method,
            trials=trials,
            time=time,
            workers=workers,
            trial_time=None,
            trial_memory=None,
            out=None,
            report=report,
            as_json=as_json,
        )
    )


def tune(
    data: DataArgument,
    target: TargetOption,
    model: ModelOption = "lightgbm",
    trials: TrialsOption = None,
    time: TimeOption = None,
    workers: WorkersOption = None,
    metric: MetricOption = None,
    store: StoreOption = DEFAULT_STORE,
    study: StudyNameOption = None,
    method: MethodOption = "auto",
    seed: SeedOption = None,
    folds: FoldsOption = 5,
    task: TaskOption = None,
    drop: DropOption = None,
    groups: Annotated[
        str | None, typer.Option("--groups", help="Column of groups that are never split over folds.")
    ] = None,
    trial_time: TrialTimeOption = None,
    trial_memory: TrialMemoryOption = None,
    out: OutOption = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tune a model on a table: cross-validate, search, refit, save, and say what was gained.

    The search starts from the config that rules of thumb suggest, and searches the space that they suggest.
    A config that will hardly beat the best one after some folds is not run on the others.

    With neither --trials nor --time, 50 trials are run. Running the same command again goes on where it
    stopped; a larger --trials or --time searches further.
    """
    from tunesmith.models.base import get_family
    from tunesmith.models.data import prepare
    from tunesmith.models.tables import read_table

    check_limits(time, trial_time, trial_memory)
    name = get_family(model).name  # a misspelt name is said before a large file is read
    dataset = prepare(read_table(data), target, task, drop=drop or (), groups=groups)
    if trials is None and time is None:
        trials = DEFAULT_TRIALS
    _tune(
        _Task(
            dataset=dataset,
            file=data,
            reading={"task": dataset.task, "drop": drop or [], "groups": groups},
            model=name,
            metric=metric,
            folds=folds,
            seed=seed,
            store=store,
            study=_study_name(data.stem, target, name) if study is None else study,
            method=method,
            trials=trials,
            time=time,
            workers=workers,
            trial_time=trial_time,
            trial_memory=trial_memory,
            out=out,
            report=report,
            as_json=as_json,
        )
    )


def _tune(task: _Task) -> None:
    from tunesmith.analysis.report.write import ENDINGS
    from tunesmith.models.base import check_rows, get_family
    from tunesmith.models.fingerprint import fingerprint
    from tunesmith.models.folds import make_folds
    from tunesmith.models.metrics import get_metric
    from tunesmith.models.ruled import suggested

    out = task.out or Path(f"{_safe(task.study)}-model")
    check_writable("a model", out, is_folder=True)
    if task.report is not None:
        check_writable("a report", task.report, endings=ENDINGS)
    family, metric = get_family(task.model), get_metric(task.metric, task.dataset)
    say(*(f"{line}." for line in (task.dataset.describe(), *task.dataset.notes)))
    check_rows(family, task.dataset)
    found = suggested(family.name, task.dataset, family)
    make_folds(task.dataset, task.folds)  # too few rows are said before a study with so many folds is there
    study = Study(
        found.space,
        direction=metric.direction,
        method=task.method,
        store=task.store,
        name=task.study,
        seed=task.seed,
        **_race(task.folds),
        info={
            "data": task.source,
            "target": task.dataset.target,
            "model": task.model,
            "metric": metric.name,
            "folds": task.folds,
            **task.reading,
            # Last, so that where a study is not this one the option that makes the difference is named.
            "rows": len(task.dataset),
            "columns": task.dataset.X.shape[1],
            **({} if task.file is None else {"table": f"fingerprint {fingerprint(task.dataset)}"}),
        },
    )
    workers = task.workers or usable_cores()
    objective = _objective(task, family, metric, study.seed, workers)
    if not len(study.history):
        say(*_start(found, task))
    others = (r.why.removesuffix(".") for r in found.reasons if not r.parameter)
    study.enqueue(found.default, "where rules of thumb start")
    for config, why in zip(found.portfolio, others, strict=True):
        study.enqueue(config, why)
    study.run(
        objective,
        trials=task.trials,
        time=task.time,
        workers=workers,
        trial_time=task.trial_time,
        trial_memory=task.trial_memory,
    )
    exit_if_interrupted(study)
    _finish(task, study, family, metric, objective, found.default, out)


def _race(folds: int) -> dict[str, Any]:
    """Fidelity and scheduler: a config that will hardly win any more is not run on further folds."""
    if folds <= LEAST:  # nothing could be left out
        return {}
    return {"fidelity": Fidelity("fold", 1, folds, resumable=False), "scheduler": "racing"}


def _start(found: "Suggestion", task: _Task) -> list[str]:
    """What rules of thumb made of the data: lines to read while the first trial runs."""
    more = counted(len(found.portfolio), "other promising config")
    lines = [f"Starts from what rules of thumb suggest, then {more}."]
    lines += [
        f"  {r.parameter}: {r.says}, since {r.because}" for r in found.reasons if r.parameter and r.because
    ]
    if task.file is None:
        return lines
    from tunesmith.analysis.origin import on_table

    reading = task.reading
    left_out = [*reading["drop"], *([reading["groups"]] if reading["groups"] else [])]
    options = {"target": task.dataset.target, "model": task.model, "task": reading["task"], "drop": left_out}
    command = on_table("suggest", str(task.file), options)
    return [*lines, f"  All reasons, with their sources: {command} --explain"]


def _objective(task: _Task, family: "Family", metric: "Metric", seed: int, workers: int) -> Any:
    from tunesmith.models.folds import make_folds
    from tunesmith.models.objective import CrossValidation

    # Folds, models and their threads depend on nothing that a second run could change, but for the cores.
    folds = make_folds(task.dataset, task.folds, seed=seed % 2**31)
    threads = max(1, _threads(task.dataset) // workers)
    return CrossValidation(task.dataset, family, folds, metric, seed=seed % 2**31, threads=threads)


def _threads(dataset: "Dataset") -> int:
    # On small tables threads spend more time waiting for each other than they save.
    return usable_cores() if dataset.X.size >= CELLS_WORTH_THREADS else 1


def _finish(
    task: _Task,
    study: Study,
    family: "Family",
    metric: "Metric",
    objective: Any,
    suggested: Config,
    folder: Path,
) -> None:
    from tunesmith.models.tuned import compare, refit

    shipped = study.recommend()
    scores: FoldScores = objective.evaluate(shipped.config)
    with waiting("Comparing with the library's defaults on fresh folds, and refitting on all rows ..."):
        gain = compare(
            task.dataset,
            family,
            shipped.config,
            metric,
            k=task.folds,
            seed=objective.seed,
            threads=_threads(task.dataset),
        )
        model = refit(
            task.dataset,
            family,
            shipped.config,
            scores=scores,
            seed=objective.seed,
            threads=_threads(task.dataset),
            facts={"metric": metric.name, "study": study.name, "trial": shipped.number},
        )
    try:
        model.save(folder)
    except OSError as error:
        raise OptionError(
            message(
                f"cannot write the model to {str(folder)!r}: {error.strerror}", fix="Choose another --out."
            )
        ) from error
    outcome = Outcome(study, task.model, suggested, shipped, scores, gain, folder, model.rounds)
    if not task.as_json:
        print(in_words(outcome))
    written = write_report(study, task.report)
    if task.as_json:
        print_json(as_json(outcome) | {"report": written})
    elif written is not None:
        print(f"Report: {written} (open it in a browser)")


def _study_name(*parts: str) -> str:
    """Name of a study that was given none: of data, target and model, shortened where it is too long."""
    name = "-".join(parts)
    if len(name) <= NAME_LENGTH and len(os.fsencode(_safe(name))) <= LONGEST_NAME - len("-model"):
        return name
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return "-".join([*(part[:SHORT_PART] for part in parts), mark])


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
