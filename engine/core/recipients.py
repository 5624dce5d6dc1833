"""Whom a notice reaches: the holders of a role's posts; a vacant post climbs, and says so."""

from __future__ import annotations

from collections.abc import Iterator

from duban.engine.core.roles import parties_of_role, posts_of_role
from duban.engine.core.scope import Scope
from duban.engine.core.texts import Occasion, body, subject
from duban.engine.definition.machine import CompiledEffect
from duban.engine.values.directory import Holder
from duban.engine.values.identity import short_hash
from duban.engine.values.notice import Notice

OWNER = "owner"


def notices_to(
    effect: CompiledEffect, scope: Scope, occasion: Occasion, *, seq: int, first: int
) -> list[Notice]:
    """Return one notice for each holder and channel; ids follow from the entry, so retries agree.

    ``first`` numbers the notices of the entry. A role that nobody holds gives a notice without a
    person, which the outbox keeps as a dead letter: nothing is dropped in silence.
    """
    lang = scope.world.lang
    channels = effect.model.channels or scope.world.channels
    template = effect.texts.get(lang) or next(iter(effect.texts.values()), None)
    head, text = subject(scope, occasion, lang), body(scope, occasion, template, lang)
    made: list[Notice] = []
    for to, holder, climbed_from in _holders(effect, scope, occasion):
        for channel in channels:
            number = first + len(made)
            made.append(
                Notice(
                    id=short_hash(scope.case.id, seq, number, channel, to),
                    case=scope.case.id,
                    seq=seq,
                    channel=channel,
                    to=to,
                    person=holder.person if holder else None,
                    address=holder.address if holder else None,
                    subject=head,
                    text=text,
                    urgent=effect.model.urgent,
                    created=scope.world.now,
                    climbed_from=climbed_from,
                )
            )
    return made


def _holders(
    effect: CompiledEffect, scope: Scope, occasion: Occasion
) -> Iterator[tuple[str, Holder | None, str | None]]:
    seen: set[str] = set()
    for role in effect.model.notify or ():
        name = occasion.owner if role == OWNER and occasion.owner else role
        for to, holder, climbed_from in _of_role(name, scope):
            person = holder.person if holder else to
            if person not in seen:
                seen.add(person)
                yield to, holder, climbed_from


def _of_role(role: str, scope: Scope) -> Iterator[tuple[str, Holder | None, str | None]]:
    directory, today = scope.world.directory, scope.world.today
    posts = posts_of_role(role, scope)
    parties = parties_of_role(role, scope)
    if not posts and not parties:
        yield f"role:{role}", None, None
    for post in posts:
        reached, holders = directory.climb(post, today)
        climbed_from = post if reached != post else None
        if not holders:
            yield post, None, None
        for holder in holders:
            yield reached, holder, climbed_from
    for party in parties:
        # The entry tells the role only: who a party is may be personal.
        yield f"party:{role}", Holder(post=f"party:{role}", person=party), None
