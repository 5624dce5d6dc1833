"""The composition root: a store, channels, ids and a reader of definitions make an Engine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TextIO

from duban.adapters.ids import RandomIds, SeededIds
from duban.adapters.settings import Settings
from duban.adapters.storage.opening import open_store
from duban.engine.ports import Ids, Notifier
from duban.engine.shell.engine import Engine
from duban.workflows.loader import FileLoader


def connect(
    url: str,
    *,
    notifiers: Mapping[str, Notifier] | None = None,
    virtual: datetime | None = None,
    seed: int | None = None,
) -> Engine:
    """Return an engine on the store at *url*: ``sqlite:///duban.db``, ``postgresql+psycopg://…``, ``memory://``.

    The database is created, and its schema brought up to date, when needed. With *virtual* (aware)
    the store's clock stands at that instant until it is set: for simulations and scenarios. *seed*
    makes ids follow from it.

    Raises:
        Unreachable: the store cannot be opened; the message says what to do.
    """
    ids: Ids = RandomIds() if seed is None else SeededIds(seed)
    store = open_store(url, virtual=virtual)
    return Engine(store, ids=ids, definitions=FileLoader(), notifiers=notifiers)


def engine_of(settings: Settings, *, console: TextIO | None = None) -> Engine:
    """Return the engine that *settings* describe, with its channels; *console* takes their text."""
    from duban.adapters.notify.choosing import notifier

    channels = {name: notifier(url, console=console) for name, url in settings.channels.items()}
    return connect(settings.store, notifiers=channels)
