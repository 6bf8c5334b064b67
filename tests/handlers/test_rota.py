"""Who is on call: turns of a week, exceptions, clocks that change; and stepping in for a commander."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from playbooks.checking import parse
from playbooks.reading import PlaybookError, read_sheet
from playbooks.rota import Rota
from tests.chat import NOW, PEOPLE, Chat, team

PEOPLE_OF_THE_ROTA = ["林悦", "陈立", "吴桐"]
WEEK = timedelta(weeks=1)


def rota(**more: Any) -> Rota:
    """林悦 has the week of Monday, 16 November, in Shanghai."""
    given = {
        "people": PEOPLE_OF_THE_ROTA,
        "handoff": "mon 09:00",
        "zone": "Asia/Shanghai",
        "from": "2026-11-16",
    }
    return Rota.model_validate(given | more)


WEEKEND = {"from": "2026-11-21 18:00", "to": "2026-11-22 09:00", "who": "吴桐"}


def test_people_take_turns_of_a_week() -> None:
    turns = rota()
    handoff = datetime(2026, 11, 23, 1, tzinfo=UTC)
    assert turns.on_call(NOW) == "林悦"
    assert turns.on_call(handoff - timedelta(seconds=1)) == "林悦"
    assert turns.on_call(handoff) == "陈立"
    assert [turns.on_call(NOW + number * WEEK) for number in range(4)] == ["林悦", "陈立", "吴桐", "林悦"]
    assert turns.on_call(NOW - WEEK) == "吴桐"


def test_the_first_week_is_the_one_that_holds_the_day_it_begins() -> None:
    assert rota(**{"from": "2026-11-20"}).on_call(NOW) == "林悦"
    # Monday, before nine: the week that has not ended.
    assert rota().on_call(datetime(2026, 11, 16, 0, 59, tzinfo=UTC)) == "吴桐"


def test_an_override_goes_before_the_turn_and_gives_it_back() -> None:
    turns = rota(overrides=[WEEKEND])
    start, end = datetime(2026, 11, 21, 10, tzinfo=UTC), datetime(2026, 11, 22, 1, tzinfo=UTC)
    assert [turns.on_call(moment) for moment in (start - timedelta(seconds=1), start, end)] == [
        "林悦", "吴桐", "林悦",
    ]  # fmt: skip
    assert turns.following(start) == "陈立"
    assert list(turns.shifts(NOW, 1)) == [
        (start, "吴桐"),
        (end, "林悦"),
        (datetime(2026, 11, 23, 1, tzinfo=UTC), "陈立"),
    ]


def test_the_next_one_is_somebody_else() -> None:
    assert rota().following(NOW) == "陈立"
    assert rota(people=["林悦", "林悦", "吴桐"]).following(NOW) == "吴桐"
    assert rota(people=["林悦"]).following(NOW) == ""
    # Who stands in is also the next of the list, so the one after is called.
    assert rota(overrides=[WEEKEND | {"who": "陈立"}]).following(NOW + timedelta(days=1, hours=6)) == "吴桐"


def test_the_hand_off_stays_at_nine_when_the_clocks_change() -> None:
    turns = rota(zone="Europe/Berlin", **{"from": "2026-10-19"})
    before, after = datetime(2026, 10, 19, 7, tzinfo=UTC), datetime(2026, 10, 26, 8, tzinfo=UTC)
    assert turns.on_call(before) == "林悦"
    assert turns.on_call(after - timedelta(seconds=1)) == "林悦"
    assert turns.on_call(after) == "陈立"


def test_an_hour_that_comes_twice_hands_off_once_and_one_that_is_left_out_hands_off_all_the_same() -> None:
    autumn = rota(handoff="sun 02:30", zone="Europe/Berlin", **{"from": "2026-10-18"})
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    names = [autumn.on_call(first + timedelta(minutes=minutes)) for minutes in range(-40, 120, 10)]
    assert names == ["林悦"] * 4 + ["陈立"] * 12
    spring = rota(handoff="sun 02:30", zone="Europe/Berlin", **{"from": "2027-03-21"})
    skipped = datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert spring.on_call(skipped - timedelta(minutes=31)) == "林悦"
    assert spring.on_call(skipped) == "陈立"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('handoff: "mon,thu 09:00"', "is not one time of the week"),
        ('handoff: "09:00"', "is not one time of the week"),
        ("zone: Mars/Olympus", "is not a time zone"),
        (
            'overrides: [{from: "2026-11-22 09:00", to: "2026-11-21 18:00", who: 吴桐}]',
            "must end after it begins",
        ),
        (
            'overrides: [{from: "2026-11-21 18:00", to: "2026-11-22 09:00", who: 吴桐},'
            ' {from: "2026-11-22 08:59", to: "2026-11-22 12:00", who: 陈立}]',
            "overlaps another override",
        ),
        ("people: []", "needs at least 1"),
    ],
)
def test_a_rota_that_cannot_be_is_refused_with_the_reason(wrong: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "rota.yaml"
    people = "" if wrong.startswith("people") else "people: [林悦]\n"
    file.write_text(f"{people}from: 2026-11-16\n{wrong}\n", encoding="utf-8")
    with pytest.raises(PlaybookError) as caught:
        parse(read_sheet(file), Rota)
    assert said in str(caught.value)


# In chat


def crew(**more: Any) -> Any:
    """The team with a rota, and 吴桐 as 陈立's deputy."""
    people = tuple(replace(each, deputy="吴桐") if each.name == "陈立" else each for each in PEOPLE)
    return replace(team(people=people), rota=rota(**more))


