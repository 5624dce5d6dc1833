"""What things are called in the reader's language; their names are what commands take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duban.cli.context import Call
from duban.cli.output import shown

if TYPE_CHECKING:
    from duban.engine.values.case import Case


def named(name: str, title: str | None) -> str:
    """Return the name, and the title where it says more."""
    says_more = title and title.lower().replace(" ", "_") != name
    return f"{name} {title}" if says_more else name


def title_of_state(case: Case, call: Call) -> str | None:
    """Return the titles of the case's states, if one has any."""
    found = call.library.workflows.get(case.workflow)
    known = (
        {name: found.states[name] for name in case.states if name in found.states} if found else {}
    )
    titles = {n: title for n, s in known.items() if (title := (s.title or {}).get(call.lang))}
    return "+".join(titles.get(name, name) for name in case.states) if titles else None


def state(case: Case, call: Call) -> str:
    """Return the case's state with its title."""
    return named(case.state, title_of_state(case, call))


def parts(workflow: str, call: Call) -> dict[str, str]:
    """Return the titles of the fields and deadlines of *workflow* that have one."""
    found = call.library.workflows.get(workflow)
    known: dict[str, Any] = {**found.deadlines, **found.fields} if found else {}
    said = {name: (part.title or {}).get(call.lang) for name, part in known.items()}
    return {name: title for name, title in said.items() if title}


def unit(name: str, call: Call) -> str:
    """Return the title of a unit."""
    return call.library.directory.title(name, call.lang)


def field(case: Case, name: str, call: Call, *, both: bool = False) -> str:
    """Return the value of a field: of a choice its title, with *both* its name as well."""
    value = case.data.get(name)
    found = call.library.workflows.get(case.workflow)
    known = found.fields.get(name) if found else None
    choice = known.choices.get(str(value)) if known else None
    title = (choice.title or {}).get(call.lang) if choice else None
    if title is None:
        return shown(value, call)
    return named(str(value), title) if both else title
