"""The checks of role bindings against the organisation: posts, units and kinds that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from duban.engine.definition.duty_check import KIND
from duban.engine.definition.faults import UNIT, Path, Report
from duban.engine.definition.library import Library
from duban.engine.definition.workflow import Binding

_POST = ("DEF-178", "post", "岗位")
# Not posts of a kind, but words for whichever there are.
_ANY_POST = frozenset({"any", "head"})


def check_roles(
    roles: Mapping[str, Sequence[Binding]], origin: str, library: Library, report: Report
) -> None:
    """Note what bindings name that the organisation does not have; nothing when there is none."""
    organisation = library.organisation
    if organisation is None or not library.directory.unit_ids:
        return
    posts = {post for kind in organisation.kinds.values() for post in kind.posts} | _ANY_POST
    units = dict.fromkeys(library.directory.unit_ids)
    for role, bindings in roles.items():
        for number, binding in enumerate(bindings):
            at: Path = ("roles", role)
            item = (*at, number)
            source = report.sources.get(origin)
            path = item if source is not None and item in source.places else at
            report.known(origin, binding.post, posts, (*path, "post"), _POST)
            of, _, rest = binding.of.partition(".")
            if of == "up" and rest:
                report.known(origin, [rest], organisation.kinds, (*path, "of"), KIND)
            elif not rest and of != "up":
                report.known(origin, [of], units, (*path, "of"), UNIT)
