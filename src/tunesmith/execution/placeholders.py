"""Commands with {name} for each parameter: checked when they are defined, filled in for a config.

    python train.py --lr {lr} --out {TUNESMITH_FOLDER}/model      text is split as a shell would, without one
    ["bash", "-c", "awk -v x={x} -f f.awk | tail -1"]             a list is taken as it is

Values are never read by a shell, except in the script of `sh -c`, where they are quoted. What runs the
command is `command.py`.
"""

import json
import math
import os
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tunesmith.errors import OptionError, did_you_mean, message

VARIABLES = ("TUNESMITH_TRIAL", "TUNESMITH_ATTEMPT", "TUNESMITH_SEED", "TUNESMITH_FOLDER", "TUNESMITH_CONFIG")
"""Environment variables that every command gets; as placeholders they do as well."""
SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash"})
_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_OPERATOR = re.compile(r"[|&;<>()]+")
# What a shell would put a value for.
_EXPANDED = re.compile(r"`|\$[A-Za-z_]\w*|\$\{[^{}]*\}|(?<!\S)~(?=/|\s|$)")


@dataclass(frozen=True)
class Template:
    """A text with placeholders.

    Args:
        parts: Plain texts at even places, names at odd ones.
    """

    parts: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its placeholders."""
        return self.parts[1::2]

    def fill(self, texts: Mapping[str, str], quote: Callable[[str], str] = str) -> str:
        """Put texts for names; a name without a text gives nothing."""
        return "".join(
            part if place % 2 == 0 else quote(texts[part]) if part in texts else ""
            for place, part in enumerate(self.parts)
        )


def parse(text: str, names: Iterable[str], what: str = "the command") -> Template:
    """Read a text with placeholders.

    Args:
        text: The text; {{ and }} are literal braces.
        names: Parameters of the space.
        what: What the text is, for errors.

    Raises:
        OptionError: A placeholder is unknown, or a brace stands alone.

    Example:
        >>> parse("--lr={lr} {{}}", ["lr"]).fill({"lr": "0.1"})
        '--lr=0.1 {}'
    """
    known = (*names, *VARIABLES)
    parts, at = [""], 0
    for token in _TOKEN.finditer(text):
        parts[-1] += text[at : token.start()]
        at = token.end()
        if token[0] in ("{{", "}}"):
            parts[-1] += token[0][0]
        elif token[1] is None:
            wrong = f"{what} has a single {token[0]}"
            raise OptionError(message(wrong, given=repr(text), fix="Write {{ or }} for a brace that stays."))
        elif token[1] not in known:
            hint = did_you_mean(token[1], known) or "Write {{ and }} for braces that stay."
            wrong = f"{what} has a placeholder for an unknown parameter"
            raise OptionError(message(wrong, allowed=", ".join(known), given=repr(token[0]), fix=hint))
        else:
            parts += [token[1], ""]
    parts[-1] += text[at:]
    return Template(tuple(parts))


@dataclass(frozen=True)
class Arguments:
    """The arguments of a command, with placeholders.

    Args:
        templates: One for each argument.
        script: Which of them is a script that a shell reads; None for none.
    """

    templates: tuple[Template, ...]
    script: int | None

    def fill(self, texts: Mapping[str, str]) -> list[str]:
        """Put texts for names.

        An argument with a placeholder that has no text, as its parameter is not active, is left out, and so
        is the option before it (--momentum {momentum}).
        """
        filled: list[str] = []
        for place, template in enumerate(self.templates):
            if place == self.script:
                filled.append(template.fill(texts, shlex.quote))
            elif all(name in texts for name in template.names):
                filled.append(template.fill(texts))
            elif self._is_option(place - 1) and template.parts[0] == "":
                filled.pop()
        return filled

    def _is_option(self, place: int) -> bool:
        if place < 1 or self.templates[place].names:
            return False
        text = self.templates[place].parts[0]
        return text.startswith("-") and "=" not in text

    @property
    def names(self) -> frozenset[str]:
        """Names of all placeholders."""
        return frozenset(name for template in self.templates for name in template.names)


def parse_command(command: str | Sequence[str], names: Iterable[str]) -> Arguments:
    """Read a command.

    Raises:
        OptionError: It is empty, cannot be split, needs a shell, or has an unknown placeholder.
    """
    if isinstance(command, str):
        texts = _split(command)
    elif isinstance(command, Sequence) and all(isinstance(a, str) for a in command):
        texts = list(command)
    else:
        wrong = "the command must be text or a list of texts"
        raise OptionError(message(wrong, given=repr(command)))
    if not texts or not texts[0]:
        raise OptionError(message("the command is empty", given=repr(command)))
    names = tuple(names)
    return Arguments(tuple(parse(t, names) for t in texts), _script_of_shell(texts))


def _split(command: str) -> list[str]:
    command = re.sub(r"('[^']*')|\\\r?\n", lambda found: found[1] or "", command)  # lines that go on
    try:
        texts = shlex.split(command)
        lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
        lexer.commenters = ""
        tokens = list(lexer)
    except ValueError as error:
        wrong = f"the command cannot be split into arguments: {error}"
        raise OptionError(message(wrong, given=repr(command))) from error
    # A quoted "|" makes the same token as a shell's own, which is there without the quoted parts as well.
    plain = re.sub(r"'[^']*'|\"[^\"]*\"|\\.", "", command)
    operators = [token for token in tokens if _OPERATOR.fullmatch(token) and token in plain]
    is_script = texts and _script_of_shell(texts) is not None  # a shell reads what is in "..." of it
    expanded = _EXPANDED.findall(plain if is_script else re.sub(r"'[^']*'|\\.", "", command))
    token = next(iter([*operators, *expanded]), None)
    if token is not None:
        fix = 'Name the shell: command = ["bash", "-c", "..."].'
        if token.startswith("${"):
            fix = f"A placeholder is written {token[1:]}, without the $."
        wrong = f"the command needs a shell for its {token!r}, and is run without one"
        raise OptionError(message(wrong, given=repr(command), fix=fix))
    if texts and re.fullmatch(r"[A-Za-z_]\w*=.*", texts[0]):
        wrong = f"the command begins with the variable {texts[0]!r}, which only a shell understands"
        raise OptionError(message(wrong, fix="Begin it with env: env NAME=value program ..."))
    return texts


def _script_of_shell(texts: Sequence[str]) -> int | None:
    if os.path.basename(texts[0]) not in SHELLS:
        return None
    for place, text in enumerate(texts[1:-1], start=1):
        if not text.startswith("-"):
            return None
        if re.fullmatch(r"-[a-z]*c", text):
            return place + 1
    return None


def as_text(value: Any) -> str:
    """Write a value for a command line: floats with all their digits, lists as JSON.

    A negative number has no exponent: Python's argparse takes "-1e-05" for an option.

    Example:
        >>> as_text(0.1), as_text(-1e-05), as_text(True), as_text([1, "a"])
        ('0.1', '-0.00001', 'True', '[1, "a"]')
    """
    if isinstance(value, float) and math.isfinite(value) and value < 0:
        return format(Decimal(repr(value)), "f")
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value, default=str)
    return value if isinstance(value, str) else str(value)
