"""Roles: offered, given, handed on, never taken unasked; who held what when; who is missing."""

from handlers.kit.messages import Sender
from storage import crew
from storage.models import Assignment
from tests.chat import Chat, rows, team
from tests.fakes import Said


async def attached(chat: Chat) -> Said:
    """The crew card on Slack of incident #1, which 林悦 has and whose playbook asks for seven roles."""
    await chat.opens()
    await chat.says("claim 1", by="林悦")
    await chat.says("playbook 1", by="林悦")
    return await chat.card("crew:1")


async def held(chat: Chat) -> dict[str, str]:
    async with chat.database.read() as session:
        return await crew.of(session, 1)


async def test_a_vacant_role_is_one_tap_away(chat: Chat) -> None:
    card = await attached(chat)
    assert card.thread == (await chat.card()).message
    assert "Legal —" in card.text
    heard = await chat.presses("I am Scribe", card, by="吴桐")
    assert await held(chat) == {"scribe": "吴桐"}
    assert "Scribe 吴桐 since 14:00" in card.text
    assert "I am Scribe" not in [button.label for button in card.card.buttons]
    assert "吴桐 is Scribe now" in heard.posts[0].title
    entry = (await chat.entries())[-1]
    assert (entry.kind, entry.by, entry.data["role"], entry.data["to"]) == ("role", "吴桐", "scribe", "吴桐")


async def test_a_role_is_given_by_words_in_either_language(chat: Chat) -> None:
    await attached(chat)
    await chat.says("角色 1 法务 @吴桐", by="林悦")
    await chat.says("role 1 Customer service @陈立", by="林悦")
    assert await held(chat) == {"legal": "吴桐", "support": "陈立"}
    assert chat.last().card.notify == ("陈立",)


async def test_who_is_missing_stands_on_the_incidents_card(chat: Chat) -> None:
    await attached(chat)
    line = next(line for line in (await chat.card()).text.splitlines() if "Nobody yet" in line)
    assert line == "Nobody yet: Scribe, Quality, E-commerce, Customer service, 2 more"
    for role in ("scribe", "quality", "commerce", "support", "pr"):
        await chat.says(f"role 1 {role}", by="林悦")
    assert "Nobody yet: Legal" in (await chat.card(on="telegram")).text
    await chat.says("role 1 legal @吴桐", by="林悦")
    assert "Nobody yet" not in (await chat.card()).text


async def test_a_role_without_work_left_is_not_missing(chat: Chat) -> None:
    await attached(chat)
    await chat.says("step 1 10 skip 无需法务", by="林悦")
    await chat.says("role 1", by="林悦")
    assert "Legal" not in chat.last().text


async def test_a_role_that_somebody_holds_is_not_taken_unasked(chat: Chat) -> None:
    await attached(chat)
    await chat.says("handover 1 @陈立", by="林悦")
    await chat.says("role 1 legal @吴桐", by="陈立")
    why = await chat.refused("role 1 legal", by="林悦")
    assert "吴桐 is Legal" in why.title
    assert "role 1 legal" in why.text
    assert await held(chat) == {"legal": "吴桐"}
    assert "already" in (await chat.refused("role 1 legal @吴桐", by="陈立")).title


async def test_the_holder_the_commander_and_a_lead_hand_a_role_on_and_both_are_told(chat: Chat) -> None:
    await attached(chat)
    await chat.says("role 1 scribe @吴桐", by="林悦")
    heard = await chat.says("role 1 scribe @陈立", by="林悦")
    post = next(each for each in heard.posts if each.transport == "slack")
    assert post.card.notify == ("陈立", "吴桐")
    assert "before: 吴桐" in post.text
    await chat.says("role 1 scribe @林悦", by="陈立")
    assert await held(chat) == {"scribe": "林悦"}


async def test_who_held_what_when_is_kept(chat: Chat) -> None:
    await attached(chat)
    await chat.says("role 1 scribe @吴桐", by="林悦")
    await chat.passes(minutes=5)
    await chat.says("role 1 scribe @陈立", by="吴桐")
    await chat.says("role 1 commander @陈立", by="林悦")
    async with chat.database.read() as session:
        terms = [(row.person, row.by, row.until is None) for row in await rows(session, Assignment)]
    assert terms == [("吴桐", "林悦", False), ("陈立", "吴桐", True)]
    card = (await chat.says("分工 1", by="周帆")).posts[0]
    (before,) = [section for section in card.card.sections if section.title == "Before"]
    assert before.lines == ("Commander 林悦 14:00–14:05", "Scribe 吴桐 14:00–14:05")
    assert "Scribe 陈立 since 14:05" in card.text


async def test_command_is_one_truth(chat: Chat) -> None:
    await attached(chat)
    await chat.says("role 1 commander @陈立", by="林悦")
    assert (await chat.incident()).owner == "陈立"
    assert await held(chat) == {}
    assert (await chat.kinds())[-1] == "handed_over"
    assert "commander" in (await chat.refused("role 1 总指挥 @林悦", by="林悦")).title
    await chat.says("release 1", by="陈立")
    assert "claim 1" in (await chat.refused("role 1 commander", by="林悦")).text
    assert "incident.claim:1" in (await chat.card("crew:1")).wires


async def test_a_role_that_is_none_is_refused(chat: Chat) -> None:
    await attached(chat)
    assert "Legal" in (await chat.refused("role 1 厨师 @陈立", by="林悦")).text
    assert "Role" in (await chat.refused("role 1 @陈立", by="林悦")).title
    assert "may not work" in (await chat.refused("role 1 legal @周帆", by="林悦")).title
    assert "Only responders" in (await chat.refused("role 1 legal", by="周帆")).title


async def test_a_role_grants_no_approval(chat: Chat) -> None:
    await attached(chat)
    heard = await chat.says("role 1 legal", by="林悦")
    assert "no vote" in heard.posts[0].text
    await chat.says("draft 1", by="陈立")
    await chat.refused("approve 1", by="林悦")
    assert "no vote" not in (await chat.says("role 1 pr @陈立", by="林悦")).posts[0].text


async def test_a_guest_speaks_for_nobody(url: str) -> None:
    async with Chat(url, team=team(guests="responder")) as chat:
        card = await attached(chat)
        sender = Sender(transport="slack", user="U9", name="阿明")
        for words in ("role 1 legal", "role 1 pr", "role 1 ceo"):
            assert "guest" in (await chat.refused(words, by=sender)).title
        await chat.presses("I am Scribe", card, by=sender)
        assert await held(chat) == {"scribe": "阿明(U9)"}


async def test_an_incident_that_is_over_has_no_roles_to_give(chat: Chat) -> None:
    card = await attached(chat)
    await chat.says("close 1 已解决", by="林悦")
    assert "is over" in (await chat.refused("role 1 legal", by="林悦")).title
    assert not card.wires
    await chat.says("role 1", by="林悦")
    assert not chat.last().wires


async def test_the_crew_of_a_drill_belongs_to_it(chat: Chat) -> None:
    await chat.says("drill start moldy_cake", by="周帆", room="drills")
    await chat.opens(room="drills")
    await chat.says("role 1 scribe", by="林悦", room="drills")
    async with chat.database.read() as session:
        assert [row.drill_id for row in await rows(session, Assignment)] == [1]
