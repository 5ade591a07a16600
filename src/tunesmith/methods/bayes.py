"""Bayesian search: a model of the loss says where a better value is probable, and that is tried next.

The first trials are spread (`first_points`). Then, for every ask: model the loss (`loss_model`), make
candidates (`candidates`), score them (`judging`), improve the best ones by gradient and single changes
(`tunesmith.acquisition`), and take the best that is new and meets the constraints. Small finite spaces are
scored as a whole.

What is not here: which config to ship in the end, `Study.recommend`.
"""

# ruff: noqa: N803, N806 - symbols of the notation in `encoding`

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tunesmith.acquisition.maximize import count_changes, pick_starts, polish, sweep
from tunesmith.errors import OptionError, did_you_mean, message, not_one_of
from tunesmith.history import History
from tunesmith.learning.both_scales import BothScales
from tunesmith.learning.caching import PerHistory
from tunesmith.learning.curve_model import CurveModel, make_curve_model
from tunesmith.learning.failures import learn_failures
from tunesmith.learning.loss_model import VIEWS, LossModel, make_model
from tunesmith.learning.observed import Observed, Status
from tunesmith.learning.scales import Bools, Floats
from tunesmith.methods.base import Outcome, Proposal
from tunesmith.methods.branches import Branch, draw_branch
from tunesmith.methods.candidates import Candidates, draw_positions, meets_constraints
from tunesmith.methods.first_points import first_count, first_proposal
from tunesmith.methods.foothold import look_for_foothold
from tunesmith.methods.judging import Judge, make_curve_judge, make_judge
from tunesmith.methods.random import size_in_words
from tunesmith.methods.untried import untried_config, used_up
from tunesmith.methods.usual import Usual, usual_values
from tunesmith.seeds import generator
from tunesmith.space import Config, Space
from tunesmith.threads import one_thread

LISTED = 2000  # configs of a finite space up to which all are scored
STARTS = 8  # candidates that are improved
ROUNDS = 2  # of gradient and single changes
MOST_CHANGES = 1500  # that are scored at once; with more, fewer candidates get them
AROUND = 60  # small moves from the improved ones
AROUND_STEP = 0.05
GRAFTS = 300  # candidates for a look at another branch that keeps what the best configs share with it
CONFIDENT = 0.2  # share of asks by confidence bound, so that the search does not settle down
KAPPA = (1.0, 2.5)
NINETY = 1.2816  # standard deviations to the quantile of 90 %
SCATTERED = 4  # draws of which the most remote is taken where there is no model; of many it would be a corner
LOG_SETTLED = math.log(0.001)  # of the standard deviations of the losses below which an ask gains nothing
DOUBT = 0.5  # share of the asks that then look far away
DOUBTED = 16  # draws of which the most remote is then taken
DOUBTFUL = "far from all others, as the model expects no more near the best"


PARTS: Mapping[str, str] = {
    "middle": "the defaults, what is usual, or the middle of the space, come first",
    "names": "parameters without default start from the value that is usual for their name",
    "spread": "the first points are spread evenly, not drawn at random",
    "views": "losses are looked at bent and as they are, in turn",
    "effects": "the model has a main effect for every parameter",
    "outliers": "results that are far worse than all others say are taken for chance",
    "noise": "improvement is on what the best config is thought to be worth, not on its result",
    "bounds": "a share of asks is by confidence bound",
    "polish": "candidates are improved by gradient",
    "changes": "candidates are improved by single changes of discrete parameters",
    "ends": "moves visit the ends of ranges",
    "branches": "now and then only configs of another branch than that of the best one are looked at",
    "scales": "linear ranges over decades are looked at on a log scale, too",
    "failures": "regions that fail are learnt and avoided",
    "doubt": "where the model expects next to nothing any more, half of the asks look where it knows least",
}

ACQUISITIONS = ("auto", "improvement", "bound", "thompson")


