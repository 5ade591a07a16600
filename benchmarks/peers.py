"""The searches by name, and which of them are installed, found out without importing any."""

import json
import logging
import warnings
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec

from adapters import Peer, tunesmith

# Name: module and class of the adapter, and the packages that it needs.
OTHERS = {
    "optuna-tpe": ("adapters:OptunaTPE", ["optuna"]),
    "optuna-tpe-liar": ("adapters:OptunaLiar", ["optuna"]),
    "optuna-tpe-group": ("adapters:OptunaGroups", ["optuna"]),
    "optuna-gp": ("adapters:OptunaGP", ["optuna", "torch"]),
    "bayes_opt": ("adapters:BayesOpt", ["bayes_opt"]),
    "skopt": ("adapters:Skopt", ["skopt"]),
    "smac": ("heavy_adapters:Smac", ["smac"]),
    "hebo": ("heavy_adapters:Hebo", ["hebo"]),
    "botorch": ("heavy_adapters:BoTorch", ["botorch"]),
}
INSTALL = {
    "bayes_opt": "bayesian-optimization",
    "skopt": "scikit-optimize",
    "hebo": "HEBO",
    "dehb": "DEHB",
}


def installed(names: list[str], needs: Mapping[str, list[str]] | None = None) -> list[str]:
    """Keep the names whose packages are there; says of each other one what is missing.

    Args:
        names: Names of searches.
        needs: Packages by name; those of `OTHERS` unless given.
    """
    known = {name: packages for name, (_, packages) in OTHERS.items()} if needs is None else needs
    kept = []
    for name in names:
        lacking = [package for package in known.get(name, []) if find_spec(package) is None]
        if lacking:
            packages = " ".join(INSTALL.get(package, package) for package in lacking)
            print(f"skipped: {name}, as {', '.join(lacking)} is not installed (pip install {packages})")
        else:
            kept.append(name)
    return kept


def peer(name: str) -> type[Peer]:
    """Adapter of a name: one of `OTHERS`, "random", "tunesmith", "tunesmith:METHOD" or "tunesmith:{JSON}"."""
    if name in OTHERS:
        module, _, attribute = OTHERS[name][0].partition(":")
        found: type[Peer] = getattr(import_module(module), attribute)
        return found
    if name == "random":
        return tunesmith("random")
    ours, _, method = name.partition(":")
    if ours != "tunesmith":
        raise SystemExit(f"unknown peer {name!r}; there are {', '.join(everyone())} and tunesmith:METHOD")
    return tunesmith(json.loads(method) if method.startswith("{") else method or "auto")


def everyone() -> list[str]:
    """Names of all peers, ours first."""
    return ["tunesmith", "random", *OTHERS]


def silence() -> None:
    """Keep peers' own progress and warnings off the table."""
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