async def test_whoever_asks_is_told_who_is_on_call_and_who_is_next(url: str) -> None:
    async with Chat(url, team=crew(overrides=[WEEKEND])) as chat:
        told = (await chat.says("oncall", by="林悦")).whisper
        assert "林悦" in told.title
        assert "11-21 18:00 吴桐" in told.text
        assert "11-23 09:00 陈立" in told.text
        assert "陈立: 吴桐" in told.text
        await chat.passes(days=1, hours=5)
        assert "吴桐" in (await chat.says("值班", by="林悦")).whisper.title


async def test_without_a_rota_the_way_to_one_is_shown(chat: Chat) -> None:
    assert "rota:" in (await chat.refused("oncall", by="林悦")).text


async def test_an_unclaimed_alert_calls_whoever_is_on_call_even_by_override(url: str) -> None:
    async with Chat(url, team=crew(overrides=[WEEKEND])) as chat:
        await chat.opens()
        first = await chat.passes(minutes=10)
        assert {each.calls for each in first.posts if each.transport == "slack"} == {("林悦",)}
        await chat.passes(days=1, hours=5)
        await chat.opens()
        second = await chat.passes(minutes=10)
        assert {each.calls for each in second.posts if "#2" in each.title and each.transport == "slack"} == {
            ("吴桐",)
        }


async def test_a_deputy_steps_in_with_one_tap(url: str) -> None:
    async with Chat(url, team=crew()) as chat:
        await chat.opens()
        await chat.says("claim 1", by="陈立")
        await chat.passes(minutes=30)
        nudge = next(each for each in (await chat.passes(minutes=10)).posts if each.transport == "slack")
        assert nudge.calls == ("吴桐",)
        heard = await chat.presses("I take over", nudge, by="吴桐")
        incident = await chat.incident()
        assert (incident.owner, incident.state) == ("吴桐", "claimed")
        entry = [each for each in await chat.entries() if each.kind == "took_over"][-1]
        assert (entry.by, entry.data["to"]) == ("吴桐", "吴桐")
        assert any("陈立" in each.calls for each in heard.posts)


async def test_not_just_anybody_steps_in(url: str) -> None:
    people = tuple(replace(each, roles=frozenset({"responder"})) for each in PEOPLE[:3])
    async with Chat(url, team=team(people=people)) as chat:
        await chat.opens()
        assert "claim 1" in (await chat.refused("takeover 1", by="吴桐")).text
        await chat.says("claim 1", by="陈立")
        assert "陈立" in (await chat.refused("takeover 1", by="吴桐")).title
        assert "handover 1" in (await chat.refused("takeover 1", by="陈立")).text
        assert (await chat.incident()).owner == "陈立"


async def test_a_lead_and_whoever_is_on_call_may_step_in_without_being_a_deputy(url: str) -> None:
    async with Chat(url, team=crew()) as chat:
        await chat.opens()
        await chat.says("claim 1", by="陈立")
        await chat.says("接手 1", by="林悦")
        assert (await chat.incident()).owner == "林悦"
        await chat.says("takeover 1", by="吴桐")
        assert (await chat.incident()).owner == "吴桐"


async def test_whoever_steps_in_is_said_to_have_taken_over_and_from_whom(url: str) -> None:
    async with Chat(url, team=crew()) as chat:
        await chat.opens()
        await chat.says("claim 1", by="陈立")
        heard = await chat.says("takeover 1", by="吴桐")
        assert "吴桐 took #1 over from 陈立." in [each.title for each in heard.posts]
        assert "took command over from 陈立" in (await chat.says("timeline 1", by="吴桐")).posts[0].text
        crew_card = await chat.says("role 1", by="吴桐")
        assert any("陈立" in each.text for each in crew_card.all)
