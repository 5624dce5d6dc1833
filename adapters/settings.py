"""What the operator decides: one frozen `Settings` from ``duban.toml`` and the environment."""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any

from duban.adapters.nearest import unknown
from duban.adapters.printable import one_line
from duban.adapters.secrets import REFERENCES, holds_a_secret, masked, names_a_secret, secret
from duban.engine.errors import BadUsage

FILE = "duban.toml"
LANGUAGES = ("zh", "en")
_VARIABLES = ("DUBAN_BATCH", "DUBAN_CONFIG", "DUBAN_INTERVAL", "DUBAN_LANG", "DUBAN_STORE")
_KEYS = ("act_as", "channels", "daemon", "lang", "people", "store")
_DAEMON_KEYS = ("batch", "interval")
_INTERVAL = (5, 3600)
_BATCH = (1, 1000)
_SURELY_MEANT = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the store is, how notices leave, who the users are, and how the daemon ticks.

    ``people`` maps users of the operating system to persons of the organisation; those in
    ``act_as`` may act as somebody else. ``file`` is what was read, None when there was none.
    """

    store: str = field(default="sqlite:///duban.db", repr=False)
    lang: str | None = None
    channels: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({"notice": "console:"})
    )
    people: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    act_as: frozenset[str] = frozenset()
    interval: float = 30.0
    batch: int = 100
    file: Path | None = None

    def shown(self) -> dict[str, object]:
        """Return the settings as plain data to print, without secrets."""
        return {
            "file": str(self.file) if self.file else None,
            "store": masked(self.store),
            "lang": self.lang,
            "channels": {name: masked(url) for name, url in self.channels.items()},
            "people": dict(self.people),
            "act_as": sorted(self.act_as),
            "daemon": {"interval": self.interval, "batch": self.batch},
        }


def read_settings(
    config: str | os.PathLike[str] | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    directory: str | os.PathLike[str] = ".",
) -> Settings:
    """Return the settings of *config*, else of ``DUBAN_CONFIG``, else of ``duban.toml`` if any.

    Raises:
        BadUsage: a named file is missing, or something in it is unknown, of the wrong kind, or a
            literal secret.
    """
    _refuse_misspelt(environ)
    named = config or environ.get("DUBAN_CONFIG")
    path = Path(directory) / (named or FILE)
    if not named and not path.is_file():
        return Settings(**_from_environment(environ))
    return Settings(
        **{**_from_file(str(path), _table(path), environ), **_from_environment(environ)}, file=path
    )


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise _wrong(
            str(path), f"cannot be read: {error.strerror}", f"无法读取：{error.strerror}"
        ) from None
    except UnicodeDecodeError:
        raise _wrong(
            str(path), "is not UTF-8; save it as UTF-8", "不是 UTF-8 编码；请另存为 UTF-8"
        ) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        why = masked(one_line(str(error)))
        raise _wrong(str(path), f"is not TOML: {why}", f"不是有效的 TOML：{why}") from None


def _from_file(path: str, table: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    _refuse_unknown(path, table, _KEYS)
    read: dict[str, Callable[[str, Any], object]] = {
        "lang": _lang,
        "channels": _channels,
        "people": _texts,
        "act_as": _users,
    }
    values = {
        name: take(f"{path}: {name}", table[name]) for name, take in read.items() if name in table
    }
    if "store" in table and "DUBAN_STORE" not in environ:
        values["store"] = _store(f"{path}: store", table["store"], environ)
    return {**values, **_daemon(path, table.get("daemon", {}))}


def _daemon(path: str, table: object) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise _wrong(f"{path}: daemon", "must be a table", "必须是一个表")
    _refuse_unknown(f"{path}: daemon", table, _DAEMON_KEYS)
    values: dict[str, Any] = {}
    if "interval" in table:
        values["interval"] = _interval(f"{path}: daemon.interval", table["interval"])
    if "batch" in table:
        values["batch"] = _batch(f"{path}: daemon.batch", table["batch"])
    return values


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if environ.get("DUBAN_STORE"):
        values["store"] = _resolved("DUBAN_STORE", environ["DUBAN_STORE"], environ)
    if environ.get("DUBAN_LANG"):
        values["lang"] = _lang("DUBAN_LANG", environ["DUBAN_LANG"])
    if environ.get("DUBAN_INTERVAL"):
        values["interval"] = _interval("DUBAN_INTERVAL", _number(environ["DUBAN_INTERVAL"]))
    if environ.get("DUBAN_BATCH"):
        values["batch"] = _batch("DUBAN_BATCH", _number(environ["DUBAN_BATCH"]))
    return values


def _refuse_misspelt(environ: Mapping[str, str]) -> None:
    """Refuse what was surely meant for us: ``DUBAN_STROE`` would quietly open another store."""
    for name in environ:
        if name.startswith("DUBAN_") and name not in _VARIABLES and not names_a_secret(name):
            near = get_close_matches(name, _VARIABLES, 1, _SURELY_MEANT)
            if near:
                raise unknown("environment", name, _VARIABLES)


def _refuse_unknown(where: str, table: Iterable[str], known: Iterable[str]) -> None:
    for name in table:
        if name not in known:
            if names_a_secret(name):
                raise _literal_secret(f"{where}: {one_line(name)}")
            raise unknown(where, one_line(name), known)


def _store(where: str, value: object, environ: Mapping[str, str]) -> str:
    text = _text(where, value)
    if holds_a_secret(text):
        raise _wrong(
            where,
            "a password is never written here; name where the whole address lies: env:NAME or "
            "file:/path",
            "此处不得直接写密码；请写出完整地址的引用：env:变量名 或 file:/路径",
        )
    return _resolved(where, text, environ)


def _resolved(where: str, text: str, environ: Mapping[str, str]) -> str:
    return secret(text, where=where, environ=environ) if text.startswith(REFERENCES) else text


def _lang(where: str, value: object) -> str:
    text = _text(where, value)
    if text not in LANGUAGES:
        raise _wrong(where, "must be zh or en", "只能是 zh 或 en")
    return text


def _channels(where: str, value: object) -> Mapping[str, str]:
    channels = _texts(where, value)
    for name, url in channels.items():
        if names_a_secret(name) or holds_a_secret(url):
            raise _literal_secret(f"{where}.{one_line(name)}")
    if not channels:
        raise _wrong(where, "name at least one channel", "至少写一个渠道")
    return channels


def _texts(where: str, value: object) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise _wrong(where, "must be a table", "必须是一个表")
    return MappingProxyType({name: _text(f"{where}.{name}", text) for name, text in value.items()})


def _users(where: str, value: object) -> frozenset[str]:
    if not isinstance(value, list):
        raise _wrong(where, "must be a list of users", "必须是用户列表")
    return frozenset(_text(where, user) for user in value)


def _text(where: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or one_line(value) != value:
        raise _wrong(where, "must be a text of one line", "必须是单行文本")
    return value


def _number(text: str) -> object:
    """Return the number that *text* is, else the text itself, for the check that follows."""
    plain = text.isascii() and text.replace(".", "", 1).isdigit()
    return (float(text) if "." in text else int(text)) if plain else text


def _interval(where: str, value: object) -> float:
    low, high = _INTERVAL
    fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not fits or not math.isfinite(value) or not low <= value <= high:  # type: ignore[arg-type,operator]  # fits
        raise _wrong(
            where, f"must be {low} to {high} seconds", f"必须是 {low} 到 {high} 之间的秒数"
        )
    return float(value)  # type: ignore[arg-type]  # a number, as checked


def _batch(where: str, value: object) -> int:
    low, high = _BATCH
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _wrong(
            where, f"must be a whole number from {low} to {high}", f"必须是 {low} 到 {high} 的整数"
        )
    return value


def _literal_secret(where: str) -> BadUsage:
    return _wrong(
        where,
        "a secret is never written in the settings; refer to it where it is used, as env:NAME or "
        "file:/path",
        "设置中不得直接写密钥；请在使用处以 env:变量名 或 file:/路径 引用",
    )


def _wrong(where: str, en: str, zh: str) -> BadUsage:
    return BadUsage(what=f"{where}: {en}", what_zh=f"{where}：{zh}")
