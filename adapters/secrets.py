"""Secrets by reference: a setting names where a secret lies (``env:NAME``, ``file:/path``)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from duban.engine.errors import BadUsage

REFERENCES = ("env:", "file:")
MASK = "***"
_SECRET_NAME = re.compile(
    r"passw|passphrase|secret|token|credential|authorization|api[_-]?key|private[_-]?key|^pwd$",
    re.I,
)
_IN_URL = re.compile(r"(://[^/?#\s:@]*:)[^/?#\s]*@")
# A password may hold the very characters that end a host's part of an address.
_MISREAD = re.compile(r"://[^?@\s]*:[^?\s]*@")
_IN_QUERY = re.compile(
    r"([?&][^=&\s]*(?:passw|secret|token|key)[^=&\s]*=)(?!env:|file:)[^&\s]+", re.I
)
_SHORTEST_KNOWN = 4
_known: set[str] = set()


def names_a_secret(name: str) -> bool:
    """Return whether a key of this name would hold a secret."""
    return _SECRET_NAME.search(name) is not None


def masked(text: str) -> str:
    """Return *text* without the passwords in its addresses and without any secret read so far."""
    text = _IN_QUERY.sub(rf"\1{MASK}", _IN_URL.sub(rf"\1{MASK}@", text))
    for secret in _known:
        text = text.replace(secret, MASK)
    return text


def holds_a_secret(url: str) -> bool:
    """Return whether *url* carries a literal password, before the host or among its parameters."""
    query = url.partition("?")[2]
    return _MISREAD.search(url) is not None or any(map(_literal, query.split("&")))


def _literal(pair: str) -> bool:
    name, _, value = pair.partition("=")
    return names_a_secret(unquote(name)) and not unquote(value).startswith(REFERENCES)


def secret(reference: str, *, where: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the secret that *reference* names; *where* is the setting it stands in.

    Raises:
        BadUsage: it is no reference, nothing is there, or it is a file that everybody may read.
    """
    kind, _, place = reference.partition(":")
    if kind == "env" and place:
        value = environ.get(place, "")
        if not value:
            raise BadUsage(
                what=f"{where}: the environment variable {place} is not set, or empty",
                what_zh=f"{where}：环境变量 {place} 未设置或为空",
            )
    elif kind == "file" and place:
        value = _from_file(Path(place), where)
    else:
        raise BadUsage(
            what=f"{where}: a secret is written by reference, as env:NAME or file:/path",
            what_zh=f"{where}：密钥只能以引用方式书写：env:变量名 或 file:/路径",
        )
    if len(value) >= _SHORTEST_KNOWN:
        _known.add(value)
    return value


def _from_file(path: Path, where: str) -> str:
    try:
        open_to_others = path.stat().st_mode & 0o007
        value = path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise BadUsage(
            what=f"{where}: the secret file {path} cannot be read: {why}",
            what_zh=f"{where}：无法读取密钥文件 {path}：{why}",
        ) from None
    if open_to_others and os.name == "posix":
        raise BadUsage(
            what=f"{where}: every user of this machine may use the secret file {path}; "
            f"run `chmod o= {path}`",
            what_zh=f"{where}：本机所有用户都能使用密钥文件 {path}；请运行 chmod o= {path}",
        )
    if not value:
        raise BadUsage(
            what=f"{where}: the secret file {path} is empty",
            what_zh=f"{where}：密钥文件 {path} 是空的",
        )
    return value
