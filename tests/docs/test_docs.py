from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import click
import forked
import pages
import pytest

import duban
from duban.adapters.notify.choosing import notifier
from duban.adapters.settings import read_settings
from duban.cli.command import Group
from duban.cli.commands import COMMANDS
from duban.cli.main import main

DOCS = sorted(str(p.relative_to(pages.ROOT)) for p in (pages.ROOT / "docs").rglob("*.md"))
PAGES = ["README.md", "README.zh.md", "CHANGELOG.md", *DOCS]
RUN = [name for name in DOCS if pages.steps(pages.page(name))]
CLI = "docs/reference/cli.md"
_LINK = re.compile(r"\[[^\]\n]*\]\((?P<to>[^)\s]+)\)")
_PLANNED = {"diagram"}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    folders = [tmp_path_factory.mktemp("page") for _ in RUN]
    with (
        forked.client(tmp_path_factory.mktemp("programs")) as programs,
        ThreadPoolExecutor(2) as pool,
    ):
        return dict(zip(RUN, pool.map(pages.run, RUN, folders, repeat(programs)), strict=True))


@pytest.mark.parametrize("name", RUN)
def test_a_page_that_shows_how_to_do_it_can_be_followed(
    name: str, outcomes: dict[str, list[str]]
) -> None:
    assert outcomes[name] == []


def test_the_tutorials_of_both_languages_tell_the_reader_to_type_the_same() -> None:
    english, chinese = (pages.page(f"docs/tutorial/first-hour{lang}.md") for lang in ("", ".zh"))
    assert pages.commands(english) == pages.commands(chinese)


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    text = _prose(pages.page(name))
    assert [to for to in _LINK.findall(text) if not _leads_somewhere(to, name)] == []


def _leads_somewhere(to: str, name: str) -> bool:
    if to.startswith("https://"):
        return True
    path, _, anchor = to.partition("#")
    target = (pages.ROOT / name).parent / path if path else pages.ROOT / name
    if not target.is_file():
        return False
    return not anchor or anchor in _anchors(target.read_text(encoding="utf-8"))


def _anchors(text: str) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", _prose(text), re.M)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def _prose(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


@pytest.mark.parametrize("name", [name for name in DOCS if name != "docs/index.md"])
def test_every_page_can_be_reached_from_the_map(name: str) -> None:
    reached, todo = set[Path](), [pages.ROOT / "docs" / "index.md"]
    while todo:
        page = todo.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        links = _LINK.findall(_prose(page.read_text(encoding="utf-8")))
        todo += [(page.parent / to.partition("#")[0]).resolve() for to in links if ":" not in to]
    assert pages.ROOT / name in reached


@pytest.fixture(scope="module")
def shipped() -> Iterator[duban.Engine]:
    engine = duban.connect("memory://")
    engine.apply(str(pages.ROOT / "workflows"))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def calendar_alone() -> Iterator[duban.Engine]:
    engine = duban.connect("memory://")
    engine.apply(str(pages.ROOT / "workflows" / "calendars" / "china.yaml"))
    yield engine
    engine.close()


WHOLE = [
    block
    for name in DOCS
    for block in pages.blocks(pages.page(name))
    if block.mark.startswith("check")
]


@pytest.mark.parametrize("block", WHOLE, ids=lambda block: block.text.splitlines()[0])
def test_a_definition_that_is_said_to_be_whole_passes_the_check(
    block: pages.Block, shipped: duban.Engine, calendar_alone: duban.Engine, tmp_path: Path
) -> None:
    file = tmp_path / "example.yaml"
    file.write_text(block.text, encoding="utf-8")
    engine = calendar_alone if block.mark == "check alone" else shipped
    found = engine.check(str(file))
    assert (len(found.definitions), found.faults) == (1, ())


def test_every_kind_of_definition_has_a_whole_example() -> None:
    kinds = {block.text.partition(":")[0] for block in WHOLE}
    assert kinds == {"workflow", "ladder", "campaign", "phase", "calendar", "organisation"}


@pytest.mark.parametrize("name", [name for name in DOCS if "```toml" in pages.page(name)])
def test_settings_that_a_page_shows_can_be_used(name: str, tmp_path: Path) -> None:
    (block,) = (block for block in pages.blocks(pages.page(name)) if block.kind == "toml")
    (tmp_path / "duban.toml").write_text(block.text, encoding="utf-8")
    environ = {"DUBAN_MAIL_PASSWORD": "not one"}
    settings = read_settings(environ=environ, directory=tmp_path)
    for url in settings.channels.values():
        notifier(url, environ=environ)


def _sections() -> dict[str, str]:
    parts = re.split(r"^### `duban ([a-z ]+)`.*$", pages.page(CLI), flags=re.M)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    assert set(_sections()) == set(COMMANDS)


def test_what_the_help_lists_is_named_in_the_reference() -> None:
    listed = main.list_commands(click.Context(main))
    assert [name for name in listed if f"`duban {name}" not in pages.page(CLI)] == []


def test_every_option_that_the_reference_names_exists() -> None:
    unknown = [
        f"{path} {option}"
        for path, text in _sections().items()
        for option in re.findall(r"`(--[a-z-]+)", text)
        if option not in _options(path)
    ]
    assert unknown == []


def _options(path: str) -> set[str]:
    """Return the options of a command, and those that stand before it."""
    command: click.Command = main
    ctx = click.Context(main, info_name="duban")
    found = {name for param in main.params for name in param.opts}
    for word in path.split():
        assert isinstance(command, Group)
        below = command.get_command(ctx, word)
        assert below is not None
        command, ctx = below, click.Context(below, parent=ctx, info_name=word)
    return found | {name for param in command.params for name in param.opts}


@pytest.mark.parametrize("name", PAGES)
def test_a_command_that_a_page_names_exists_or_is_said_to_be_planned(name: str) -> None:
    named = set(re.findall(r"`duban (?:--\S+ \S+ )?([a-z]+)", pages.page(name)))
    missing = named - {path.split()[0] for path in COMMANDS}
    assert missing <= _PLANNED


def test_the_changelog_has_an_unreleased_section_that_says_something() -> None:
    found = re.search(
        r"^## \[Unreleased\]\n(.*?)(?=^## |\Z)", pages.page("CHANGELOG.md"), re.M | re.S
    )
    assert found is not None
    assert "### Added" in found[1]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_names_no_place_on_somebodys_machine(name: str) -> None:
    assert re.findall(r"/(?:home|root|work|tmp|Users)/", pages.page(name)) == []
