from __future__ import annotations

import re
from pathlib import Path

import forked
import pages
import pytest

READMES = ("README.md", "README.zh.md")

# DESIGN: the promises are printed as they were made.
PROMISES = (
    "A change is atomic: state, entry, deadlines and notices commit together or not at all. "
    "The same request key applied twice changes nothing the second time; "
    "the same key with another body is refused.",
    "Acknowledged is durable.",
    "Each rung of each deadline is recorded exactly once however many daemons run, "
    "never early by the store's clock, never after the case left the state that armed it, "
    "never lost to an outage.",
    "Every notice is delivered at least once, or stands as a visible dead letter; each has a stable id.",
    "History is append-only and tamper-evident; "
    "personal data can be erased from it without breaking that.",
    "A running case stays on the version of the rules that it started under, "
    "until somebody migrates it, with a reason, "
    "after a dry run that uses the same validator as the real run.",
    "Nobody acts outside their role, at any entrance: "
    "the check is in the core, not in the CLI or the web layer.",
)
PROMISES_ZH = ("原子", "断电不丢", "只记录一次", "至少送达一次", "只增不改", "规则版本", "越权")


def test_the_tour_runs_and_shows_what_the_page_shows(tmp_path: Path) -> None:
    assert pages.run("README.md", tmp_path) == []


def test_the_chinese_tour_runs_and_shows_what_the_page_shows(tmp_path: Path) -> None:
    (tmp_path / "programs").mkdir()
    with forked.client(tmp_path / "programs") as programs:
        assert pages.run("README.zh.md", tmp_path, programs) == []


def test_both_readmes_tell_the_reader_to_type_the_same() -> None:
    english, chinese = (pages.commands(pages.page(name)) for name in READMES)
    assert english == chinese
    assert len(english) > 10


def test_both_readmes_install_in_the_same_way() -> None:
    english, chinese = (_shell(name) for name in READMES)
    assert english == chinese


def _shell(name: str) -> list[str]:
    return [
        line.partition("#")[0].strip()
        for block in pages.blocks(pages.page(name))
        if block.kind == "sh"
        for line in block.text.splitlines()
    ]


def test_the_lines_without_make_do_what_the_makefile_does() -> None:
    makefile = pages.page("Makefile")
    shell = "\n".join(_shell("README.md"))
    for told in ("-c constraints.txt -e .", "simulate fuling-2020", "--group test --group lint"):
        assert told in makefile
        assert told in shell


def test_the_seven_promises_stand_in_the_english_readme_as_they_were_made() -> None:
    printed = [" ".join(item.split()) for item in _numbered("README.md")]
    assert printed == list(PROMISES)


def test_the_seven_promises_stand_in_the_chinese_readme() -> None:
    printed = _numbered("README.zh.md")
    assert len(printed) == len(PROMISES_ZH)
    for promise, word in zip(printed, PROMISES_ZH, strict=True):
        assert word in promise


def _numbered(name: str) -> list[str]:
    return re.findall(r"^\d\. (.*(?:\n   .*)*)", pages.page(name), re.M)


@pytest.mark.parametrize(
    ("shown", "said", "fits"),
    [
        ("a\n", "a\n", True),
        ("a\n", "a\nb\n", False),
        ("...\nb\n", "a\na\nb\n", True),
        ("...\nb\n...\n", "b\n", True),
        ("a ... c\n", "a b c\n", True),
        ("a ... c\n", "a b\nc\n", False),
    ],
)
def test_what_a_page_shows_is_compared_line_by_line(shown: str, said: str, fits: bool) -> None:
    assert pages.matches(shown, said) is fits


def test_a_page_that_shows_something_else_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = "```console\n$ echo one\ntwo\n$ false\n$ true\n$ false\n$ echo $?\n1\n```\n"
    monkeypatch.setattr(pages, "page", lambda name: wrong)
    found = [first.splitlines()[0] for first in pages.run("any", tmp_path)]
    assert found == ["$ echo one", "$ false"]
