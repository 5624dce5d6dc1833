"""Statistics of a campaign, counted over its cases as they stood at an instant."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from duban.engine.core.statistics import Figures, figures
from duban.engine.definition.lists import Statistic
from duban.engine.errors import NotFound
from duban.engine.shell.looking import Gaze


def statistics(gaze: Gaze, names: Iterable[str] | None = None) -> list[Figures]:
    """Return what the statistics of the campaign come to, in their order: all, or those *named*.

    Raises:
        NotFound: the campaign has none of that name.
    """
    known = gaze.campaign.statistics
    wanted = list(known) if names is None else list(names)
    for name in wanted:
        if name not in known:
            raise unknown("statistic", "统计", name, known)
    by_workflow: dict[str, dict[str, Statistic]] = {}
    for name in wanted:
        by_workflow.setdefault(known[name].of, {})[name] = known[name]
    found: dict[str, Figures] = {}
    for workflow, some in by_workflow.items():
        model = gaze.library().workflow(workflow)
        for one in figures(some, model, gaze.scopes(workflow), gaze.at):
            found[one.name] = one
    return [found[name] for name in wanted]


def unknown(kind: str, kind_zh: str, name: str, known: Collection[str]) -> NotFound:
    """Return the refusal of a name that the campaign does not have."""
    listed = ", ".join(known) or "-"
    return NotFound(
        kind=kind,
        kind_zh=kind_zh,
        name=name,
        hint=f"; there are: {listed}",
        hint_zh=f"；现有：{listed}",
    )
