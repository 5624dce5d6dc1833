from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from duban.adapters.settings import read_settings

Run = Callable[..., Result]


def test_a_starter_can_be_checked_and_applied(alone: Run) -> None:
    result = alone("init", "office")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0] == "office/duban.toml"
    assert result.stdout.splitlines()[-1] == "next: cd office && duban apply workflows"
    os.chdir("office")
    assert alone("check", "workflows").exit_code == 0
    assert alone("apply", "workflows").exit_code == 0
    assert Path("duban.db").exists()


def test_a_starter_holds_definitions_and_no_code(alone: Run) -> None:
    written = json.loads(alone("init", "--json").stdout)["written"]
    assert "workflows/hazard.yaml" in written
    assert "workflows/fuling/units.csv" in written
    assert {Path(path).suffix for path in written} <= {".toml", ".yaml", ".csv", ".json"}


def test_the_settings_of_a_starter_know_the_user(alone: Run) -> None:
    alone("init")
    settings = read_settings("duban.toml", environ={})
    assert settings.people == {"clerk": "clerk"}
    assert settings.act_as == {"clerk"}
    assert settings.store == "sqlite:///duban.db"


def test_nothing_is_overwritten(alone: Run) -> None:
    Path("duban.toml").write_text("# mine\n", encoding="utf-8")
    result = alone("init")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "CLI-010 duban.toml is there already and is not overwritten; choose another folder, or "
        "move it away\n"
    )
    assert Path("duban.toml").read_text(encoding="utf-8") == "# mine\n"
    assert not Path("workflows").exists()


def test_a_folder_that_may_not_be_written_is_one_line(alone: Run) -> None:
    Path("file").write_text("", encoding="utf-8")
    result = alone("init", "file/office")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("ENV-005 file/office")
