"""Who plays which role on a case: posts resolved through the directory, inside the command."""

from __future__ import annotations

from collections.abc import Iterator

from duban.engine.core.scope import Scope
from duban.engine.core.world import World
from duban.engine.definition.workflow import Binding
from duban.engine.values.actor import Actor

ANYONE = "anyone"


def posts_of_role(role: str, scope: Scope) -> tuple[str, ...]:
    """Return the posts (``unit/name``) that play *role* on the case of *scope*."""
    found: dict[str, None] = {}
    handed = scope.case.holds.get(role)
    for binding in scope.machine.roles.get(role, ()):
        for unit in [handed] if handed else _units(binding, scope):
            names = ["any"] if handed else binding.post
            found.update(dict.fromkeys(scope.world.directory.posts(unit, names, scope.world.today)))
    return tuple(found)


def parties_of_role(role: str, scope: Scope) -> tuple[str, ...]:
    """Return the persons who play *role* without holding a post."""
    parties: list[str] = []
    for binding in scope.machine.roles.get(role, ()):
        if binding.party is not None:
            value = scope.value(scope.machine.expressions[binding.party])
            parties.extend([value] if isinstance(value, str) else value)
    return tuple(party for party in parties if party)


def _units(binding: Binding, scope: Scope) -> Iterator[str]:
    of = binding.of
    if not binding.post:
        return
    if of == "case.unit":
        yield scope.case.unit
    elif of == "up" or of.startswith("up."):
        kind = of.removeprefix("up").removeprefix(".")
        found = scope.world.directory.ancestor(scope.case.unit, kind, scope.world.today)
        if found is not None:
            yield found
    elif of.startswith("case."):
        value = scope.value(scope.machine.expressions[of])
        yield from ([value] if isinstance(value, str) else value)
    else:
        yield of


def actor_posts(actor: Actor, world: World) -> tuple[str, ...]:
    """Return the posts in which *actor* acts: the one named if it is held, else all that are."""
    held = world.directory.posts_of(actor.person, world.today)
    if actor.post is None:
        return held
    return (actor.post,) if actor.post in held else ()


def plays(actor: Actor, role: str, scope: Scope) -> bool:
    """Return whether *actor* plays *role* on the case of *scope*."""
    if role == ANYONE:
        return True
    posts = set(actor_posts(actor, scope.world))
    if posts and not posts.isdisjoint(posts_of_role(role, scope)):
        return True
    return actor.person in parties_of_role(role, scope)


def roles_of(actor: Actor, scope: Scope) -> tuple[str, ...]:
    """Return the roles that *actor* plays on the case of *scope*."""
    return tuple(role for role in scope.machine.roles if plays(actor, role, scope))


def actors_of_role(role: str, scope: Scope) -> tuple[Actor, ...]:
    """Return those who play *role* on the case of *scope*, each in the post that makes it so."""
    directory, today = scope.world.directory, scope.world.today
    held = [
        Actor(person=holder.person, post=post)
        for post in posts_of_role(role, scope)
        for holder in directory.holders(post, today)
    ]
    return (*held, *(Actor(person=party) for party in parties_of_role(role, scope)))
