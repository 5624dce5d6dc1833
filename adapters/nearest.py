"""The name that a misspelt one was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from duban.engine.errors import BadUsage


def unknown(where: str, name: str, known: Iterable[str]) -> BadUsage:
    """Return the refusal of *name*, with the nearest of the *known* names, else all of them."""
    names = sorted(known)
    near = get_close_matches(name, names, 1)
    listed = ", ".join(names)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {listed}"
    hint_zh = f"是否指“{near[0]}”？" if near else f"可用：{listed}"
    return BadUsage(
        what=f"{where}: there is no {name!r} here; {hint}",
        what_zh=f"{where}：此处没有“{name}”；{hint_zh}",
    )
