"""Entries are proved by their chain; personal values stay out of the bytes and can be erased."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from worlds import CASE, PAUL, begin

from duban.engine.history.chain import commitment, genesis, link
from duban.engine.history.entry import ERASED, Entry, Secret, seal, unseal
from duban.engine.history.evolve import replay
from duban.engine.history.projections import case_columns, entry_columns, episodes
from duban.engine.values.canonical import Plain, canonical
from duban.engine.values.forms import case_form, case_of

RULES = """
    workflow: thing
    fields:
      title: text
      reporter: {type: text, personal: true}
    states: {a: {}, end: {final: true}}
    transitions:
      - {trigger: open, source: new, dest: a, by: anyone, asks: [title, reporter]}
      - {trigger: note, source: a, by: anyone, asks: {why: {type: text, personal: true}, n: number}}
      - {trigger: correct, source: a, by: anyone, asks: [reporter]}
      - {trigger: forget, source: a, by: anyone, then: [{set: {reporter: "''"}}]}
      - {trigger: finish, source: a, dest: end, by: anyone}
      - {trigger: reopen, source: end, dest: a, by: anyone, reopen: true}
"""
NAME = "张三丰 13800138000"


def sealed(n: int, before: str, secrets: Mapping[str, Secret] | None = None) -> Entry:
    body: dict[str, Plain] = {"case": CASE, "seq": n, "set": {"x": "y"}}
    return seal(body, before, secrets or {})


def test_the_chain_begins_with_the_case() -> None:
    assert genesis("a") != genesis("b")
    first = begin(RULES).entries[0]
    assert first.hash == link(genesis(CASE), first.canon)


def test_every_entry_follows_the_one_before_it() -> None:
    life = begin(RULES)
    for _ in range(5):
        life.fire("note", "2021-03-02", n=1)
    before = genesis(CASE)
    for entry in life.entries:
        assert entry.hash == link(before, entry.canon)
        before = entry.hash
    assert life.case.head == before
    assert [entry.seq for entry in life.entries] == [1, 2, 3, 4, 5, 6]


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_single_changed_byte_breaks_the_chain(where: int, mask: int) -> None:
    life = begin(RULES, title="x")
    entry = life.entries[0]
    changed = bytearray(entry.canon)
    changed[where % len(changed)] ^= mask
    assert link(genesis(CASE), bytes(changed)) != entry.hash


def test_an_entry_in_another_place_has_another_hash() -> None:
    one = sealed(1, genesis(CASE))
    assert link(one.hash, one.canon) != one.hash
    assert link(genesis("other"), one.canon) != one.hash


def test_the_bytes_say_the_same_of_the_entry_again() -> None:
    life = begin(RULES, title="x", reporter=NAME)
    for entry in life.entries:
        again = unseal(entry.canon, entry.hash, entry.secrets)
        assert again == entry
        assert canonical(dict(again.body)) == entry.canon


# ---- personal values


def test_personal_values_never_stand_in_the_bytes() -> None:
    life = begin(RULES, title="x", reporter=NAME)
    life.fire("note", "2021-03-02", why=NAME, n=1)
    for entry in life.entries:
        assert NAME.encode() not in entry.canon
        assert "张".encode() not in entry.canon
    assert life.case.data["reporter"] == NAME
    assert life.entries[-1].values("input") == {"why": NAME, "n": 1}


def test_a_commitment_can_be_verified_with_its_salt_and_by_nobody_without() -> None:
    life = begin(RULES, reporter=NAME)
    entry = life.entries[0]
    secret = entry.secrets["set.reporter"]
    said = entry.body["set"]["reporter"]["commit"]
    assert said == commitment(secret.salt, CASE, 1, "set.reporter", NAME)
    assert said != commitment(b"\0" * 32, CASE, 1, "set.reporter", NAME)
    assert said != commitment(secret.salt, CASE, 2, "set.reporter", NAME)
    assert len(secret.salt) == 32


def test_the_same_value_twice_has_two_commitments() -> None:
    life = begin(RULES, reporter=NAME)
    life.fire("correct", "2021-03-02", reporter=NAME)
    commits = [entry.body["set"]["reporter"]["commit"] for entry in life.entries]
    assert commits[0] != commits[1]


def test_an_erased_value_replays_as_erased_and_the_chain_still_holds() -> None:
    life = begin(RULES, title="x", reporter=NAME)
    left = [unseal(entry.canon, entry.hash, {}) for entry in life.entries]
    case = replay(left)
    assert case is not None
    assert case.data == {"title": "x", "reporter": ERASED}
    assert case.head == life.case.head


def test_an_erased_value_can_be_asked_about_corrected_and_taken_away() -> None:
    life = begin(RULES, title="x", reporter=NAME)
    erased = replay([unseal(entry.canon, entry.hash, {}) for entry in life.entries])
    assert erased is not None
    life.case = erased
    life.fire("correct", "2021-03-02", reporter="li-si")
    assert life.case.data["reporter"] == "li-si"
    life.fire("forget", "2021-03-02")
    assert "reporter" not in life.case.data
    assert life.entries[-1].secrets == {}


# ---- replaying


def test_replaying_gives_the_case_and_its_plain_form_gives_it_again() -> None:
    life = begin(RULES, title="x", reporter=NAME)
    for trigger in ("note", "finish", "reopen", "finish"):
        life.fire(trigger, "2021-03-02")
    assert replay(life.entries) == life.case
    assert case_of(case_form(life.case)) == life.case
    assert replay([]) is None


def test_what_stands_beside_the_bytes_follows_from_them() -> None:
    life = begin(RULES, actor=PAUL)
    for trigger in ("finish", "reopen", "note"):
        life.fire(trigger, "2021-03-02")
    columns = case_columns(life.case)
    assert (columns["version"], columns["state"], columns["counts"]) == (4, "a", "open")
    told = [(entry.seq, episode) for entry, episode in episodes(life.entries, life.case.episode)]
    assert told == [(4, 2), (3, 2), (2, 1), (1, 1)]
    first = entry_columns(life.entries[0], 1)
    assert (first["kind"], first["person"], first["trigger"]) == ("open", "paul", "open")
    assert first["at"] == first["effective"]


@given(st.dictionaries(st.sampled_from("abc"), st.text(st.characters(exclude_categories=["Cs"]))))
def test_secrets_of_any_text_are_committed_and_opened(members: dict[str, str]) -> None:
    secrets = {f"set.{k}": Secret(salt=b"s" * 32, value=v) for k, v in members.items()}
    body: dict[str, Plain] = {"case": CASE, "seq": 1, "set": dict.fromkeys(members, "")}
    entry = seal(body, genesis(CASE), secrets)
    assert entry.values("set") == members
    assert unseal(entry.canon, entry.hash, {}).values("set") == dict.fromkeys(members, ERASED)
