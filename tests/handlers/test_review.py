"""The review: all that was stored, and nothing else."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot import trials
from bot.config import load as load_config
from handlers.kit.locale import Locale
from handlers.review import compose, gather
from handlers.shared.voice_review import fate
from storage import surveys
from storage.models import Commitment, Opinion
from tests.chat import NOW, SHANGHAI, Chat, complaints, library
from tests.fakes import Said

TEXT = "我们已收到反映，正在核实。上海 3 家门店停售该批次。"


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
    """The review as it was posted: one file."""
    [text] = [each.text for said in said if said.transport == "slack" for each in said.card.documents]
    return text


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
        assert compose(say, incident, await gather(session, incident, library())) == posted


async def spoken(chat: Chat) -> None:
    """Incident #1, of which much was said in public, and not all of it right."""
    await chat.opens("yellow")
    await chat.says("claim 1", by="林悦")
    await chat.says("fact 1 上海 3 家门店停售该批次（来源：王店长）", by="林悦")
    await chat.says("fact 1 F1 confirm", by="陈立")
    await chat.says(f"edit 1 {TEXT}请联系官方客服或 13812345678。下一次说明：今天 18:00 前。", by="林悦")
    await chat.says("override 1 L03 这是公司热线", by="陈立")
    await chat.says("approve 1", by="陈立")
    await chat.passes(minutes=45)
    await chat.says("approve 1", by="吴桐")
    await chat.says("publish 1 微博 https://weibo.com/1/abc 2h", by="林悦")
    await chat.says("publish 1 抖音 https://v.douyin.com/abc", by="林悦")
    await chat.says(f"verify 1 微博 {TEXT}", by="陈立")
    await chat.says("fact 1 F1 deny 实际是 2 家", by="吴桐")
    await chat.says("recall 1 v1 门店数写错了", by="吴桐")
    await chat.says("down 1 抖音", by="林悦")
    for words in ("三天内退款 @林悦 1h", "公布结果 @林悦 3d", "道歉 @陈立 2h"):
        await chat.says(f"promise 1 {words}", by="林悦")
    await chat.says("promise 1 3 kept https://example.com/sorry", by="陈立")
    await chat.says("ask 1 能退款吗", by="林悦")
    await chat.says("answer 1 Q1 您好，可以退款，请联系官方客服登记。", by="林悦")
    await chat.says("answer 1 Q1 approve", by="陈立")
    chat.dispatch.settings["public_url"] = "https://crisis.example.com"
    await chat.says("survey 1", by="林悦")
    await chat.passes(hours=3)
    async with chat.database.write() as session:
        found = await surveys.of(session, 1)
        assert found is not None
        await surveys.answer(session, Opinion(survey_id=found.id or 0, score=4, solved=True, at=chat.clock()))


async def chapter(chat: Chat, title: str, language: str = "en") -> str:
    async with chat.database.read() as session:
        incident = await chat.incident()
        say = Locale(language=language, zone=SHANGHAI, now=chat.clock())
        text = compose(say, incident, await gather(session, incident, library()))
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


async def test_each_text_says_who_voted_what_and_how_long_it_took_against_the_clock(chat: Chat) -> None:
    await spoken(chat)
    told = await chapter(chat, "What we said")
    assert "v1 · taken back" in told
    assert "Drafted 2026-11-20 14:00:00, approved 2026-11-20 14:45:00: 45 min, at this level 30 min" in told
    assert ", 15 min over" in told
    assert "- 陈立 approves 2026-11-20 14:00:00" in told
    assert "- 吴桐 approves 2026-11-20 14:45:00" in told


async def test_what_was_let_pass_says_which_check_who_when_and_why(chat: Chat) -> None:
    await spoken(chat)
    told = await chapter(chat, "Checks let pass")
    assert "v1 · L03" in told
    assert told.strip().endswith("陈立 2026-11-20 14:00:00: 这是公司热线")


async def test_a_fact_says_how_it_changed_and_which_texts_said_it_then(chat: Chat) -> None:
    await spoken(chat)
    added, confirmed, false = (await chapter(chat, "Facts")).strip().splitlines()
    assert added.startswith("- ❌ F1 上海 3 家门店停售该批次 · by 林悦 2026-11-20 14:00:00 · source: 王店长")
    assert confirmed == "  - 2026-11-20 14:00:00 陈立: confirmed · cited by no text"
    assert false == "  - 2026-11-20 14:45:00 吴桐: false · 实际是 2 家 · cited by v1 (approved)"


async def test_each_channel_says_what_stood_there_and_what_became_of_it(chat: Chat) -> None:
    await spoken(chat)
    digest = (await chat.versions())[0].hash[:12]
    weibo, on_weibo, douyin, on_douyin = (await chapter(chat, "Where it went out")).strip().splitlines()
    assert (weibo, douyin) == ("- 微博", "- 抖音")
    assert on_weibo == (
        f"  - v1 · 林悦 2026-11-20 14:45:00 · {digest} · differed when 陈立 compared it 2026-11-20 14:45:00"
        " · ran out 16:45 · taken back and still stands · <https://weibo.com/1/abc>"
    )
    assert on_douyin.endswith("never compared · is gone · <https://v.douyin.com/abc>")


