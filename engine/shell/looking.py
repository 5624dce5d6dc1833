"""Looking at the cases of a campaign as they stood at an instant, page by page in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge

from duban.engine.core.scope import Scope
from duban.engine.definition.campaign import Campaign
from duban.engine.definition.library import Library
from duban.engine.history.entry import Entry
from duban.engine.history.evolve import replay
from duban.engine.ports import Reader, Where
from duban.engine.shell.catalogue import Catalogue, Edition
from duban.engine.values.case import Case

_PAGE = 500
_TICK = timedelta(microseconds=1)
Views = Callable[[], AbstractContextManager[Reader]]


@dataclass(frozen=True, slots=True)
class Gaze:
    """Looks at cases as they stood at ``at``.

    What changed later is replayed up to then, so that each page may be read in a view of its own
    and nothing has to stand still meanwhile.
    """

    views: Views
    catalogue: Catalogue
    campaign: Campaign
    at: datetime

    @classmethod
    def within(cls, reader: Reader, catalogue: Catalogue, campaign: Campaign, at: datetime) -> Gaze:
        """Return one that looks through *reader* alone."""
        return cls(lambda: nullcontext(reader), catalogue, campaign, at)

    def library(self) -> Library:
        """Return the definitions in force."""
        with self.views() as reader:
            return self.catalogue.library(reader)

    def past(self, case_id: str) -> list[Entry]:
        """Return the entries of a case up to the instant of this gaze."""
        with self.views() as reader:
            return [entry for entry in reader.history(case_id) if entry.at <= self.at]

    def scopes(self, workflow: str) -> Iterator[Scope]:
        """Yield the cases of *workflow* that the campaign had then, in order of their opening."""
        names = _also(self.library(), self.campaign.campaign)
        streams = [self._stream(workflow, name) for name in names]
        for scope in merge(*streams, key=lambda scope: (scope.case.opened, scope.case.id)):
            if scope.case.campaign == self.campaign.campaign:
                yield scope

    def _stream(self, workflow: str, campaign: str) -> Iterator[Scope]:
        where = Where(workflow=workflow, campaign=campaign, opened_before=self.at + _TICK)
        after: str | None = None
        while True:
            with self.views() as reader:
                page = reader.find(where, sort="opened", limit=_PAGE, after=after)
                edition = self.catalogue.edition(reader)
                found = [self._seen(reader, edition, case) for case in page.cases]
            yield from (scope for scope in found if scope is not None)
            after = page.next
            if after is None:
                return

    def _seen(self, reader: Reader, edition: Edition, case: Case) -> Scope | None:
        if case.changed > self.at:
            then = replay(entry for entry in reader.history(case.id) if entry.at <= self.at)
            if then is None:
                return None
            case = then
        machine = self.catalogue.machine(reader, case.rules)
        return Scope(machine, case, self.catalogue.world(edition, machine, self.at))


def _also(library: Library, campaign: str) -> list[str]:
    """The campaign, and those to which its cases may have been carried over since."""
    names = [campaign]
    for name in names:
        names += [
            other.campaign
            for other in library.campaigns.values()
            if other.carry_over is not None
            and other.carry_over.from_ == name
            and other.campaign not in names
        ]
    return names
