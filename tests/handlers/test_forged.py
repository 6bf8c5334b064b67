"""Approvals that are none: another's name, an old button, an author's second account, a guest, another incident."""

from collections.abc import AsyncIterator

import pytest

from handlers.kit.messages import Sender
from storage import links
from storage.models import Vote
from tests.chat import Chat, Said, rows, team

SECOND = Sender(transport="telegram", user="1077", name="吴桐")
"""The account that 吴桐 has on Telegram besides the one on Slack that the roster names."""


@pytest.fixture
async def chat(url: str) -> AsyncIterator[Chat]:
    """Guests may respond in the configured rooms."""
    async with Chat(url, team=team(guests="responder")) as chat:
        yield chat


async def drafted(chat: Chat, level: str = "blue", by: str | Sender = "林悦") -> Said:
    await chat.opens(level)
    await chat.says("draft 1", by=by)
    return await chat.card("statement:1:1", on="telegram")


async def votes(chat: Chat) -> list[tuple[str, str]]:
    async with chat.database.read() as session:
        return [(vote.person, vote.choice) for vote in await rows(session, Vote)]


async def join(chat: Chat) -> None:
    """What `link CODE` leaves behind."""
    async with chat.database.write() as session:
        assert await links.join(session, "吴桐", SECOND.transport, SECOND.user, chat.clock())


@pytest.mark.parametrize(
    "forger",
    [
        Sender(transport="telegram", user="6666", name="陈立", username="user1002"),
        Sender(transport="telegram", user="6666", name="陈立(1002)"),
        Sender(transport="telegram", user="-1001", name="陈立"),
        Sender(transport="telegram", user="U0CHEN", name="陈立"),
    ],
    ids=["name and username", "the name of a guest", "an anonymous admin", "an id of another platform"],
)
async def test_a_name_is_not_a_person(chat: Chat, forger: Sender) -> None:
    card = await drafted(chat)
    for words in ("approve 1", "veto 1 不行", "recuse 1", "emergency 1 无人", "override 1 L03 无妨"):
        await chat.refused(words, by=forger)
    await chat.refused_press("Approve", card, by=forger)
    assert await votes(chat) == []
    assert [each.state for each in await chat.versions()] == ["pending"]


async def test_a_guest_never_votes_whatever_guests_may_do(chat: Chat) -> None:
    card = await drafted(chat)
    guest = Sender(transport="telegram", user="6666", name="路人")
    await chat.says("log 顾客来电", by=guest, under=await chat.card(on="telegram"))
    await chat.refused_press("Approve", card, by=guest)
    assert await votes(chat) == []


async def test_a_press_that_is_delivered_twice_is_one_vote(chat: Chat) -> None:
    card = await drafted(chat, "yellow")
    press = chat.pressed("statement.approve", "1 v1", card, by="陈立")
    for _ in range(3):
        await chat.dispatch.receive(press)
        await chat.settle()
    assert await votes(chat) == [("陈立", "approve")]
    assert (await chat.kinds()).count("approve") == 1


async def test_a_button_of_an_old_text_votes_on_nothing(chat: Chat) -> None:
    card = await drafted(chat)
    old = chat.pressed("statement.approve", "1 v1", card, by="陈立")
    await chat.says("edit 1 我们正在核实，稍后说明。", by="林悦")
    await chat.dispatch.receive(old)
    await chat.settle()
    assert "v2" in (await chat.refused("approve 1 v1", by="陈立")).title
    assert await votes(chat) == []
    assert [each.state for each in await chat.versions()] == ["superseded", "pending"]


async def test_an_author_is_one_person_on_every_platform(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says("draft 1", by="陈立", on="telegram")
    for name in ("slack", "telegram"):
        card = await chat.card("statement:1:1", on=name)
        assert "wrote" in await chat.refused_press("Approve", card, by="陈立")
    assert await votes(chat) == []


async def test_an_author_does_not_approve_through_a_joined_account(chat: Chat) -> None:
    await join(chat)
    card = await drafted(chat, by="吴桐")
    assert "wrote" in await chat.refused_press("Approve", card, by=SECOND)
    assert await votes(chat) == []


async def test_nor_does_who_wrote_as_a_guest_before_joining_the_account(chat: Chat) -> None:
    card = await drafted(chat, by=SECOND)
    assert (await chat.versions())[0].authors == ["吴桐(1077)"]
    await join(chat)
    assert "wrote" in await chat.refused_press("Approve", card, by=SECOND)
    assert "wrote" in (await chat.refused("approve 1", by="吴桐")).title
    assert await votes(chat) == []


async def test_two_accounts_of_one_person_give_one_vote(chat: Chat) -> None:
    await join(chat)
    card = await drafted(chat, "yellow")
    await chat.says("approve 1", by="吴桐")
    assert "already" in await chat.refused_press("Approve", card, by=SECOND)
    assert await votes(chat) == [("吴桐", "approve")]


async def test_a_fact_is_not_confirmed_through_a_second_account(chat: Chat) -> None:
    await chat.opens()
    await chat.says("fact 1 已退款 42 位顾客", by="林悦", on="slack")
    await chat.refused("fact 1 F1 confirm", by="林悦", on="telegram")


async def test_command_of_another_incident_gives_no_vote_here(chat: Chat) -> None:
    await drafted(chat)
    other = await chat.opens("red", "配送箱破损")
    await chat.says("claim 2", by="林悦")
    await chat.refused("approve 1 v1", by="林悦", under=other)
    await chat.says("draft 2", by="陈立")
    await chat.says("approve v1", by="吴桐", under=await chat.card("statement:2:1"))
    assert [each.state for each in await chat.versions(1)] == ["pending"]
    async with chat.database.read() as session:
        (vote,) = await rows(session, Vote)
    assert vote.version_id == (await chat.versions(2))[0].id


@pytest.mark.parametrize("value", ["1 v1 v1", "1 v2", "9 v1", "", "1 v1; approve 1", "1 v99999999999"])
async def test_a_button_with_a_value_of_its_own_making_does_no_harm(chat: Chat, value: str) -> None:
    card = await drafted(chat)
    await chat.dispatch.receive(chat.pressed("statement.approve", value, card, by="林悦"))
    await chat.dispatch.receive(chat.pressed("statement.approve", value, card, by=SECOND))
    await chat.settle()
    assert await votes(chat) == []


async def test_a_form_that_was_opened_for_an_old_text_changes_nothing(chat: Chat) -> None:
    await drafted(chat)
    card = await chat.card("statement:1:1")
    form = (await chat.presses("Veto…", card, by="陈立")).form
    await chat.says("edit 1 我们正在核实，稍后说明。", by="林悦")
    problems = await chat.fills(form, {"reason": "不行"}, by="陈立", on=card)
    assert "v2" in " ".join(problems.values())
    assert [each.state for each in await chat.versions()] == ["superseded", "pending"]


async def test_a_vote_in_a_private_chat_is_a_vote_of_the_person_on_the_roster(chat: Chat) -> None:
    await drafted(chat)
    await chat.refused("approve 1", by=Sender(transport="slack", user="U6666", name="陈立"), direct=True)
    await chat.says("approve 1 v1", by="陈立", on="slack", direct=True)
    assert await votes(chat) == [("陈立", "approve")]
