"""In which of the two languages duban speaks."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

Lang = Literal["en", "zh"]

CONFIG = "duban.toml"
_LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")


class Text(NamedTuple):
    """One sentence in both languages."""

    en: str
    zh: str

    def of(self, lang: Lang) -> str:
        """Return the sentence in *lang*."""
        return self.zh if lang == "zh" else self.en


def choose(args: Sequence[str], environ: Mapping[str, str]) -> Lang:
    """Return the language: ``--lang``, else DUBAN_LANG, else the settings, else the locale.

    Help and usage errors need it before anything is parsed.
    """
    said = asked(args, "--lang") or environ.get("DUBAN_LANG")
    said = said or _settled(asked(args, "--config") or environ.get("DUBAN_CONFIG") or CONFIG)
    said = said or next((environ[name] for name in _LOCALES if environ.get(name)), "")
    return "zh" if said.lower().startswith("zh") else "en"


def asked(args: Sequence[str], option: str) -> str | None:
    """Return what the command line says for *option*, as ``--option value`` or ``--option=value``."""
    for place, arg in enumerate(args):
        if arg == option and place + 1 < len(args):
            return args[place + 1]
        if arg.startswith(f"{option}="):
            return arg.partition("=")[2]
    return None


def _settled(file: str) -> str | None:
    if not os.path.isfile(file):
        return None
    import tomllib

    try:
        with open(file, "rb") as source:
            said = tomllib.load(source).get("lang")
    except (OSError, ValueError):  # whoever reads the settings in earnest says what is wrong
        return None
    return said if isinstance(said, str) else None
