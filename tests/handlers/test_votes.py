"""Whatever people do in whatever order, some of it in the same instant: no text goes out that must not.

What happened is told by the timeline, which is sealed. It is played back against the rules, written down here once more in
a few lines, and not taken from the code that is tested.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.kit.team import Person
from storage import statements
from storage.models import Entry, Version, Vote
from tests.chat import PEOPLE, Chat, rows, team
from tests.stores import copy_of, emptied

HE = Person(name="何青", ids={"slack": "U0HE"}, roles=frozenset({"lead"}))
TEAM = (*PEOPLE, HE)
ROLES = {person.name: person.roles for person in TEAM}
CLAIM = "上海 3 家门店停售该批次"
RANKS = ["blue", "yellow", "orange", "red"]
EXPIRE = {"red": 1, "orange": 2, "yellow": 8, "blue": 24}
"""Hours."""

Deed = tuple[str, str]
"""Who, and what they type; without anybody, so many minutes go by."""
names = st.sampled_from(["林悦", "陈立", "吴桐", "何青"])
approvals = st.one_of(st.just("approve 1"), st.integers(1, 3).map(lambda number: f"approve 1 v{number}"))
words = st.one_of(
    st.just("draft 1"),
    st.integers(1, 3).map(lambda number: f"edit 1 我们正在核实，第{number}种说法。"),
    st.just(f"edit 1 我们正在核实。{CLAIM}。"),
    approvals,
    approvals,
    approvals,
    st.sampled_from(["recuse 1", "changes 1 时间写错了", "emergency 1 无人可联系"]),
    st.sampled_from(RANKS).map(lambda level: f"level 1 {level}"),
    st.sampled_from(["fact 1 F1 confirm", "fact 1 F1 deny"]),
)
deeds = st.one_of(st.tuples(names, words), st.tuples(st.just(""), st.sampled_from(["20", "70", "600"])))
moments = st.one_of(deeds.map(lambda deed: [deed]), st.lists(st.tuples(names, words), min_size=2, max_size=2))
stories = st.lists(moments, min_size=5, max_size=11)


SETTLING = ("approved", "reviewed_after")
"""Entries of a text that has all that it needs; the second where it was released alone before."""


@dataclass
class Paper:
    """A version, as the timeline tells of it."""

    text: str
    authors: set[str]
    level: str
    votes: dict[str, datetime] = field(default_factory=dict)
    out: set[str] = field(default_factory=set)
    """Who stepped back."""
    released_by: str = ""
    is_open: bool = True

    @property
    def rests_on_the_fact(self) -> bool:
        return CLAIM in self.text

    def may_go_out(self, level: str, now: datetime) -> bool:
        given = [name for name, at in self.votes.items() if now < at + timedelta(hours=EXPIRE[level])]
        barred = self.authors | self.out | {self.released_by}
        assert not barred & set(given)
        if self.released_by:
            return any(ROLES[name] & {"lead", "pr", "legal"} for name in given)
        legal = {"legal"} if "吴桐" not in barred else {"lead"}
        seats = {
            "blue": [{"lead"}],
            "yellow": [{"pr", "lead"}, {"lead"}],
            "orange": [{"pr", "lead"}, legal],
            "red": [{"pr", "lead"}, legal],
        }[max(level, self.level, key=RANKS.index)]
        return any(
            all(ROLES[name] & seat for name, seat in zip(chosen, seats, strict=True))
            for chosen in permutations(given, len(seats))
        )


@dataclass
class Record:
    """The rules, as the timeline is played back."""

    texts: dict[int, str]
    level: str = "blue"
    fact: str = "unconfirmed"
    papers: dict[int, Paper] = field(default_factory=dict)
    approved: list[int] = field(default_factory=list)
    expected: int = 0
    """The version whose last vote was just given."""

    def play(self, entry: Entry) -> None:
        is_settled = entry.kind in SETTLING and entry.data["version"] == self.expected
        assert is_settled or not self.expected
        number = entry.data.get("version", 0)
        if number:
            assert entry.data["hash"] == statements.hash_of(self.texts[number])[:12]
        if entry.kind == "drafted":
            self._drafted(number, entry.by)
        elif entry.kind == "put_back":
            self._put_back(number, entry.data["level"])
        elif number:
            assert self.papers[number].is_open
            self._voted(self.papers[number], number, entry)
        elif entry.kind == "level":
            self.level = entry.data["new"]
            self._clear(self.papers.values())
        elif entry.kind.startswith("fact_"):
            self.fact = entry.kind.removeprefix("fact_")
            self._clear(paper for paper in self.papers.values() if paper.rests_on_the_fact)

    def _drafted(self, number: int, by: str) -> None:
        for paper in self.papers.values():
            paper.is_open = paper.is_open and bool(paper.released_by)
        since = [paper for each, paper in self.papers.items() if each > max(self.approved, default=0)]
        authors = {by}.union(*(paper.authors for paper in since))
        self.papers[number] = Paper(self.texts[number], authors, self.level)

    def _put_back(self, number: int, level: str) -> None:
        paper = self.papers[number]
        assert not paper.is_open
        assert not paper.released_by
        assert RANKS.index(level) < RANKS.index(self.level)
        self.approved.remove(number)
        paper.is_open, paper.level = True, level
        paper.votes.clear()

    def _voted(self, paper: Paper, number: int, entry: Entry) -> None:
        is_barred = paper.rests_on_the_fact and self.fact != "confirmed"
        if entry.kind == "approve":
            assert not is_barred
            paper.votes[entry.by] = entry.at
            self.expected = number if paper.may_go_out(self.level, entry.at) else 0
        elif entry.kind in SETTLING:
            assert self.expected == number
            assert (entry.kind == "reviewed_after") is bool(paper.released_by)
            self.expected, paper.is_open = 0, False
            self.approved.append(number)
        elif entry.kind == "emergency":
            assert "lead" in ROLES[entry.by]
            assert not is_barred
            assert not paper.released_by
            paper.released_by = entry.by
            paper.votes.clear()
        elif entry.kind == "recuse":
            paper.votes.pop(entry.by, None)
            paper.out.add(entry.by)
        else:
            paper.is_open = False

    def _clear(self, papers: Iterable[Paper]) -> None:
        for paper in papers:
            paper.votes.clear()


async def look(chat: Chat) -> Record:
    """Play back what happened, and hold what is stored against it."""
    versions = await chat.versions()
    record = Record({each.number: each.text for each in versions})
    for entry in await chat.entries():
        record.play(entry)
    assert not record.expected
    async with chat.database.read() as session:
        cast: list[Vote] = list(await rows(session, Vote))
    for version in versions:
        _holds(version, [vote for vote in cast if vote.version_id == version.id], record)
    assert [each.number for each in versions if each.state == "pending"] in ([], [len(versions)])
    return record


def _holds(version: Version, cast: list[Vote], record: Record) -> None:
    assert version.hash == statements.hash_of(version.text)
    assert {vote.hash for vote in cast} <= {version.hash}
    assert len({vote.person for vote in cast}) == len(cast)
    assert (version.state == "approved") is (version.number in record.approved)
    assert set(version.authors) >= record.papers[version.number].authors
    assert version.released_by == record.papers[version.number].released_by


async def live(url: str, story: Sequence[Sequence[Deed]], processes: int = 1) -> Record:
    """Play a story; what is in one moment happens in the same instant, in as many processes."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(Chat(url, team=team(people=TEAM)))
        others = [
            await stack.enter_async_context(
                Chat(url, team=first.team, transports=first.transports, clock=first.clock)
            )
            for _ in range(processes - 1)
        ]
        for words in ("new blue user_complaint 蛋糕发霉", f"fact 1 {CLAIM}"):
            await at_once([first], [("林悦", words)])
        for moment in story:
            await at_once([first, *others], moment)
        return await look(first)


