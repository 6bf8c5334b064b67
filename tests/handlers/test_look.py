"""Help, lists, details, who one is."""

import pytest

import handlers
from tests.chat import Chat, complaints, team

COMMANDS = handlers.load().commands


async def test_help_shows_every_command(chat: Chat) -> None:
    told = (await chat.says("help", by="林悦")).whisper
    assert all(command.verb in told.text for command in COMMANDS.values())


async def test_help_of_an_area_explains_each_of_its_commands(chat: Chat) -> None:
    for words in ("incident", "Incident"):
        told = (await chat.says(f"help {words}", by="林悦")).whisper
        mine = [command for command in COMMANDS.values() if command.area == "incident"]
        assert all(f"{command.usage} — {command.help}" in told.text for command in mine)
        assert "playbook" not in told.text


async def test_every_command_has_help_with_an_example_under_each_of_its_names(chat: Chat) -> None:
    for command in COMMANDS.values():
        for name in (command.verb, *command.aliases):
            await chat.dispatch.receive(chat.typed(f"帮助 {name}", by="林悦", direct=True))
    await chat.settle()
    told = iter(chat.whispers_to("林悦"))
    for command in COMMANDS.values():
        for _ in (command.verb, *command.aliases):
            card = next(told)
            assert command.verb in card.title
            assert command.example in card.text


@pytest.mark.parametrize("words", ["", "?", "帮助", "start", "HELP"])
async def test_saying_nothing_in_particular_brings_the_help(chat: Chat, words: str) -> None:
    assert "claim" in (await chat.says(words, by="林悦", on="telegram", direct=True)).whisper.text


async def test_an_unknown_verb_gets_the_nearest_one_and_where_the_help_is(chat: Chat) -> None:
    why = await chat.refused("clame 1", by="林悦")
    assert "clame" in why.title
    assert "claim" in why.text
    assert "help" in why.text
    assert "help" in (await chat.refused("xyzzy", by="林悦")).text
    assert "claim" in (await chat.refused("help clame", by="林悦")).text


async def test_a_list_is_of_what_is_open_of_all_of_mine_or_of_what_is_over(chat: Chat) -> None:
    for _ in range(3):
        await chat.opens()
    await chat.says("claim 2", by="林悦")
    await chat.says("dismiss 3 旧图", by="陈立")

    async def listed(words: str) -> list[str]:
        told = (await chat.says(words, by="林悦")).whisper
        return [wire.partition(":")[2] for wire in told.wires]

    assert await listed("list") == ["2", "1"]
    assert await listed("列表 全部") == ["3", "2", "1"]
    assert await listed("list mine") == ["2"]
    assert await listed("list closed") == ["3"]
    assert "list [all|mine|closed|drills]" in (await chat.refused("list yours", by="林悦")).text


async def test_an_empty_list_says_how_to_open_one(chat: Chat) -> None:
    assert "new" in (await chat.says("list", by="林悦")).whisper.text


async def test_a_press_on_a_list_shows_that_incident_and_not_the_place_where_it_stands(chat: Chat) -> None:
    first = await chat.opens(title="第一件")
    await chat.opens(title="第二件")
    told = (await chat.says("list", by="林悦", under=first)).whisper
    shown = (await chat.presses("look.show:2", told, by="林悦")).posts
    assert "第二件" in shown[0].text
    told = (await chat.says("list", by="林悦", on="telegram")).whisper
    await chat.presses("look.show:2", told, by="林悦")
    await chat.presses("look.show:1", told, by="林悦")
    assert "claim N" in (await chat.refused("claim", by="林悦", under=told)).text, (
        "the list belongs to no incident"
    )


async def test_details_are_posted_where_they_were_asked_for(chat: Chat) -> None:
    await chat.mentions(*complaints(4))
    shown = (await chat.says("详情 1", by="林悦", on="telegram")).posts
    assert [(each.channel, each.thread.startswith("human")) for each in shown] == [("-1001", True)]
    assert "#1" in shown[0].title
    assert len(shown[0].card.quotes) == 4
    in_private = (await chat.says("show 1", by="林悦", direct=True)).posts
    assert [each.channel for each in in_private] == ["DU0LIN"]


async def test_whoami_says_what_the_platform_id_stands_for(chat: Chat) -> None:
    told = (await chat.says("我是谁", by="陈立", on="telegram")).whisper
    assert "陈立" in told.title
    assert "lead" in told.text
    assert "1002" in told.text


async def test_a_guest_is_told_that_he_is_one(url: str) -> None:
    async with Chat(url, team=team(guests="reader")) as chat:
        sender = chat.sender("林悦", "telegram")
        told = (
            await chat.says("whoami", by=type(sender)(transport="telegram", user="4711", name="路人"))
        ).whisper
        assert "4711" in told.title
        assert "reader" in told.text
        assert told.card.footer


@pytest.mark.parametrize(
    ("words", "verb", "others", "all_of_them"),
    [
        ("声明", "draft", "批准 approve", "help voice"),
        ("演练", "drill", "", ""),
        ("复盘", "review", "报告 report", "help learn"),
    ],
)
async def test_an_area_that_is_called_like_a_command_is_found_too(
    url: str, words: str, verb: str, others: str, all_of_them: str
) -> None:
    async with Chat(url, team=team(language="zh")) as chat:
        told = (await chat.says(f"help {words}", by="林悦", direct=True)).whisper
        assert told.title.startswith(f"{verb} · ")
        assert others in told.text
        assert all_of_them in told.text
        assert COMMANDS[verb].example in told.text


async def test_an_area_is_found_by_its_english_name_in_every_language(url: str) -> None:
    async with Chat(url, team=team(language="zh")) as chat:
        told = (await chat.says("help statements", by="林悦", direct=True)).whisper
        assert told.title == "声明"
        assert all(each.verb in told.text for each in COMMANDS.values() if each.area == "voice")
