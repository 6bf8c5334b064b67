"""The review: all that was stored, and nothing else."""

from handlers.review import compose, gather
from tests.chat import Chat, complaints
from tests.fakes import Said


async def lived(chat: Chat) -> None:
    """Incident #1 from its first comments to its end."""
    await chat.mentions(*complaints(3))
    await chat.passes(minutes=5)
    await chat.says("claim 1", by="林悦", on="telegram")
    await chat.says("level 1 orange 扩散很快", by="林悦")
    await chat.says("respond 1", by="林悦")
    await chat.says("playbook 1", by="林悦")
    await chat.says("step 1 1 done", by="林悦")
    await chat.says("draft 1", by="林悦")
    await chat.passes(minutes=20)
    await chat.says("approve 1", by="陈立")
    await chat.says("approve 1", by="吴桐")
    await chat.says("log 1 已联系顾客 <b>*赔付*</b>", by="陈立", on="telegram")
    await chat.passes(minutes=65)
    await chat.says("close 1 赔付完成", by="林悦")


def document(said: list[Said]) -> str:
    """The review as it was posted, its pages put together."""
    return "".join(
        each.card.verbatim
        for each in said
        if each.transport == "slack" and not each.card.verbatim.startswith("↑")
    )


async def test_the_review_tells_all_of_it(chat: Chat) -> None:
    await lived(chat)
    heard = await chat.presses("review.review", await chat.card(), by="林悦")
    text = document(heard.posts)
    assert text.startswith("# ")
    assert text.count("\n## ") == 6
    assert {each.thread for each in heard.posts if each.transport == "slack"} == {(await chat.card()).message}
    for fact in (
        "#1", "Douyin ×3", "赔付完成", "Yellow", "Orange", "扩散很快", "5 min", "25 min", "1 h 30 min",
        "发霉", "v1", "林悦", "陈立", "吴桐", "14:05:00", "14:25:00", "15:30:00", "已联系顾客",
    ):  # fmt: skip
        assert fact in text, fact
    version = (await chat.versions())[0]
    assert version.hash[:12] in text
    assert all(f"> {line}" in text for line in version.text.splitlines())
    assert "<b>" not in text


async def test_the_timeline_of_the_review_is_complete_and_in_order(chat: Chat) -> None:
    await lived(chat)
    text = document((await chat.says("复盘 1", by="陈立")).posts)
    rows = text.split("## Timeline")[1].split("\n## ")[0].strip().splitlines()
    entries = await chat.entries()
    assert [row.partition(".")[0] for row in rows] == [str(entry.seq) for entry in entries]
    assert [row.split(" · ")[1] for row in rows] == [entry.by or "monitor" for entry in entries]


async def test_only_the_review_of_a_closed_incident_marks_it_as_reviewed(chat: Chat) -> None:
    await chat.opens()
    assert document((await chat.says("review 1", by="林悦")).posts)
    assert (await chat.incident()).state == "open"
    await chat.says("claim 1", by="林悦")
    await chat.says("close 1 done", by="林悦")
    await chat.says("review 1", by="林悦")
    assert (await chat.incident()).state == "reviewed"
    assert (await chat.card()).wires == ["incident.reopen:1"]
    await chat.says("review 1", by="林悦")
    assert (await chat.kinds()).count("reviewed") == 1


async def test_what_never_happened_is_said_to_never_have_happened(chat: Chat) -> None:
    await chat.opens()
    text = document((await chat.says("review 1", by="林悦")).posts)
    assert text.count("never") == 3
    assert "## What we said" not in text


async def test_the_review_of_a_drill_says_that_all_is_invented(chat: Chat) -> None:
    await chat.says("drill start moldy_cake", by="周帆", room="drills")
    await chat.looks()
    text = document((await chat.says("review 1", by="林悦", room="drills")).posts)
    assert "invented" in text


async def test_whoever_asks_from_elsewhere_is_told_that_it_is_written(chat: Chat) -> None:
    await chat.opens()
    told = (await chat.says("review 1", by="陈立", direct=True)).whisper
    assert "#1" in told.title


async def test_the_same_words_can_be_had_without_chat(chat: Chat) -> None:
    await lived(chat)
    posted = document((await chat.says("review 1", by="林悦")).posts)
    async with chat.database.read() as session:
        incident = await chat.incident()
        say = chat.dispatch._say_at(chat.typed("x", by="林悦").at)
        assert compose(say, incident, await gather(session, incident)) == posted
