"""Free tasks, the times that people write, and what a person has to do over all incidents."""

from datetime import UTC, datetime, timedelta

import pytest

from handlers.kit.context import Context
from handlers.kit.errors import UsageError
from handlers.kit.messages import Noticed
from handlers.reading.errands import read_matter, read_moment
from handlers.reading.words import Words
from storage import deadlines, tasks
from storage.database import Database
from storage.models import Deadline, Step
from tests.chat import NOW, PEOPLE, Chat, library, team
from tests.fakes import Said


async def given(chat: Chat, words: str = "给顾客回电 @陈立 2h") -> Said:
    """The card on Slack of the first task in #1, which 林悦 gave."""
    await chat.opens()
    await chat.says(f"task 1 {words}", by="林悦")
    return await chat.card("task:1:1")


async def one(chat: Chat, number: int = 1) -> Step:
    async with chat.database.read() as session:
        return (await tasks.tasks(session, 1))[number]


async def owed(chat: Chat) -> list[Deadline]:
    async with chat.database.read() as session:
        return [row for row in await deadlines.of(session, 1) if row.kind == "task"]


async def test_a_task_is_somebodys_until_a_time(chat: Chat) -> None:
    card = await given(chat)
    row = await one(chat)
    assert (row.title, row.person, row.due_at) == ("给顾客回电", "陈立", NOW + timedelta(hours=2))
    assert card.thread == (await chat.card()).message
    assert card.card.notify == ("陈立",)
    assert "16:00" in card.text
    (due,) = await owed(chat)
    assert (due.ref, due.what, due.to) == ("1", "给顾客回电", "陈立")
    entry = (await chat.entries())[-1]
    assert (entry.kind, entry.text, entry.data["to"]) == ("task", "给顾客回电", "陈立")


@pytest.mark.parametrize(
    ("words", "title", "due"),
    [
        ("任务 1 去门店 <@U0CHEN> 18:00", "去门店", datetime(2026, 11, 20, 10, 0, tzinfo=UTC)),
        (
            "task 1 18:00 前问供应商 @陈立 明天 9:30",
            "18:00 前问供应商",
            datetime(2026, 11, 21, 1, 30, tzinfo=UTC),
        ),
        ("task 1 3 个人去仓库 @陈立 11-21 18:00", "3 个人去仓库", datetime(2026, 11, 21, 10, 0, tzinfo=UTC)),
        ("task 1 问 @吴桐 要合同 @陈立 90m", "问 @吴桐 要合同", NOW + timedelta(minutes=90)),
    ],
)
async def test_a_task_is_read_as_people_write_it(chat: Chat, words: str, title: str, due: datetime) -> None:
    await chat.opens()
    await chat.says(words, by="林悦")
    row = await one(chat)
    assert (row.title, row.person, row.due_at) == (title, "陈立", due)


async def test_in_its_own_thread_the_number_may_be_left_out(chat: Chat) -> None:
    card = await chat.opens()
    await chat.says("task 给顾客回电 @陈立 2h", by="林悦", under=card)
    await chat.says("task 1 done 已接通", by="陈立", under=card)
    assert (await one(chat)).note == "已接通"


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("task 1 回电 @陈立", "By when"),
        ("task 1 回电 2h", "Who does it"),
        ("task 1 @陈立 2h", "What is to be done"),
        ("task 1", "What is to be done"),
        ("task 1 回电 @某某 2h", "某某"),
        ("task 1 回电 @周帆 2h", "may not work"),
        ("task 1 回电 @陈立 13:00", "13:00 has passed"),
        ("task 1 回电 @陈立 11-19 18:00", "has passed"),
        ("task 1 回电 @陈立 25:00", "no time"),
        ("task 1 回电 @陈立 0m", "has passed"),
        ("task 1 回电 @陈立 999999d", "more than a year"),
        ("task 1 2 done", "no task 2"),
    ],
)
async def test_a_task_that_is_none_is_refused(chat: Chat, words: str, wrong: str) -> None:
    await chat.opens()
    assert wrong in (await chat.refused(words, by="林悦")).title
    assert await chat.count(Step) == 0