async def at_once(chats: list[Chat], moment: Sequence[Deed]) -> None:
    for by, what in moment:
        if not by:
            chats[0].clock.passes(timedelta(minutes=int(what)))
    events = [chats[0].typed(what, by=by, on="slack") for by, what in moment if by]
    await asyncio.gather(
        *(chats[number % len(chats)].dispatch.receive(event) for number, event in enumerate(events))
    )
    while any(await asyncio.gather(*(chat.dispatch.drain() for chat in chats))):
        pass


few = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
many = settings(few, max_examples=40)


@few
@given(story=stories)
def test_no_order_of_deeds_approves_what_must_not_be(fresh_file: Path, story: list[list[Deed]]) -> None:
    asyncio.run(live(copy_of(fresh_file, fresh_file.parent), story))


@pytest.mark.slow
@many
@given(story=stories)
def test_no_order_of_many_approves_what_must_not_be(fresh_file: Path, story: list[list[Deed]]) -> None:
    asyncio.run(live(copy_of(fresh_file, fresh_file.parent), story))


@pytest.mark.postgres
@few
@given(story=stories)
def test_nor_do_two_processes_on_one_database(postgres: str, story: list[list[Deed]]) -> None:
    asyncio.run(live(emptied(postgres), story, processes=2))


@pytest.mark.slow
@pytest.mark.postgres
@many
@given(story=stories)
def test_nor_do_they_in_many_stories(postgres: str, story: list[list[Deed]]) -> None:
    asyncio.run(live(emptied(postgres), story, processes=2))


WATCHED: list[tuple[list[list[Deed]], list[int]]] = [
    (
        [[("林悦", "draft 1")], [("吴桐", "level 1 red")], [("陈立", "approve 1"), ("吴桐", "approve 1")]],
        [1],
    ),
    (
        [
            [("林悦", "draft 1")], [("陈立", "approve 1"), ("林悦", "edit 1 另一种说法")], [("陈立", "approve 1 v2")],
            [("陈立", "edit 1 第三种说法")], [("陈立", "approve 1"), ("吴桐", "approve 1")],
        ],
        [2, 3],
    ),
    (
        [
            [("林悦", "draft 1")], [("吴桐", "level 1 yellow")], [("陈立", "approve 1")], [("", "600")], [("何青", "approve 1")],
            [("吴桐", "approve 1")],
        ],
        [1],
    ),
    (
        [
            [("林悦", f"edit 1 我们正在核实。{CLAIM}。")], [("何青", "approve 1")], [("陈立", "fact 1 F1 confirm")],
            [("何青", "approve 1")],
        ],
        [1],
    ),
    ([[("林悦", "draft 1")], [("何青", "emergency 1 无人")], [("何青", "approve 1"), ("陈立", "approve 1")]], [1]),
]  # fmt: skip


@pytest.mark.parametrize(("story", "approved"), WATCHED)
def test_stories_in_which_texts_are_approved_are_among_those_that_are_watched(
    fresh_file: Path, story: list[list[Deed]], approved: list[int]
) -> None:
    record = asyncio.run(live(copy_of(fresh_file, fresh_file.parent), story))
    assert set(record.approved) >= set(approved[-1:])


@pytest.mark.postgres
@pytest.mark.parametrize(("story", "approved"), WATCHED[:2])
def test_and_in_two_processes(postgres: str, story: list[list[Deed]], approved: list[int]) -> None:
    record = asyncio.run(live(emptied(postgres), story, processes=2))
    assert set(record.approved) >= set(approved[-1:])
