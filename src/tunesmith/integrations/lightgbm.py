"""LightGBM: a callback that reports a metric after each round, for `train`, `cv` and `fit`."""

from typing import Any

from tunesmith.integrations.reporting import Reporter
from tunesmith.models.extras import need

lightgbm = need("lightgbm", "a callback of LightGBM")


class report_to:  # noqa: N801 - used as a function
    """Report to a trial after each round, and stop when its scheduler says so.

    Make one by fit: it belongs to the trial.

    Args:
        trial: What the objective gets as its second argument.
        metric: Name of the metric, such as "auc", or with that of the rows, "valid auc"; None for the
            last one.
        every: Rounds from one report to the next.

    Raises:
        ObjectiveError: On the first round: there is no such metric, or the study goes the other way.

    Example:
        >>> import lightgbm, numpy as np, tunesmith as ts
        >>> X = np.random.default_rng(0).normal(size=(200, 3))
        >>> data = lightgbm.Dataset(X, X[:, 0])
        >>> def objective(config, trial):
        ...     booster = lightgbm.train(
        ...         {**config, "verbose": -1}, data, num_boost_round=9, valid_sets=[data],
        ...         callbacks=[report_to(trial, "l2")],
        ...     )
        ...     return booster.best_score["training"]["l2"]
        >>> space = ts.Space(learning_rate=ts.Float(0.01, 0.5, log=True))
        >>> rounds = ts.Fidelity("round", 1, 9)
        >>> study = ts.minimize(objective, space, trials=3, fidelity=rounds, seed=0, progress=False)
        >>> len(study.best.reports)
        9
    """

    def __init__(self, trial: Any, metric: str | None = None, *, every: int = 1) -> None:
        # Behind LightGBM's record (20), and before its early stopping (30), which leaves by an exception on
        # the last round as well. LightGBM looks at the object only, not at its class.
        self.order = 25
        self._reporter = Reporter(trial, metric, "LightGBM", every)

    def __call__(self, env: Any) -> None:
        """Take the metrics of a round."""
        found, directions = {}, {}
        for result in env.evaluation_result_list or ():
            rows, metric, value, is_high_good = tuple(result)[:4]
            # LightGBM below 4 names the metrics of `cv` "cv_agg", "valid auc".
            name = metric if rows == "cv_agg" else f"{rows} {metric}"
            found[name] = value
            directions[name] = "maximize" if is_high_good else "minimize"
        if self._reporter.take(env.iteration + 1, found, directions):
            raise lightgbm.callback.EarlyStopException(env.iteration, env.evaluation_result_list or [])
