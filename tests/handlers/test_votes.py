"""Whatever people do in whatever order, no text goes out that its authors approved, or too few, or another text's votes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.kit.team import Person
from playbooks.levels import Level
from storage import statements
from storage.models import Version, Vote
from tests.chat import PEOPLE, Chat, library, rows, team
from tests.stores import copy_of

TEAM = team(people=(*PEOPLE, Person(name="何青", ids={"slack": "U0HE"}, roles=frozenset({"lead"}))))
names = st.sampled_from(["林悦", "陈立", "吴桐", "何青"])
deeds = st.one_of(
    st.just("draft 1"),
    st.integers(1, 4).map(lambda number: f"edit 1 第{number}种说法"),
    st.just("approve 1"),
    st.integers(1, 3).map(lambda number: f"approve 1 v{number}"),
    st.just("approve 1"),
    st.just("changes 1 时间写错了"),
    st.sampled_from(["red", "yellow", "blue"]).map(lambda level: f"level 1 {level}"),
)


@dataclass
class Watcher:
    """What must hold after every deed, from what is stored and from who did what."""

    writers: set[str] = field(default_factory=set)
    """Whose edits are in the text since the last approved one."""
    seen: int = 0
    approved: set[int] = field(default_factory=set)

    async def looks(self, chat: Chat, by: str) -> None:
        versions = await chat.versions()
        async with chat.database.read() as session:
            cast = list(await rows(session, Vote))
        if len(versions) > self.seen:
            self.seen = len(versions)
            self.writers.add(by)
            assert set(versions[-1].authors) == self.writers
        level = Level((await chat.incident()).level)
        for version in versions:
            self._holds(version, [vote for vote in cast if vote.version_id == version.id], level)
        assert [each.number for each in versions if each.state == "pending"] in ([], [self.seen])

    def _holds(self, version: Version, cast: list[Vote], level: Level) -> None:
        assert version.hash == statements.hash_of(version.text)
        assert {vote.hash for vote in cast} <= {version.hash}
        assert len({vote.person for vote in cast}) == len(cast)
        approvers = {vote.person for vote in cast if vote.choice == "approve"}
        assert not approvers & set(version.authors)
        assert approvers <= {"陈立", "吴桐", "何青"}
        if version.state == "approved" and version.number not in self.approved:
            self.approved.add(version.number)
            assert len(approvers) >= library().levels[level].approvals
            assert not approvers & self.writers
            self.writers = set()


async def live(url: str, story: list[tuple[str, str]]) -> None:
    """Play a story, and look after every deed."""
    watcher = Watcher()
    async with Chat(url, team=TEAM) as chat:
        await chat.dispatch.receive(chat.typed("new blue user_complaint 蛋糕发霉", by="林悦"))
        await chat.dispatch.drain()
        for by, deed in story:
            await chat.dispatch.receive(chat.typed(deed, by=by, on="slack"))
            await chat.dispatch.drain()
            await watcher.looks(chat, by)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(story=st.lists(st.tuples(names, deeds), min_size=6, max_size=14))
def test_no_order_of_deeds_approves_what_must_not_be(fresh_file: Path, story: list[tuple[str, str]]) -> None:
    asyncio.run(live(copy_of(fresh_file, fresh_file.parent), story))


def test_a_story_in_which_texts_are_approved_is_among_those_that_are_watched(fresh_file: Path) -> None:
    story = [
        ("林悦", "draft 1"), ("陈立", "approve 1"), ("陈立", "edit 1 第1种说法"), ("吴桐", "level 1 red"), ("何青", "approve 1"),
        ("陈立", "approve 1"), ("吴桐", "approve 1 v1"), ("吴桐", "approve 1 v2"), ("林悦", "edit 1 第2种说法"), ("陈立", "approve 1 v3"),
    ]  # fmt: skip
    asyncio.run(live(copy_of(fresh_file, fresh_file.parent), story))
