"""Rules of thumb: from facts about data to a first config, ranges and priors, each with reason and source.

    facts.py    what is known about a table and its target
    tables/     the rules, one TOML file a model family, and sources.toml
    tables.py   reading and checking them
    engine.py   rules applied to facts: a Suggestion
    words.py    a Suggestion as Python, as TOML and in words

What is not here: the model families themselves, and `suggest`, which joins both (`tunesmith.models`).
"""
