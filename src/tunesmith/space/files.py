"""Reading TOML, YAML and JSON files; the same content means the same in all three."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from tunesmith.errors import OptionError, message, missing_extra
from tunesmith.paths import path_of

# Of YAML 1.2, since PyYAML speaks 1.1.
_YAML_BOOL = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
_YAML_INT = re.compile(r"^(?:[-+]?[0-9]+(?:_[0-9]+)*|0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+)$")
_YAML_FLOAT = re.compile(
    r"^[-+]?(?:(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF)|\.nan)$"
)

SUFFIXES = (".toml", ".yaml", ".yml", ".json")


def read_file(path: str | Path) -> dict[str, Any]:
    """Read a table from a TOML, YAML or JSON file.

    Raises:
        OptionError: There is no such file, its ending is another, or its content cannot be read.
        MissingExtra: A YAML file, and PyYAML is not installed.
    """
    path = path_of("a file to read", path)
    if path.suffix.lower() not in SUFFIXES:
        raise OptionError(
            message(
                f"cannot tell the format of {path.name!r}",
                allowed=", ".join(SUFFIXES),
                given=repr(path.suffix),
            )
        )
    try:
        text = path.read_text(encoding="utf-8-sig")  # editors on Windows begin a file with a mark
    except (OSError, UnicodeDecodeError) as error:
        fix = "Save it as UTF-8." if isinstance(error, UnicodeDecodeError) else None
        raise OptionError(message(f"cannot read {str(path)!r}: {error}", fix=fix)) from error
    try:
        data = _parse(path.suffix.lower(), text)
    except (ValueError, RecursionError) as error:  # JSON's, TOML's and (wrapped) YAML's; nested too deeply
        raise OptionError(
            message(f"{str(path)!r} is not valid {path.suffix[1:].upper()}: {error}")
        ) from error
    if not isinstance(data, dict):
        raise OptionError(message(f"{str(path)!r} holds no table", given=type(data).__name__))
    return data


def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A table of its keys and values.

    Raises:
        ValueError: A key is there twice: its last value would silently be the only one.
    """
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [key for key, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} is there twice")
    return made


def _parse(suffix: str, text: str) -> Any:
    if suffix == ".toml":
        return tomllib.loads(text)
    if suffix == ".json":
        return json.loads(text, object_pairs_hook=table)
    try:
        import yaml
    except ImportError as error:
        raise missing_extra("PyYAML", "yaml", "reading YAML") from error

    class Loader(yaml.SafeLoader):
        """Reads plain scalars as TOML and JSON do: 1e-5 is a number; yes, no, on, off and 1:30 are texts."""

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            """Refuse a key that is there twice, as TOML does."""
            table([(key.value, value) for key, value in node.value if key.tag != "tag:yaml.org,2002:merge"])
            return super().construct_mapping(node, deep)

        def construct_yaml_int(self, node: Any) -> int:
            """Read 010 as ten: PyYAML takes it for octal."""
            digits = node.value.replace("_", "")
            return int(digits, 0 if digits[:2] in ("0x", "0o", "0b") else 10)

    loose = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("bool", "float", "int", "timestamp", "value"))
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in known if tag not in loose]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver(loose[0], _YAML_BOOL, list("tTfF"))
    Loader.add_implicit_resolver(loose[2], _YAML_INT, list("+-0123456789"))  # before floats, which it may be
    Loader.add_implicit_resolver(loose[1], _YAML_FLOAT, list("+-.0123456789"))
    Loader.add_constructor(loose[2], Loader.construct_yaml_int)
    try:
        return yaml.load(text, Loader)  # a SafeLoader still
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
