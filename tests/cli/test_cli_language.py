from __future__ import annotations

from pathlib import Path

import pytest

from duban.cli.language import choose


@pytest.mark.parametrize(
    ("args", "environ", "lang"),
    [
        ([], {}, "en"),
        ([], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ([], {"LC_MESSAGES": "zh_TW", "LANG": "C"}, "zh"),
        ([], {"LANG": "zh_CN", "DUBAN_LANG": "en"}, "en"),
        (["--lang", "zh"], {"DUBAN_LANG": "en"}, "zh"),
        (["--lang=zh", "case"], {"DUBAN_LANG": "en"}, "zh"),
        (["--lang"], {}, "en"),
    ],
)
def test_the_command_line_then_the_environment_then_the_locale(
    args: list[str], environ: dict[str, str], lang: str
) -> None:
    assert choose(args, environ) == lang


def test_the_settings_come_before_the_locale() -> None:
    Path("duban.toml").write_text('lang = "zh"', encoding="utf-8")
    assert choose([], {"LANG": "en_GB.UTF-8"}) == "zh"
    assert choose([], {"LANG": "en_GB.UTF-8", "DUBAN_LANG": "en"}) == "en"


def test_named_settings_are_looked_at() -> None:
    Path("office.toml").write_text('lang = "zh"', encoding="utf-8")
    assert choose(["--config", "office.toml"], {}) == "zh"
    assert choose([], {"DUBAN_CONFIG": "office.toml"}) == "zh"


@pytest.mark.parametrize("text", ["lang = ", "lang = 3", "\x00"])
def test_settings_that_cannot_be_read_do_not_stop_help(text: str) -> None:
    Path("duban.toml").write_text(text, encoding="utf-8")
    assert choose([], {"LANG": "zh_CN"}) == "zh"
