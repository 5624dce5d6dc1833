"""One call of the command line: what was asked for, in which language, and the engine that answers."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from duban.cli.language import Lang, Text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from duban.adapters.settings import Settings
    from duban.engine.definition.library import Library
    from duban.engine.shell.engine import Engine
    from duban.engine.values.actor import Actor


class Call:
    """What one call of the command line needs; nothing is opened before it is asked for."""

    def __init__(self, *, engine: Engine | None = None, settings: Settings | None = None) -> None:
        self.lang: Lang = "en"
        self.json = self.debug = self.logs = False
        self.store: str | None = None
        self.config: str | None = None
        self._engine, self._settings = engine, settings
        self._opened = False
        self._library: Library | None = None

    @property
    def settings(self) -> Settings:
        """The settings, read once; ``--store`` prevails."""
        if self._settings is None:
            from dataclasses import replace

            from duban.adapters.settings import read_settings

            read = read_settings(self.config)
            self._settings = replace(read, store=self.store) if self.store else read
        return self._settings

    @property
    def engine(self) -> Engine:
        """The engine on the store of the settings, which must be there: a misspelt address is none."""
        file = self._missing_file()
        if file is not None:
            from duban.cli.refusals import NoStore

            raise NoStore(file=file)
        return self.publishing_engine()

    def publishing_engine(self) -> Engine:
        """Return the engine; its store is made when there is none."""
        if self._engine is None:
            from duban.adapters.logs import configure
            from duban.adapters.wiring import engine_of

            configure("info" if self.logs else "warning", json=self.logs)
            # What is data goes to standard output alone.
            console = sys.stderr if self.json else None
            self._engine = engine_of(self.settings, console=console)
            self._opened = True
        return self._engine

    def asking_engine(self) -> Engine:
        """Return the engine, or one in memory where there is no store: a question makes no file."""
        if self._missing_file() is not None:
            from dataclasses import replace

            self._settings = replace(self.settings, store="memory://")
        return self.publishing_engine()

    def _missing_file(self) -> str | None:
        if self._engine is not None:
            return None
        file = self.settings.store.removeprefix("sqlite:///").partition("?")[0]
        is_file = self.settings.store.startswith("sqlite:///")
        return file if is_file and not os.path.exists(file) else None

    @property
    def library(self) -> Library:
        """The definitions in force."""
        if self._library is None:
            self._library = self.engine.library()
        return self._library

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's time zone."""
        from duban.engine.timing.instants import find_zone

        return find_zone(self.library.zone)

    def actor(self, person: str | None, post: str | None) -> Actor:
        """Return who acts: the operating system's user by the settings, or *person* by right."""
        from duban.cli.actor import acting_person

        return acting_person(self.settings, person, post)

    def close(self) -> None:
        """Let go of the store that was opened here."""
        if self._opened and self._engine is not None:
            self._engine.close()

    # ---- saying it

    def say(self, data: object, lines: Iterable[str]) -> None:
        """Print *data* when JSON is asked for, else *lines*."""
        if self.json:
            from duban.cli.plain import to_json

            click.echo(to_json(data))
            return
        for line in lines:
            click.echo(line)

    def text(self, en: str, zh: str) -> str:
        """Return the sentence in the language of the call."""
        return Text(en, zh).of(self.lang)

    def local(self, instant: datetime | None) -> str:
        """Return *instant* as the organisation's wall clock shows it, to the minute."""
        if instant is None:
            return "-"
        return instant.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")
