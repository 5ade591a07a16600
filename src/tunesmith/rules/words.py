"""A suggestion as Python code, as TOML, and in words."""

import json
from typing import Any

from tunesmith.rules.engine import Suggestion, ends
from tunesmith.space import Choice, Parameter


def to_python(suggestion: Suggestion) -> str:
    """Write Python code that defines `default`, `portfolio` and `space`."""
    lines = ["import tunesmith as ts"]
    table = suggestion.space.to_dict()
    priors = sorted({e["prior"]["name"] for e in table["parameters"].values() if "prior" in e})
    if priors:
        lines.append(f"from scipy.stats import {', '.join(priors)}")
    lines += ["", f"default = {suggestion.default!r}", "portfolio = ["]
    lines += [f"    {config!r}," for config in suggestion.portfolio]
    lines += ["]", "space = ts.Space(", "    {"]
    for name, entry in table["parameters"].items():
        why = " ".join(r.why for r in suggestion.reasons_for(name))
        lines += [
            f"        # {why}",
            f"        {name!r}: ts.{_call(suggestion.space[name], entry)},",
        ]
    lines += ["    }", ")"]
    lines += [f"space.require({text!r})" for text in table["require"]]
    lines += ["", "# study = ts.minimize(train, space, trials=50)  # train(config) returns the loss"]
    return "\n".join(lines) + "\n"


def to_toml(suggestion: Suggestion) -> str:
    """Write TOML with the tables `default`, `portfolio` and `space`; `Space.load` reads the last of them."""
    lines = [f"model = {_toml(suggestion.model)}", "", "[default]"]
    lines += [f"{_key(n)} = {_toml(v)}" for n, v in suggestion.default.items()]
    for config in suggestion.portfolio:
        lines += ["", "[[portfolio]]", *(f"{_key(n)} = {_toml(v)}" for n, v in config.items())]
    table = suggestion.space.to_dict()
    if table["require"]:
        lines += ["", "[space]", f"require = {_toml(table['require'])}"]
    for name, entry in table["parameters"].items():
        lines += ["", *(f"# {r.why}" for r in suggestion.reasons_for(name))]
        lines += [f"[space.parameters.{_key(name)}]"]
        lines += [f"{k} = {_toml(_brief(v))}" for k, v in entry.items() if k != "labels"]
    return "\n".join(lines) + "\n"


def to_json(suggestion: Suggestion) -> dict[str, Any]:
    """All of a suggestion as JSON values."""
    return {
        "model": suggestion.model,
        "facts": suggestion.facts.values(),
        "default": suggestion.default,
        "portfolio": list(suggestion.portfolio),
        "space": suggestion.space.to_dict(),
        "reasons": [
            {
                "parameter": r.parameter,
                "says": r.says,
                "because": r.because,
                "why": r.why,
                "sources": [{"text": s.text, "url": s.url, "measured": s.measured} for s in r.sources],
                "overruled": list(r.overruled),
            }
            for r in suggestion.reasons
        ],
    }


def range_words(parameter: Parameter) -> str:
    """Say briefly where a parameter is searched: "0.015 to 0.3, log scale"."""
    if isinstance(parameter, Choice):
        return " | ".join(map(str, parameter.options)) if len(parameter.options) > 1 else "fixed"
    return ends(parameter)


def _call(parameter: Parameter, entry: dict[str, Any]) -> str:
    when = "" if "when" not in entry else f", when={entry['when']!r}"
    if isinstance(parameter, Choice):
        ordered = ", ordered=True" if parameter.ordered else ""
        default = f", default={parameter.default!r}" if parameter.has_default else ""
        return f"Choice({list(parameter.options)!r}{ordered}{default}{when})"
    parts = [repr(parameter.low), repr(parameter.high)]
    parts += [f"{k}={entry[k]!r}" for k in ("log", "step", "default") if k in entry]
    if "prior" in entry:
        prior = dict(entry["prior"])
        name, given = prior.pop("name"), [repr(v) for v in prior.pop("args")]
        given += [f"{k}={v!r}" for k, v in prior.items()]
        parts.append(f"prior={name}({', '.join(given)})")
    return f"{type(parameter).__name__}({', '.join(parts)}{when})"


def _brief(value: Any) -> Any:
    """A prior without its empty list of arguments by place."""
    is_prior = isinstance(value, dict) and value.get("args") == []
    return {k: v for k, v in value.items() if k != "args"} if is_prior else value


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else json.dumps(name)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)