class Bayes:
    """Learns from the trials so far where to look next.

    Args:
        without: Parts that are switched off, words from `PARTS`; for measuring what each is worth.
        acquisition: What says where to look: "improvement" that is expected, the "bound" of what is possible,
            "thompson" for the lowest point of a function drawn from the model, or "auto", improvement and
            now and then a bound. Where there is a fidelity it is improvement.

    Raises:
        OptionError: A part or an acquisition is unknown.

    Example:
        >>> from tunesmith.space import Float
        >>> space = Space(x=Float(0, 1))
        >>> Bayes().propose(History(space), 0, seed=0).config
        {'x': 0.5}
    """

    name = "bayes"

    def __init__(self, without: Sequence[str] = (), acquisition: str = "auto") -> None:
        if acquisition not in ACQUISITIONS:
            raise OptionError(not_one_of("method 'bayes': acquisition is unknown", acquisition, ACQUISITIONS))
        for part in [without] if isinstance(without, str) else without:
            if part not in PARTS:
                raise OptionError(
                    message(
                        "method 'bayes': without names no part of it",
                        allowed="a list of " + ", ".join(PARTS),
                        given=repr(part),
                        fix=did_you_mean(part, PARTS),
                    )
                )
        self.without = frozenset([without] if isinstance(without, str) else without)
        self.acquisition = acquisition
        self._scales: PerHistory[BothScales] = PerHistory()

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments that make the same method again."""
        given: dict[str, Any] = {"without": sorted(self.without)} if self.without else {}
        return given if self.acquisition == "auto" else {**given, "acquisition": self.acquisition}

    def plan(self, space: Space) -> str | None:
        """Say how many configs a finite space has, and what the names of its parameters are taken for."""
        usual = Usual() if self.without & {"middle", "names"} else usual_values(space)
        start = f"Starts from what is usual for {' and '.join(usual.titles)}, known by names: "
        start += f"{', '.join(usual.values)}. A parameter with a default starts there instead."
        return "\n".join(filter(None, [start if usual.values else "", size_in_words(space)])) or None

    @one_thread()
    def propose(self, history: History, number: int, seed: int) -> Outcome:
        """Propose the config of trial `number`, see `Method`."""
        scales = self._scales.get(history, lambda: BothScales(history))
        scales.update(history)
        is_declared = "scales" in self.without
        seen = scales.declared if is_declared else scales.draw(generator(seed, number, "scales"))
        if seen.tried < first_count(seen.encoding):
            first = first_proposal(history, seen.encoding, seed, self.without)
            if first is not None:
                return first
        rng = generator(seed, number, "bayes")
        proposal = _Ask(history, seen, rng, self.without, self.acquisition).propose()
        if proposal is not None:
            return proposal
        left = untried_config(history, rng)
        if left is not None:
            return Proposal(left, "drawn at random among the configs that are left")
        return used_up(history, rng)


class _Ask:
    """One ask: everything that is known, and a generator."""

    def __init__(
        self,
        history: History,
        seen: Observed,
        rng: np.random.Generator,
        without: frozenset[str],
        acquisition: str,
    ) -> None:
        self.history, self.seen, self.rng = history, seen, rng
        self.without, self.acquisition = without, acquisition
        self.space, self.encoding = history.space, seen.encoding
        self.branch: Branch | None = None
        """The branch that this ask looks at; None for all."""
        self.is_graft = False
        """Whether it keeps what the best configs share with that branch."""

    def propose(self) -> Proposal | None:
        """The best new candidate; None when no candidate is new."""
        listed = self._listed()
        if listed is not None and not len(listed):
            return None
        learnt = self._learn_losses() if self.history.fidelity is None else self._learn_curves()
        if learnt is None:
            return self._without_model(listed)
        model, judge = learnt
        U = self._search(judge, model) if listed is None else listed
        Z = self.encoding.encode(U)
        base = judge.base(Z)
        score = judge.judged(base, Z)
        allowed = score > -np.inf
        is_settled = judge.settles and bool(allowed.any() and (base[allowed] < LOG_SETTLED).all())
        if is_settled and self.branch is None and "doubt" not in self.without and self.rng.random() < DOUBT:
            doubtful = self._far_away(listed, DOUBTED, DOUBTFUL)
            if doubtful is not None:
                return doubtful
        if judge.failing is not None and not allowed.any():
            score = judge.bolder().judged(base, Z)
            if not (score > -np.inf).any():
                score = judge.failing.log_success(Z)[0]
        return self._first_new(U[np.argsort(-score, kind="stable")], None, model)

    def _learn_losses(self) -> tuple[LossModel, Judge] | None:
        view = VIEWS[0 if "views" in self.without else int(self.rng.integers(len(VIEWS)))]
        view = view._replace(linear="effects" not in self.without, outliers="outliers" not in self.without)
        by_bound = self.rng.random() < CONFIDENT and "bounds" not in self.without
        if self.acquisition != "auto":
            by_bound = self.acquisition == "bound"
        kappa = float(self.rng.uniform(*KAPPA)) if by_bound else None
        model = make_model(self.seen, view)
        if model is None:
            return None
        may_win = (lambda number: self._is_allowed(number)) if self.space.constraints else None
        return model, make_judge(
            self.seen,
            model,
            self.rng,
            kappa=kappa,
            is_drawn=self.acquisition == "thompson",
            may_win=may_win,
            without=self.without,
        )

    def _learn_curves(self) -> tuple[CurveModel, Judge] | None:
        model = make_curve_model(self.history)
        if model is None:
            return None
        return model, make_curve_judge(self.history, self.seen, model, without=self.without)

    def _is_allowed(self, number: int) -> bool:
        return self.space.is_allowed(self.history[number].config)

    # -- candidates --------------------------------------------------------------------------------------

    def _listed(self) -> Floats | None:
        """All untried configs that meet the constraints, where the space is small."""
        size = self.space.size
        if size is None or size > LISTED:
            return None
        key = ("listed", len(self.space.constraints))
        if key not in self.seen.kept:
            configs = [c for c in self.space.counter() if self.space.is_allowed(c)]
            X = np.array([self.encoding.space.encode(c) for c in configs]).reshape(
                len(configs), len(self.space)
            )
            U = self.encoding.settle(self.encoding.positions(X))[0]
            self.seen.kept[key] = (U, [self.space.key(c) for c in configs])
        U, keys = self.seen.kept[key]
        left: Floats = U[[key not in self.history for key in keys]]
        return left

    def _search(self, judge: Judge, model: LossModel | CurveModel) -> Floats:
        """Candidates (m, d), the best of them improved."""
        encoding = self.encoding
        makers = Candidates(
            self.space, encoding, self.seen.U[judge.best], self.rng, visits_ends="ends" not in self.without
        )
        U = makers.pool()
        if not len(U):
            return U
        Z = encoding.encode(U)
        score = judge.score(Z)
        best = self.seen.U[judge.best[0]]
        branch = None if "branches" in self.without else draw_branch(encoding, best, self.rng)
        if branch is not None:
            grafted = self._graft(branch, best, makers, judge, model)
            if grafted is not None:
                return grafted
            inside = branch.holds(U) & self._is_new(U, score)
            if inside.any():
                self.branch = branch
                U, Z, score = U[inside], Z[inside], score[inside]
        start = pick_starts(Z, score, STARTS)
        better = self._improve(judge, model, U[start], Z[start])
        around = makers.move(better[self.rng.integers(len(better), size=AROUND)], AROUND_STEP)
        extra = np.concatenate([better, around])
        found = np.concatenate([U, extra[meets_constraints(self.space, encoding, extra)]])
        return found if self.branch is None else found[self.branch.holds(found)]

    def _graft(
        self,
        branch: Branch,
        best: Floats,
        makers: Candidates,
        judge: Judge,
        model: LossModel | CurveModel,
    ) -> Floats | None:
        """Candidates in a branch that are as the best configs in all they share; None where that is known."""
        if branch.is_known(self.seen, best, model.gp.kernel.lengthscales):
            return None
        U, is_added = makers.graft(branch.j, branch.position, GRAFTS)
        Z = self.encoding.encode(U)
        score = judge.score(Z)
        fit = branch.holds(U) & self._is_new(U, score)
        fit[fit] = meets_constraints(self.space, self.encoding, U[fit])
        if not fit.any():
            return None
        self.branch, self.is_graft = branch, True
        U, Z, is_added = U[fit], Z[fit], is_added[fit]
        start = pick_starts(Z, score[fit], STARTS)
        better = self._improve(judge, model, U[start], Z[start], is_added[start])
        return np.concatenate([U, better[meets_constraints(self.space, self.encoding, better)]])

    def _is_new(self, U: Floats, score: Floats) -> Bools:
        """Which candidates were not tried, and may be."""
        is_new = score > -np.inf
        is_new[is_new] = [key not in self.seen.seen for key in self.encoding.keys(U[is_new])]
        return is_new

    def _improve(
        self,
        judge: Judge,
        model: LossModel | CurveModel,
        U: Floats,
        Z: Floats,
        only: Bools | None = None,
    ) -> Floats:
        """Move active parameters, or some of them, `only` (m, d), to where the score is higher."""
        encoding = self.encoding
        A = encoding.active(U)
        movable = encoding.movable(A if only is None else only)
        scale = model.gp.kernel.lengthscales[encoding.groups]

        def valid(moved: Floats) -> Bools:
            return meets_constraints(self.space, encoding, encoding.read(moved)[0])

        axes = encoding.axes
        swept = min(max(MOST_CHANGES // max(1, count_changes(axes)), 1), len(Z))
        for _ in range(ROUNDS):
            if "polish" not in self.without and judge.base_with_gradients is not None:
                Z = polish(judge.with_gradients, Z, axes, movable, scale=scale, max_iterations=20)
            if "changes" not in self.without:
                check = valid if self.space.constraints else None
                Z[:swept], _ = sweep(judge.score, Z[:swept], axes, movable, valid=check)
        return encoding.decode(Z, U, A)

    def _without_model(self, listed: Floats | None) -> Proposal | None:
        found = None
        if "failures" not in self.without and len(self.seen.numbers(Status.FAILED)):
            found = self._first_new(*look_for_foothold(self.seen, self.space, self.rng))
        return found or self._far_away(listed, SCATTERED, "far from all others, as there is no model yet")

    def _far_away(self, listed: Floats | None, most: int, why: str) -> Proposal | None:
        if listed is None:
            few = draw_positions(self.encoding, self.rng, most)
        else:
            few = self.rng.permutation(listed)[:most]
        return self._first_new(self._by_remoteness(few), why)

    def _by_remoteness(self, U: Floats) -> Floats:
        """Candidates by distance from all trials, those that may well fail last."""
        Z, known = self.encoding.encode(U), self.seen.Z[self.seen.status != Status.MISFIT]
        gaps = np.full(len(Z), np.inf)
        for z in known:
            gaps = np.minimum(gaps, ((Z - z) ** 2).sum(axis=1))
        failing = None if "failures" in self.without else learn_failures(self.seen, None)
        if failing is not None:
            failing = failing.bolder()  # a look far away is worth a failure
            log_success = failing.log_success(Z)[0]
            gaps = np.where(failing.is_within(log_success), gaps, -1.0 + np.exp(log_success))
        return U[np.argsort(-gaps, kind="stable")]

    # -- choice ------------------------------------------------------------------------------------------

    def _first_new(
        self, U: Floats, reason: str | None, model: LossModel | CurveModel | None = None
    ) -> Proposal | None:
        for u, config in self._new(U):
            return Proposal(config, reason or self._reason(u, model))
        return None

    def _new(self, U: Floats) -> Iterator[tuple[Floats, Config]]:
        for at in range(0, len(U), 64):
            block = U[at : at + 64]
            for u, key in zip(block, self.encoding.keys(block), strict=True):
                if key in self.seen.seen:
                    continue
                config = self.encoding.config(u)
                if self.space.key(config) not in self.history and self.space.is_allowed(config):
                    yield u, config

    def _reason(self, u: Floats, model: LossModel | CurveModel | None) -> str:
        assert model is not None
        mean, variance = model.gp.predict(model.rows(self.encoding.encode(u[None, :])))
        hopeful = mean[0] - NINETY * np.sqrt(variance[0])
        value, good = (self.history.sign * model.transform.inverse(np.array([mean[0], hopeful]))).tolist()
        reason = f"{value:.4g} expected, and {good:.4g} or better with a chance of 10 %"
        if self.seen.rescaled:
            reason += f"; {', '.join(self.seen.rescaled)} on a log scale"
        if self.branch is None:
            return reason
        return f"a look at {self.branch}{', else like the best' if self.is_graft else ''}: {reason}"
