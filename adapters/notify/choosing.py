"""The channel that a URL of the settings names."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TextIO
from urllib.parse import SplitResult, unquote, urlsplit

from duban.adapters.nearest import unknown
from duban.adapters.secrets import holds_a_secret, masked, secret
from duban.engine.errors import BadUsage
from duban.engine.ports import Notifier

_SCHEMES = ("console", "file", "smtp", "smtps")
_PARAMETERS = ("sender", "starttls", "password", "timeout")
_FLAGS = {"1": True, "true": True, "0": False, "false": False, "": False}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PORTS = {"smtp": 25, "smtps": 465}


def notifier(
    url: str, *, console: TextIO | None = None, environ: Mapping[str, str] = os.environ
) -> Notifier:
    """Return the channel of *url*.

    ``console:`` (to *console*, else standard output), ``file:notices.jsonl``, or
    ``smtp://user@host:port?sender=a@b.cn&starttls=1&password=env:NAME`` (``smtps://`` for TLS from
    the first byte).

    Raises:
        BadUsage: the URL cannot be understood, or holds a password.
    """
    scheme, _, rest = url.partition(":")
    if holds_a_secret(url):
        raise _wrong(
            f"{scheme}:…",
            "a password is never written in a channel; write password=env:NAME or "
            "password=file:/path",
            "渠道中不得直接写密码；请写 password=env:变量名 或 password=file:/路径",
        )
    if scheme == "console" and not rest:
        from duban.adapters.notify.console import ConsoleNotifier

        return ConsoleNotifier(console or sys.stdout)
    if scheme == "file":
        return _file(url, rest)
    if scheme in _PORTS:
        return _mail(url, environ)
    raise unknown(f"channel {masked(url)!r}", scheme, _SCHEMES)


def _file(url: str, rest: str) -> Notifier:
    from duban.adapters.notify.jsonlines import JsonLinesNotifier

    path = unquote(rest.removeprefix("//")) if rest.startswith("///") else rest
    if not path or path.startswith("//") or "\0" in path:
        raise _wrong(url, "write file:notices.jsonl or file:/path", "请写 file:notices.jsonl")
    return JsonLinesNotifier(path)


def _mail(url: str, environ: Mapping[str, str]) -> Notifier:
    from duban.adapters.notify.smtp import SmtpNotifier

    parts, port = _split(url)
    given = _parameters(url, parts.query)
    sender, username = given.get("sender", ""), unquote(parts.username or "") or None
    starttls = _flag(url, "starttls", given.get("starttls", ""))
    if not parts.hostname or not sender or parts.path not in {"", "/"} or parts.fragment:
        raise _wrong(
            url,
            "write smtp://host:port?sender=address@domain",
            "请写 smtp://主机:端口?sender=发件地址",
        )
    tls = parts.scheme == "smtps"
    _never_in_clear(url, parts, given, secured=starttls or tls)
    password = given.get("password")
    return SmtpNotifier(
        parts.hostname,
        port,
        sender=sender,
        username=username,
        password=secret(password, where=_named(url), environ=environ) if password else None,
        starttls=starttls,
        tls=tls,
        timeout=_seconds(url, given.get("timeout", "10")),
    )


def _split(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _wrong(
            url, "the port is not a number from 1 to 65535", "端口不是 1 到 65535 的数字"
        ) from None
    return parts, port or _PORTS[parts.scheme]


def _parameters(url: str, query: str) -> dict[str, str]:
    given = {}
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        if name not in _PARAMETERS:
            raise unknown(_named(url), name, _PARAMETERS)
        if name in given:
            raise _wrong(url, f"{name} is given twice", f"{name} 出现了两次")
        given[name] = unquote(value)
    return given


def _never_in_clear(
    url: str, parts: SplitResult, given: Mapping[str, str], *, secured: bool
) -> None:
    if (parts.username is None) != ("password" not in given):
        raise _wrong(
            url, "user and password are given together, or neither", "用户名与密码须同时给出"
        )
    if parts.username is not None and not secured and parts.hostname not in _LOOPBACK:
        raise _wrong(
            url,
            "the password would cross the network in clear; add starttls=1, or use smtps://",
            "密码将以明文经过网络；请加上 starttls=1，或使用 smtps://",
        )


def _flag(url: str, name: str, text: str) -> bool:
    if text not in _FLAGS:
        raise _wrong(url, f"{name} is 1 or 0", f"{name} 只能是 1 或 0")
    return _FLAGS[text]


def _seconds(url: str, text: str) -> float:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 300):
        raise _wrong(url, "timeout is 1 to 300 seconds", "timeout 为 1 到 300 秒")
    return float(text)


def _named(url: str) -> str:
    return f"channel {masked(url)!r}"


def _wrong(url: str, en: str, zh: str) -> BadUsage:
    return BadUsage(what=f"{_named(url)}: {en}", what_zh=f"渠道“{masked(url)}”：{zh}")
