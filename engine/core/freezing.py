"""Who may freeze a register by hand: the holders of the posts that the campaign names for it."""

from __future__ import annotations

from duban.engine.core.roles import actor_posts
from duban.engine.core.world import World
from duban.engine.definition.campaign import Campaign
from duban.engine.errors import Reason, TransitionRefused
from duban.engine.values.actor import TIMER, Actor
from duban.engine.values.case import Case

TRIGGER = "freeze"


def check_freezer(campaign: Campaign, name: str, case: Case, actor: Actor, world: World) -> None:
    """Refuse unless *actor* holds a post of a role that may freeze the register *name*.

    Raises:
        TransitionRefused: no post of theirs may; *case* is the campaign's.
    """
    roles = campaign.registers[name].by
    wanted = {
        post
        for role in roles
        for binding in campaign.roles.get(role, ())
        for post in world.directory.posts(binding.of, binding.post, world.today)
    }
    if TIMER not in actor.persons and not wanted.isdisjoint(actor_posts(actor, world)):
        return
    listed = ", ".join(roles) or "-"
    en = f"register {name} is frozen by hand only by: {listed}"
    zh = f"台账 {name} 只能由以下角色手工固定：{listed}"
    raise TransitionRefused(
        case=case.id, trigger=TRIGGER, reasons=[Reason("RULE-002", en, zh, f"registers.{name}.by")]
    )
