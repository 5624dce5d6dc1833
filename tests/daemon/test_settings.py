"""Settings: read from one file and the environment, checked whole, and never a place for secrets."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from duban.adapters.settings import Settings, read_settings
from duban.engine.errors import BadUsage

WHOLE = """
store = "sqlite:////srv/duban/cases.db"
lang = "zh"
act_as = ["root"]

[channels]
notice = "file:notices.jsonl"
urgent = "smtp://mail.example?sender=duban@x.example&password=env:MAIL"

[people]
wangf = "wang-fang"

[daemon]
interval = 10
batch = 50
"""


def written(folder: Path, text: str, name: str = "duban.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def read(folder: Path, **environ: str) -> Settings:
    return read_settings(directory=folder, environ=environ)


def test_without_a_file_everything_has_a_default(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings == Settings()
    assert (settings.store, settings.lang) == ("sqlite:///duban.db", None)
    assert dict(settings.channels) == {"notice": "console:"}
    assert (settings.interval, settings.batch, settings.file) == (30.0, 100, None)


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, WHOLE)
    assert read(tmp_path) == Settings(
        store="sqlite:////srv/duban/cases.db",
        lang="zh",
        channels={
            "notice": "file:notices.jsonl",
            "urgent": "smtp://mail.example?sender=duban@x.example&password=env:MAIL",
        },
        people={"wangf": "wang-fang"},
        act_as=frozenset({"root"}),
        interval=10.0,
        batch=50,
        file=path,
    )


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    written(tmp_path, WHOLE)
    settings = read(
        tmp_path,
        DUBAN_STORE="memory://",
        DUBAN_LANG="en",
        DUBAN_INTERVAL="7.5",
        DUBAN_BATCH="9",
    )
    assert (settings.store, settings.lang) == ("memory://", "en")
    assert (settings.interval, settings.batch) == (7.5, 9)


def test_the_option_wins_over_the_variable_and_the_variable_over_the_folder(tmp_path: Path) -> None:
    written(tmp_path, 'lang = "zh"')
    a, b = written(tmp_path, "[daemon]\nbatch=1", "a"), written(tmp_path, "[daemon]\nbatch=2", "b")
    assert read(tmp_path, DUBAN_CONFIG=str(a)).file == a
    assert read_settings(b, environ={"DUBAN_CONFIG": str(a)}, directory=tmp_path).file == b


def test_a_file_that_was_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(BadUsage, match=r"nowhere\.toml: cannot be read"):
        read(tmp_path, DUBAN_CONFIG="nowhere.toml")


def test_settings_do_not_change(tmp_path: Path) -> None:
    written(tmp_path, WHOLE)
    settings = read(tmp_path)
    with pytest.raises(FrozenInstanceError):
        settings.batch = 1  # type: ignore[misc]  # that is the test
    with pytest.raises(TypeError):
        settings.people["x"] = "y"  # type: ignore[index]  # that is the test


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("stroe = 'x'", "there is no 'stroe' here; did you mean 'store'"),
        (
            "[daemon]\nintervall = 9",
            "daemon: there is no 'intervall' here; did you mean 'interval'",
        ),
        ("zzz = 1", "known: act_as, channels, daemon, lang, people, store"),
        ("lang = 'fr'", "lang: must be zh or en"),
        ("store = 7", "store: must be a text"),
        ("store = ''", "store: must be a text"),
        ("channels = 'console:'", "channels: must be a table"),
        ("[channels]", "name at least one channel"),
        ("[channels]\nnotice = 1", "channels.notice: must be a text"),
        ("[people]\nann = ['a']", "people.ann: must be a text"),
        ("act_as = 'root'", "act_as: must be a list"),
        ("act_as = [0]", "act_as: must be a text"),
        ("daemon = 5", "daemon: must be a table"),
        ("[daemon]\ninterval = 4", "daemon.interval: must be 5 to 3600"),
        ("[daemon]\ninterval = inf", "daemon.interval: must be 5 to 3600"),
        ("[daemon]\ninterval = nan", "daemon.interval: must be 5 to 3600"),
        ("[daemon]\ninterval = true", "daemon.interval: must be 5 to 3600"),
        ("[daemon]\ninterval = '30'", "daemon.interval: must be 5 to 3600"),
        ("[daemon]\nbatch = 0", "daemon.batch: must be a whole number"),
        ("[daemon]\nbatch = 1.5", "daemon.batch: must be a whole number"),
        ("store = ", "is not TOML: .*end of document"),
        ("lang = 'zh'\nstore = \n", "is not TOML: .*line 2"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(text: str, why: str, tmp_path: Path) -> None:
    written(tmp_path, text)
    with pytest.raises(BadUsage, match=why) as caught:
        read(tmp_path)
    assert caught.value.text("en").startswith(str(tmp_path / "duban.toml"))
    assert caught.value.text("zh") != caught.value.text("en")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "text",
    [
        "password = 'hunter2'",
        "smtp_secret = 'hunter2'",
        "[daemon]\ntoken = 'hunter2'",
        "[channels]\npassword = 'hunter2'",
        "[channels]\nnotice = 'smtp://u:hunter2@h?sender=a@b.cn'",
        "[channels]\nnotice = 'smtp://u@h?sender=a@b.cn&password=hunter2'",
        "store = 'postgresql+psycopg://duban:hunter2@db/duban'",
        "store = 'postgresql+psycopg://db/duban?user=u&password=hunter2'",
    ],
)
def test_a_literal_secret_is_refused_and_not_repeated(text: str, tmp_path: Path) -> None:
    written(tmp_path, text)
    with pytest.raises(BadUsage, match="env:NAME or file:/path") as caught:
        read(tmp_path)
    assert "hunter2" not in caught.value.text("en") + caught.value.text("zh")


def test_a_store_with_a_password_is_named_by_reference_and_never_shown(tmp_path: Path) -> None:
    url = "postgresql+psycopg://duban:hunter2@db/duban"
    written(tmp_path, 'store = "env:CASES"')
    settings = read(tmp_path, CASES=url)
    assert settings.store == url
    assert "hunter2" not in repr(settings) + str(settings.shown())
    with pytest.raises(BadUsage, match="CASES is not set"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("DUBAN_STROE", "memory://", "did you mean 'DUBAN_STORE'"),
        ("DUBAN_LANG", "中文", "DUBAN_LANG: must be zh or en"),
        ("DUBAN_INTERVAL", "soon", "DUBAN_INTERVAL: must be 5 to 3600"),
        ("DUBAN_INTERVAL", "٣٠", "DUBAN_INTERVAL: must be 5 to 3600"),
        ("DUBAN_BATCH", "-1", "DUBAN_BATCH: must be a whole number"),
    ],
)
def test_a_wrong_variable_is_refused(name: str, value: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(BadUsage, match=why):
        read(tmp_path, **{name: value})


def test_other_variables_of_ours_are_left_alone(tmp_path: Path) -> None:
    assert read(tmp_path, DUBAN_SMTP_PASSWORD="x", DUBAN_DEBUG="1", HOME="/") == Settings()


def test_a_file_in_another_encoding_says_so(tmp_path: Path) -> None:
    (tmp_path / "duban.toml").write_bytes('lang = "中文"'.encode("gb18030"))
    with pytest.raises(BadUsage, match="save it as UTF-8"):
        read(tmp_path)
    (tmp_path / "duban.toml").write_bytes(b'\xef\xbb\xbflang = "zh"')
    assert read(tmp_path).lang == "zh"
