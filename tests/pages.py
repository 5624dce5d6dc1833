"""Pages of documentation that are run: what they tell a reader to type is typed, and what they show compared.

- ```console: each ``$ `` line is run by one shell, in order. It must end with 0, unless the next line
  is ``$ echo $?``. The lines below it are what it prints, ``...`` stands for anything; where there is
  nothing below it, anything may be printed.
- ```python: all of a page are one program, run after the shell. The comment behind (or below) a
  ``print(`` is what it prints.
- ``<!-- file: NAME -->`` before a fence: the block is written to that file.
- ``<!-- check -->`` before a fence: the block is a whole definition, which `duban check` must accept.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_FENCE = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*) -->\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S
)
_PRINTED = re.compile(r"^ *print\(.*\)  # (?P<said>.*)$")
_BELOW = re.compile(r"^ +# (?P<said>.*)$")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a page, and the comment that stands before it."""

    kind: str
    text: str
    mark: str


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to run, what it should print (None: anything), and whether it should end with 0."""

    command: str
    shown: str | None = None
    succeeds: bool = True


def page(name: str) -> str:
    """Return the text of a page of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page."""
    return [Block(m["kind"], m["text"], m["mark"] or "") for m in _FENCE.finditer(text)]


def steps(text: str) -> list[Step]:
    """Return what a page wants to be run, in order."""
    found: list[Step] = []
    programs = ""
    for block in blocks(text):
        if block.mark.startswith("file: "):
            found.append(_written(block.mark.removeprefix("file: "), block.text))
        elif block.kind == "console":
            found += _typed(block.text)
        elif block.kind == "python":
            programs += block.text
    if programs:
        found.append(Step(_heredoc("python -", programs), _printed(programs)))
    return found


def commands(text: str) -> list[str]:
    """Return the lines of a page that a reader types into a shell."""
    typed = [step.command for block in blocks(text) for step in _typed_in(block)]
    return [re.sub(r"DUBAN_LANG=\w+", "DUBAN_LANG=…", command) for command in typed]


def run(name: str, folder: Path, programs: Path | None = None) -> list[str]:
    """Run a page in *folder* and return what did not go as the page says.

    *programs* is a folder that comes first on the path.
    """
    todo = steps(page(name))
    script = "rc=0\n" + "".join(
        f"(exit $rc)\n{{\n{step.command}\n}} >{folder}/{number}.out 2>&1\nrc=$?\n"
        f"echo $rc >{folder}/{number}.rc\n"
        for number, step in enumerate(todo)
    )
    desk = folder / "desk"
    desk.mkdir()
    subprocess.run(
        ["bash", "-c", script], cwd=desk, env=_environment(folder, programs), stdin=subprocess.DEVNULL,
        capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    return [wrong for number, step in enumerate(todo) for wrong in _wrong(step, folder, number)]


def _wrong(step: Step, folder: Path, number: int) -> Iterator[str]:
    said = (folder / f"{number}.out").read_text(encoding="utf-8")
    code = (folder / f"{number}.rc").read_text().strip()
    if (code == "0") != step.succeeds:
        yield f"$ {step.command}\nended with {code}:\n{said}"
    elif step.shown is not None and not matches(step.shown, said):
        yield f"$ {step.command}\nprinted:\n{said}\nthe page shows:\n{step.shown}"


def matches(shown: str, said: str) -> bool:
    """Whether *said* is what a page shows: ``...`` stands for any lines, or within a line for any text."""
    pieces = [
        r"(?:.*\n)*?" if line.strip() == "..." else _line(line) + r"\n"
        for line in shown.splitlines()
    ]
    return re.fullmatch("".join(pieces), said) is not None


def _line(line: str) -> str:
    return ".*".join(map(re.escape, line.rstrip().split("..."))) + " *"


def _environment(folder: Path, programs: Path | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DUBAN_")}
    places = [programs, Path(sys.executable).parent, kept.get("PATH")]
    path = os.pathsep.join(str(place) for place in places if place)
    return {**kept, "PATH": path, "HOME": str(folder), "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}


def _written(name: str, text: str) -> Step:
    parent = f'mkdir -p "$(dirname {name})"\n'
    return Step(parent + _heredoc(f"cat > {name}", text))


def _heredoc(command: str, text: str) -> str:
    return f"{command} <<'END-OF-BLOCK'\n{text}END-OF-BLOCK"


def _typed_in(block: Block) -> Sequence[Step]:
    return _typed(block.text) if block.kind == "console" else ()


def _typed(text: str) -> list[Step]:
    pieces = re.split(r"^\$ ", text, flags=re.M)[1:]
    typed = [piece.split("\n", 1) for piece in pieces]
    following = [command for command, _ in typed[1:]] + [""]
    return [
        Step(command, shown or None, succeeds=after != "echo $?")
        for (command, shown), after in zip(typed, following, strict=True)
    ]


def _printed(program: str) -> str:
    lines: list[str] = []
    below = False
    for line in program.splitlines():
        beside, under = _PRINTED.match(line), _BELOW.match(line) if below else None
        found = beside or under
        if found:
            lines.append(found["said"])
        below = (line.lstrip().startswith("print(") and not beside) or under is not None
    return "".join(f"{line}\n" for line in lines)
