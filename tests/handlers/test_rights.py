"""Who may do what, and whom the bot takes somebody for."""

import pytest

from handlers.kit.messages import Sender
from storage.models import Drill, Inbox, Incident, Version
from tests.chat import Chat, rows, team

STRANGER = Sender(transport="slack", user="U0WHO", name="林悦", username="linyue")
LOOKING = ("help", "list", "show 1", "timeline 1", "whoami", "playbook tech_failure")
WORKING = (
    "new red tech_failure x",
    "claim 1",
    "level 1 red",
    "respond 1",
    "recover 1",
    "playbook 1",
    "step 1 1 done",
    "log 1 x",
    "draft 1",
    "edit 1 x",
    "review 1",
)
COMMANDING = ("release 1", "handover 1 @林悦", "level 1 blue", "close 1 x", "dismiss 1 x", "reopen 1 x")
VOTING = ("approve 1", "changes 1 x", "veto 1 x")
DRILLING = ("drill start moldy_cake", "drill next", "drill end")


async def forbidden(chat: Chat, by: str | Sender, *words: str) -> set[str]:
    """Those of these commands that are refused because of who says them."""
    found = set()
    for text in words:
        heard = await chat.says(text, by=by)
        if any(
            each.card.text.startswith(("Who you are", "These may")) or "list" in each.card.title
            for each in heard.whispers
            if each.card.tone == "warn"
        ):
            found.add(text)
    return found


async def test_a_reader_looks_and_does_nothing_else(url: str) -> None:
    async with Chat(url, team=team(guests="reader")) as chat:
        await chat.opens()
        await chat.says("draft 1", by="林悦")
        everything = (*WORKING, *COMMANDING, *VOTING, *DRILLING)
        assert await forbidden(chat, STRANGER, *LOOKING) == set()
        assert await forbidden(chat, STRANGER, *everything) == set(everything)
        assert ((await chat.incident()).state, (await chat.incident()).level) == ("open", "orange")
        assert await chat.count(Incident) == 1


async def test_a_responder_works_but_commands_only_what_is_hers(chat: Chat) -> None:
    await chat.opens()
    await chat.says("draft 1", by="陈立")
    assert await forbidden(chat, "林悦", *COMMANDING, *VOTING, *DRILLING) == {*COMMANDING, *VOTING, *DRILLING}
    assert await forbidden(chat, "林悦", *LOOKING, *WORKING) == set()
    assert await forbidden(chat, "林悦", "level 1 blue", "close 1 x", "reopen 1 x", "release 1") == set()
    assert (await chat.incident()).state == "open"


async def test_a_lead_may_all_but_drill(chat: Chat) -> None:
    await chat.opens()
    assert await forbidden(chat, "陈立", *LOOKING, *WORKING, *COMMANDING) == set()
    assert await forbidden(chat, "陈立", *DRILLING) == set(DRILLING)


async def test_whoever_is_refused_is_told_who_may_and_a_stranger_is_told_no_names(url: str) -> None:
    async with Chat(url, team=team(guests="none")) as chat:
        await chat.opens()
        await chat.says("claim 1", by="林悦")
        assert "周帆" in (await chat.refused("drill start moldy_cake", by="林悦")).text
        hint = (await chat.refused("close 1 x", by="周帆")).text
        assert ("林悦" in hint, "陈立" in hint, "周帆" in hint) == (True, True, False)
        assert "陈立" not in (await chat.refused("close 1 x", by=STRANGER)).text


async def test_a_facilitator_looks_and_drills(chat: Chat) -> None:
    await chat.opens()
    await chat.says("draft 1", by="林悦")
    assert await forbidden(chat, "周帆", *LOOKING, *DRILLING) == set()
    assert await forbidden(chat, "周帆", *WORKING, *COMMANDING, *VOTING) == {*WORKING, *COMMANDING, *VOTING}
    assert await chat.count(Version) == 1
    assert await chat.count(Drill) == 1


async def test_the_owner_of_one_incident_is_nobody_in_another(chat: Chat) -> None:
    await chat.opens()
    await chat.opens()
    await chat.says("claim 1", by="林悦")
    assert await forbidden(chat, "林悦", "close 2 x", "dismiss 2 x", "level 2 blue") == {
        "close 2 x",
        "dismiss 2 x",
        "level 2 blue",
    }
    await chat.says("close 1 done", by="林悦")
    assert (await chat.incident(1)).state == "closed"


async def test_a_guest_that_responds_works_in_a_room(url: str) -> None:
    async with Chat(url, team=team(guests="responder")) as chat:
        await chat.opens()
        await chat.says("claim 1", by=STRANGER)
        assert (await chat.incident()).owner == "林悦(U0WHO)"
        await chat.says("draft 1", by=STRANGER)
        await chat.refused("approve 1", by=STRANGER)


@pytest.mark.parametrize("guests", ["none", "reader", "responder"])
async def test_unlisted_people_count_in_no_private_chat_and_in_no_foreign_channel(
    url: str, guests: str
) -> None:
    async with Chat(url, team=team(guests=guests)) as chat:
        await chat.opens()
        for how in ({"direct": True}, {"channel": "C0OTHER"}):
            why = await chat.refused("list", by=STRANGER, **how)
            assert "U0WHO" in why.text
        for how in ({"direct": True}, {"channel": "C0OTHER"}):
            assert (await chat.says("list", by="林悦", **how)).whisper.card.tone != "warn"


async def test_with_no_guests_an_unlisted_member_of_a_room_is_refused(chat: Chat) -> None:
    await chat.opens()
    assert "U0WHO" in (await chat.refused("claim 1", by=STRANGER)).text
    card = await chat.card()
    heard = await chat._hears(chat.pressed("incident.claim", "1", card, by=STRANGER))
    assert "U0WHO" in heard.whisper.text
    assert (await chat.incident()).owner == ""


async def test_the_same_display_name_with_another_id_is_somebody_else(url: str) -> None:
    async with Chat(url, team=team(guests="responder")) as chat:
        await chat.opens()
        await chat.says("claim 1", by="林悦")
        await chat.refused("close 1 x", by=STRANGER)
        await chat.refused("release 1", by=STRANGER)
        assert (await chat.incident()).owner == "林悦"


async def test_an_id_counts_only_on_its_own_platform(chat: Chat) -> None:
    await chat.opens()
    await chat.refused("claim 1", by=Sender(transport="telegram", user="U0CHEN", name="陈立"), on="telegram")


async def test_an_anonymous_admin_of_a_group_is_nobody(url: str) -> None:
    async with Chat(url, team=team(guests="responder")) as chat:
        await chat.opens()
        await chat.refused("claim 1", by=Sender(transport="telegram", user="-1001", name="陈立"))


async def test_a_mention_of_somebody_else_who_is_called_the_same_is_not_that_person(chat: Chat) -> None:
    await chat.opens()
    await chat.says("claim 1", by="林悦")
    assert "U0WHO" in (await chat.refused("handover 1 <@U0WHO>", by="林悦")).title


async def test_what_is_refused_is_stored_all_the_same_and_is_not_tried_again(chat: Chat) -> None:
    await chat.refused("claim 7", by="林悦")
    async with chat.database.read() as session:
        (row,) = await rows(session, Inbox)
    assert row.outcome == "refused"
    assert not await chat.dispatch.drain()