async def test_promises_say_whether_they_were_kept(chat: Chat) -> None:
    await spoken(chat)
    broken, owed, kept = (await chapter(chat, "Promises")).strip().splitlines()
    assert broken.endswith("林悦 by 2026-11-20 15:45:00 · broken: its time is over")
    assert owed.endswith("not due yet")
    assert kept.endswith("kept · 陈立 2026-11-20 14:45:00 · <https://example.com/sorry>")


@pytest.mark.parametrize(
    ("state", "due", "settled", "wanted"),
    [
        ("open", 1, None, "owed"), ("open", -1, None, "broken"), ("open", 0, None, "broken"), ("kept", 0, 0, "kept"),
        ("kept", 0, 1, "late"), ("dropped", 1, 0, "dropped"),
    ],
)  # fmt: skip
def test_a_promise_is_kept_kept_late_broken_or_still_owed(
    state: str, due: int, settled: int | None, wanted: str
) -> None:
    hour = timedelta(hours=1)
    row = Commitment(
        incident_id=1, number=1, owner="林悦", by="林悦", at=NOW, state=state, due_at=NOW + due * hour,
        settled_at=None if settled is None else NOW + settled * hour,
    )  # fmt: skip
    assert fate(row, NOW) == wanted


async def test_questions_and_the_form_come_with_their_figures(chat: Chat) -> None:
    await spoken(chat)
    assert "Questions: 1, answered 1" in await chapter(chat, "What people asked")
    assert "1 answers, 4.0 of 5, 100% solved" in await chapter(chat, "Public form")


async def test_on_the_card_it_is_a_few_lines_and_what_is_owed_comes_first(chat: Chat) -> None:
    await spoken(chat)
    heard = await chat.says("review 1", by="林悦")
    card = next(each.card for each in heard.posts if each.transport == "slack")
    [section] = card.sections
    assert (
        section.lines[0] == "Out in 2 places, still in 1; ⚠️ taken back and still there: 微博; ⚠️ differs: 微博"
    )
    assert section.lines[1] == "Promises: 1 kept, 1 open; ⚠️ broken: P1"
    assert len(section.lines) == 7
    assert card.tone == "warn"


async def test_it_is_written_in_both_languages_whole(chat: Chat) -> None:
    await spoken(chat)
    for language, titles in (
        (
            "en",
            ("Checks let pass", "Facts", "Where it went out", "Promises", "What people asked", "Public form"),
        ),
        ("zh", ("放行的检查", "事实", "发布在哪里", "承诺", "大家在问", "回访表")),
    ):
        lengths = [len((await chapter(chat, title, language)).strip().splitlines()) for title in titles]
        assert lengths == [1, 3, 4, 3, 3, 2]


async def test_an_approval_that_ran_out_and_one_that_fell_are_told(chat: Chat) -> None:
    await chat.opens("orange")
    await chat.says("fact 1 上海 3 家门店停售该批次", by="林悦")
    await chat.says("fact 1 F1 confirm", by="陈立")
    await chat.says(f"edit 1 {TEXT}", by="林悦")
    await chat.says("approve 1", by="陈立")
    await chat.passes(hours=2)
    await chat.says("approve 1", by="吴桐")
    await chat.says("fact 1 F1 deny", by="陈立")
    told = await chapter(chat, "What we said")
    assert "- 2026-11-20 16:00:00 陈立's approval of v1 expired" in told
    assert "吴桐's approval fell: F1 changed" in told
    assert "not approved yet" in told


async def test_the_command_line_writes_it_in_either_language(
    chat: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chat.opens()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", chat.url)
    found = [await trials.review(load_config(), 1, language) for language in ("", "zh", "en")]
    assert found[0] == found[1]
    assert [(text or "").partition(" ")[2][:2] for text in found] == ["复盘", "复盘", "Re"]
    assert await trials.review(load_config(), 7) is None


async def test_however_much_was_logged_it_is_one_card_and_one_file(chat: Chat) -> None:
    await chat.opens()
    for number in range(40):
        await chat.says(f"log 1 {number} {'顾客来电，' * 60}", by="林悦")
    heard = await chat.says("review 1", by="林悦")
    card, file = (each.card for each in heard.posts if each.transport == "slack")
    assert len(card.text) < 500
    assert (card.verbatim, card.documents) == ("", ())
    [document] = file.documents
    assert document.name == "review-1.md"
    assert document.text.count("顾客来电") >= 40 * 60
    assert len([each for each in heard.posts if each.transport == "telegram"]) == 2
