"""Who acts."""

from __future__ import annotations

from dataclasses import dataclass

TIMER = "system:timer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: a person, in a post (``unit/post``), perhaps for somebody else.

    ``authenticated_by`` says what vouches for the person: the embedding host, the CLI's mapping of
    an operating system user, or the engine itself for timers.
    """

    person: str
    post: str | None = None
    on_behalf_of: str | None = None
    authenticated_by: str = "host"

    @property
    def is_timer(self) -> bool:
        """Whether no person acts, but the clock."""
        return self.person == TIMER

    @property
    def persons(self) -> tuple[str, ...]:
        """Everybody who counts as having done it, for four-eyes rules."""
        return (self.person, self.on_behalf_of) if self.on_behalf_of else (self.person,)


THE_TIMER = Actor(person=TIMER, authenticated_by="engine")
