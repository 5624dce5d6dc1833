"""From a campaign, its definitions and a seed to a finished store and its figures."""

from __future__ import annotations

from dataclasses import dataclass

from duban.adapters.simulation.behaviour import Behaviour
from duban.adapters.simulation.running import Progress, Ran, Simulation, check_fits, start_of
from duban.adapters.simulation.summary import Summary, summarise
from duban.adapters.wiring import connect
from duban.engine.errors import BadUsage, NotDelivered
from duban.engine.shell.engine import Engine
from duban.engine.timing.instants import find_zone
from duban.engine.values.notice import Notice


class CountingNotifier:
    """Takes every notice and keeps none: the daemon of a simulation disturbs nobody."""

    def __init__(self) -> None:
        self.sent = 0

    def send(self, notice: Notice) -> None:
        """Count *notice*."""
        if notice.person is None:
            raise NotDelivered(channel=notice.channel, why="nobody holds the post")
        self.sent += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """A finished simulation."""

    engine: Engine
    ran: Ran
    summary: Summary


def simulate(
    store: str, definitions: str, behaviour: Behaviour, *, seed: int, progress: Progress
) -> Simulated:
    """Run the campaign of *behaviour* on a new virtual store at the URL *store*.

    The caller closes the engine.

    Raises:
        BadUsage: the store holds cases already, or the behaviour does not fit the campaign.
        InvalidDefinition: the definitions have faults.
    """
    zone = find_zone("Asia/Shanghai")
    engine = connect(
        store, notifiers={"*": CountingNotifier()}, virtual=start_of(behaviour, zone), seed=seed
    )
    if engine.tally()["cases"]:
        engine.close()
        raise BadUsage(
            what=f"{store} holds cases already; a simulation needs a new store",
            what_zh=f"{store} 中已有事项；模拟需要一个新的存储",
        )
    engine.apply(definitions, by="simulation")
    campaign = engine.campaign(behaviour.campaign)
    check_fits(behaviour, campaign)
    ran = Simulation(engine, campaign, behaviour, seed).run(progress)
    clockwork = engine.library().clockwork(campaign.zone or zone.key, campaign.calendar, None)
    return Simulated(
        engine=engine, ran=ran, summary=summarise(engine.store, campaign, behaviour, clockwork)
    )
