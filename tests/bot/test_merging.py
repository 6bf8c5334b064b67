"""What the monitor puts into one topic is what the judge of pairs calls the same."""

from __future__ import annotations

from itertools import combinations

import pytest
from sqlmodel import select

from bot.monitor.likeness import same_matter
from storage.models import Mention
from tests.bot.test_merge_pairs import pairs
from tests.chat import Chat, rotten

SAME = [both for same, *both in pairs("seen") if same]
"""Of some thirty matters, four wordings of each."""


@pytest.mark.parametrize("count", [len(SAME) // 3, pytest.param(len(SAME), marks=pytest.mark.slow)])
async def test_topics_hold_what_is_the_same_matter(chat: Chat, count: int) -> None:
    texts = sorted({text for both in SAME[:count] for text in both})
    platforms = ("douyin", "weibo", "xhs")
    await chat.mentions(
        *(rotten(text, item=f"post{n}", platform=platforms[n % 3]) for n, text in enumerate(texts))
    )
    async with chat.database.read() as session:
        stored = (await session.execute(select(Mention.text, Mention.topic_id))).all()
    topics = {text: topic for text, topic in stored if topic is not None}
    judged = [
        (topics[one] == topics[other], same_matter(one, other)) for one, other in combinations(topics, 2)
    ]
    agreed = sum(together and same for together, same in judged)
    assert len(topics) >= 0.9 * len(texts)
    assert agreed / sum(together for together, _ in judged) >= 0.95
    assert agreed / sum(same for _, same in judged) >= 0.8
