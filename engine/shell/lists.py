"""The Engine's questions about many cases at once: registers, frozen ones, statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from duban.engine.core.campaign import campaign_case_id, decide_noted
from duban.engine.core.freezing import check_freezer
from duban.engine.core.statistics import Figures
from duban.engine.definition.campaign import Campaign
from duban.engine.errors import BadUsage, UnknownCampaign, UnknownCase
from duban.engine.ports import Reader, Store, Transaction, Write
from duban.engine.shell.attempts import attempt, racing
from duban.engine.shell.catalogue import Catalogue
from duban.engine.shell.frozen import Frozen, chosen, frozen_of, opened
from duban.engine.shell.looking import Gaze
from duban.engine.shell.registers import KIND, Listed, freeze, listed
from duban.engine.shell.statistics import statistics, unknown
from duban.engine.timing.clockwork import Clockwork
from duban.engine.timing.instants import need_zone
from duban.engine.values.actor import Actor

_TICK = timedelta(microseconds=1)


class Lists:
    """What an engine knows of the registers and statistics of its campaigns."""

    store: Store
    _catalogue: Catalogue

    def campaign(self, name: str | None = None) -> Campaign:
        """Return a campaign with all its phases; without a name, the only one.

        Raises:
            UnknownCampaign: there is none of that name, or not just one.
        """
        with self.store.reading() as reader:
            return _campaign(self._catalogue, reader, name)

    def register(
        self,
        name: str,
        *,
        campaign: str | None = None,
        at: datetime | None = None,
        year: int | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Listed:
        """Return rows of a register as it stands or, with *at* (aware), as it stood.

        A register that restarts is that of the year of *at*; *year* alone asks for the end of that
        year. Rows begin behind the number *after*. Each call walks the register from its first
        row: numbers follow from what stands before.

        Raises:
            UnknownCampaign, NotFound: there is no such register.
            BadUsage: a year is asked of a register that does not restart.
        """
        with self.store.reading() as reader:
            found = _campaign(self._catalogue, reader, campaign)
            clockwork = self._clockwork(reader, found)
            now = reader.now()
        if name not in found.registers:
            raise unknown("register", "台账", name, found.registers)
        if year is not None:
            if found.registers[name].restarts is None:
                en, zh = f"register {name} does not restart each year", f"台账 {name} 不按年度重编"
                raise BadUsage(what=en, what_zh=zh)
            at = at or min(now, _last_of(clockwork, year))
        gaze = Gaze(self.store.reading, self._catalogue, found, _past(at, now))
        return listed(gaze, clockwork, name, after=after, limit=limit)

    def statistics(
        self,
        name: str | None = None,
        *,
        campaign: str | None = None,
        at: datetime | None = None,
    ) -> Sequence[Figures]:
        """Return what a statistic, or each of a campaign, comes to now or came to *at* (aware).

        Raises:
            UnknownCampaign, NotFound: there is no such statistic.
        """
        with self.store.reading() as reader:
            found, now = _campaign(self._catalogue, reader, campaign), reader.now()
        gaze = Gaze(self.store.reading, self._catalogue, found, _past(at, now))
        return statistics(gaze, None if name is None else [name])

    def freeze(self, name: str, *, actor: Actor, campaign: str | None = None) -> Frozen:
        """Freeze a register as it stands, by hand: it can never be changed again.

        Raises:
            UnknownCampaign, NotFound: there is no such register.
            TransitionRefused: *actor* holds none of the posts that may.
        """

        def work(tx: Transaction) -> Frozen:
            return self._freeze(tx, _campaign(self._catalogue, tx, campaign), name, actor)

        return attempt(self.store, work)

    def _freeze(self, tx: Transaction, campaign: Campaign, name: str, actor: Actor) -> Frozen:
        if name not in campaign.registers:
            raise unknown("register", "台账", name, campaign.registers)
        edition = self._catalogue.edition(tx)
        world = self._catalogue.campaign_world(edition, campaign, tx.now())
        case = tx.lock(campaign_case_id(campaign.campaign))
        if case is None:
            raise UnknownCase(case=campaign_case_id(campaign.campaign))
        check_freezer(campaign, name, case, actor, world)
        gaze = Gaze.within(tx, self._catalogue, campaign, world.now)
        frozen = freeze(tx, gaze, world.clockwork, name, case, world.today)
        decision = decide_noted(
            self._catalogue.agenda(edition, campaign),
            case,
            KIND,
            f"freeze:{name}:{frozen.measure['number']}",
            frozen.measure,
            world,
            actor=actor,
            sets=frozen.sets,
        )
        with racing():
            tx.write(
                Write(
                    case=decision.case,
                    before=decision.before,
                    entries=decision.entries,
                    timers=decision.timers,
                )
            )
        return frozen_of(campaign.campaign, decision.entries, name)[0]

    def frozen(
        self,
        name: str,
        number: int | None = None,
        *,
        campaign: str | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Listed:
        """Return rows of a register as it was frozen: that *number*, or the last.

        Raises:
            UnknownCampaign, NotFound: it was never frozen, or not so often.
            AlteredRegister: its bytes are not those that were frozen.
        """
        found = self.frozen_registers(name, campaign=campaign)
        with self.store.reading() as reader:
            return opened(reader, chosen(found, name, number), after=after, limit=limit)

    def frozen_registers(
        self, name: str | None = None, *, campaign: str | None = None
    ) -> Sequence[Frozen]:
        """Return which registers of a campaign were frozen, oldest first: all, or one."""
        with self.store.reading() as reader:
            found = _campaign(self._catalogue, reader, campaign).campaign
            history = reader.history(campaign_case_id(found))
        return frozen_of(found, history, name)

    def _clockwork(self, reader: Reader, campaign: Campaign) -> Clockwork:
        return self._catalogue.campaign_clockwork(self._catalogue.library(reader), campaign)


def _campaign(catalogue: Catalogue, reader: Reader, name: str | None) -> Campaign:
    campaigns: Mapping[str, Campaign] = catalogue.library(reader).campaigns
    known = ", ".join(campaigns) or "-"
    if name is None and len(campaigns) == 1:
        return next(iter(campaigns.values()))
    if name is None or name not in campaigns:
        why, why_zh = "name one that is published", "请指明已发布的一个"
        raise UnknownCampaign(campaign=name or "-", why=why, why_zh=why_zh, known=known)
    return campaigns[name]


def _last_of(clockwork: Clockwork, year: int) -> datetime:
    return clockwork.begins(date(year + 1, 1, 1)) - _TICK


def _past(at: datetime | None, now: datetime) -> datetime:
    """Return the instant asked about, which must have come: what will be is in no history."""
    instant = now if at is None else need_zone(at)
    if instant > now:
        en, zh = f"{instant.isoformat()} has not come yet", f"{instant.isoformat()} 尚未到来"
        raise BadUsage(what=en, what_zh=zh)
    return instant