@pytest.mark.parametrize(
    ("words", "local"),
    [
        ("2h", "2026-12-30 23:00"),
        ("1h30m", "2026-12-30 22:30"),
        ("22:00", "2026-12-30 22:00"),
        ("22：00", "2026-12-30 22:00"),
        ("01-05 9:00", "2027-01-05 09:00"),
        ("2027-02-01 09:00", "2027-02-01 09:00"),
        ("明天 9:00", "2026-12-31 09:00"),
        ("tomorrow 9:00", "2026-12-31 09:00"),
        ("后天8:05", "2027-01-01 08:05"),
        ("2 小时", "2026-12-30 23:00"),
        ("3天", "2027-01-02 21:00"),
    ],
)
async def test_times_are_read_on_the_teams_clock(store: Database, words: str, local: str) -> None:
    moment = await read_moment(Words(words), await standing(store))
    assert moment is not None
    assert moment.astimezone(team().zone).strftime("%Y-%m-%d %H:%M") == local


@pytest.mark.parametrize(
    "words", ["20:00", "12-30 20:59", "12-29 23:00", "2026-01-01 10:00", "02-30 10:00", "24:00"]
)
async def test_times_that_have_passed_or_are_none_say_what_to_write(store: Database, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        await read_moment(Words(words), await standing(store))
    assert "11-21 18:00" in refused.value.hint


@pytest.mark.parametrize("words", ["18", "下午", "2", "h2", "18:00pm", ""])
async def test_what_is_no_time_is_left_alone(store: Database, words: str) -> None:
    left = Words(words)
    assert await read_moment(left, await standing(store)) is None
    assert left.left == words


async def test_an_answer_in_a_form_is_taken_whole(store: Database) -> None:
    assert await read_matter(Words("回电 18:00", is_answer=True), await standing(store)) == "回电 18:00"


async def standing(store: Database) -> Context:
    """21:00 on the last day but one of the year in Shanghai."""
    async with store.read() as session:
        return Context(
            happening=Noticed(id="n", kind="x"),
            session=session,
            team=team(),
            library=library(),
            now=datetime(2026, 12, 30, 13, 0, tzinfo=UTC),
            by=PEOPLE[0],
        )


async def test_done_is_one_tap_and_the_first_one_counts(chat: Chat) -> None:
    card = await given(chat)
    await chat.presses("Done", card, by="陈立")
    row = await one(chat)
    assert (row.outcome, row.by) == ("done", "陈立")
    assert card.card.tone == "good"
    assert not card.wires
    assert await owed(chat) == []
    assert "陈立" in (await chat.refused("task 1 1 done", by="林悦")).title
    assert (await chat.kinds()).count("task_done") == 1


async def test_dropping_a_task_needs_a_reason(chat: Chat) -> None:
    card = await given(chat)
    form = (await chat.presses("Drop…", card, by="林悦")).form
    assert await chat.fills(form, {"note": "顾客已撤诉"}, by="林悦") == {}
    assert ((await one(chat)).outcome, (await one(chat)).note) == ("skip", "顾客已撤诉")
    assert "顾客已撤诉" in card.text


async def test_handing_a_task_over_tells_both(chat: Chat) -> None:
    card = await given(chat)
    form = (await chat.presses("Hand over…", card, by="林悦")).form
    assert [field.name for field in form.fields] == ["who"]
    assert await chat.fills(form, {"who": "@吴桐"}, by="林悦") == {}
    assert (await one(chat)).person == "吴桐"
    assert "吴桐" in card.text
    assert chat.last().card.notify == ("吴桐", "陈立")
    (due,) = await owed(chat)
    assert (due.to, due.due_at) == ("吴桐", NOW + timedelta(hours=2))
    await chat.says("task 1 1 转交 @林悦", by="吴桐")
    assert (await one(chat)).person == "林悦"


async def test_a_task_whose_time_has_come_is_called_out(chat: Chat) -> None:
    await given(chat, "给顾客回电 @陈立 5m")
    heard = await chat.passes(minutes=5)
    said = next(each for each in heard.posts if each.transport == "slack")
    assert "not done: 给顾客回电" in said.title
    await chat.presses("task.task:1 1 done", said, by="陈立")
    assert (await one(chat)).outcome == "done"


async def test_what_is_done_with_a_link_keeps_it_as_evidence(chat: Chat) -> None:
    await given(chat)
    await chat.says("task 1 1 done https://weibo.com/1/abc", by="陈立")
    (proof,) = (await chat.entries())[-1].data["evidence"]
    assert proof["link"] == "https://weibo.com/1/abc"


async def test_an_incident_that_is_over_takes_no_task(chat: Chat) -> None:
    await given(chat)
    await chat.says("claim 1", by="林悦")
    await chat.says("close 1 已解决", by="林悦")
    assert "is over" in (await chat.refused("task 1 回电 @陈立 2h", by="林悦")).title
    assert await owed(chat) == []


async def test_personal_data_in_a_task_is_left_out(chat: Chat) -> None:
    await given(chat, "回电 13800138000 @陈立 2h")
    assert "13800138000" not in (await one(chat)).title


# What is mine


async def test_mine_is_everything_i_have_to_do_what_is_late_first(chat: Chat) -> None:
    await chat.opens(title="蛋糕发霉")
    await chat.opens(title="门店吵架")
    await chat.says("claim 2", by="陈立")
    await chat.says("task 1 问供应商 @陈立 3h", by="林悦")
    await chat.says("task 2 去门店 @陈立 5m", by="林悦")
    await chat.says("task 2 写说明 @林悦 5m", by="林悦")
    await chat.passes(minutes=10)
    card = (await chat.says("list mine", by="陈立", on="slack")).whisper
    lines = card.card.sections[0].lines
    assert [line.partition(" · ")[2] for line in lines] == ["#2 task 1 去门店", "#1 task 1 问供应商"]
    assert "overdue since 14:05" in lines[0]
    assert "by 17:00" in lines[1]
    assert "门店吵架" in card.card.sections[1].lines[0]
    assert "2 to do, 1 to command" in card.title
    await chat.presses("task.task:2 1 done", card, by="陈立")
    again = (await chat.says("列表 我的", by="陈立", on="slack")).whisper
    assert "1 to do" in again.title


async def test_mine_names_steps_by_role_and_leaves_out_what_waits(chat: Chat) -> None:
    await chat.opens()
    await chat.says("playbook 1", by="林悦")
    await chat.says("role 1 support @陈立", by="林悦")
    lines = (await chat.says("list mine", by="陈立", on="slack")).whisper.card.sections[0].lines
    assert [line.split(" · ")[1].split()[2] for line in lines] == ["6", "11"]
    await chat.says("step 1 1 done", by="林悦")
    card = (await chat.says("list mine", by="陈立", on="slack")).whisper
    assert "#1 step 4" in card.card.sections[0].lines[0]
    await chat.presses("playbook.step:1 4 done", card, by="陈立")
    assert (await chat.kinds())[-1] == "step_done"


async def test_mine_fits_one_screen(chat: Chat) -> None:
    await chat.opens()
    for number in range(12):
        await chat.says(f"task 1 第{number}件事要做完 @林悦 {number + 1}h", by="林悦")
    card = (await chat.says("list mine", by="林悦")).whisper
    assert len(card.card.sections[0].lines) == 9
    assert "4 more" in card.card.sections[0].lines[-1]
    assert len(card.wires) == 3
    assert len(card.text) < 600


async def test_mine_is_empty_without_work_and_after_the_end(chat: Chat) -> None:
    await given(chat)
    assert "Nothing is waiting" in (await chat.says("list mine", by="吴桐")).whisper.title
    await chat.says("claim 1", by="林悦")
    await chat.says("close 1 已解决", by="林悦")
    assert "Nothing is waiting" in (await chat.says("list mine", by="陈立")).whisper.title


async def test_work_of_a_drill_is_listed_in_its_room_only(chat: Chat) -> None:
    await chat.says("drill start moldy_cake", by="周帆", room="drills")
    await chat.opens(room="drills")
    await chat.says("task 1 演练里的事 @林悦 2h", by="林悦", room="drills")
    assert "Nothing is waiting" in (await chat.says("list mine", by="林悦")).whisper.title
    assert "1 to do" in (await chat.says("list mine", by="林悦", room="drills")).whisper.title


async def test_the_answer_says_what_became_of_a_task(chat: Chat) -> None:
    await given(chat)
    heard = await chat.says("task 1 1 hand @吴桐", by="林悦")
    assert heard.whisper.title == "#1: 吴桐 has task 1 now."
    heard = await chat.says("task 1 1 drop 顾客已撤诉", by="林悦")
    assert (heard.whisper.title, heard.whisper.card.text) == ("#1: task 1 is dropped.", "顾客已撤诉")
