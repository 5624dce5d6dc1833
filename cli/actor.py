"""Who acts at the command line: the operating system's user, mapped to a person by the settings."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from duban.cli.refusals import NobodyActs
from duban.engine.errors import NotImpersonator
from duban.engine.values.actor import Actor

if TYPE_CHECKING:
    from duban.adapters.settings import Settings


def acting_person(settings: Settings, person: str | None, post: str | None) -> Actor:
    """Return the actor, vouched for by the operating system.

    Raises:
        NotImpersonator: *person* is somebody else, and the user has no right to act as others.
        NobodyActs: the user is no person of the settings, and no person was named.
    """
    user = os_user()
    own = settings.people.get(user)
    if person is not None and person != own and user not in settings.act_as:
        raise NotImpersonator(user=user, person=person)
    acting = person or own
    if acting is None:
        raise NobodyActs(user=user)
    return Actor(person=acting, post=post, authenticated_by=f"os:{user}")


def operator(settings: Settings) -> str:
    """Return who publishes and migrates: the person of the user, else the user itself."""
    user = os_user()
    return settings.people.get(user, f"os:{user}")


def os_user() -> str:
    """Return the user as the system knows it; the environment may say anything."""
    if sys.platform == "win32":
        return os.getlogin()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run under a number that has no name
        return f"uid-{os.getuid()}"
