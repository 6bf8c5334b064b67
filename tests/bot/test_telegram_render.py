"""Cards drawn for Telegram: within its limits, balanced, and dead where strangers' words stand."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from bot.transports.telegram import render
from handlers.kit.cards import (
    VERBATIM_LIMIT,
    Button,
    ButtonTone,
    Card,
    Field,
    Link,
    Quote,
    Section,
    Tone,
    pages,
)
from tests.servers.telegram_text import read_html

ALERT = Card(
    title="橙 #12 蛋糕发霉，客服不理 · 14:02 起未认领",
    tone=Tone.ORANGE,
    text="抖音 ×37（30 分钟，平时约 3）· 负面 82%（23/28）· 最高赞 1.2 万",
    fields=(Field(label="预案", value="食品安全（命中 发霉、拉肚子）"), Field(label="Owner", value="nobody")),
    quotes=(
        Quote(
            text="收到的蛋糕发霉了，客服不理人",
            source="抖音 14:02 ↗",
            url="https://www.douyin.com/video/7?a=1&b=2",
        ),
    ),
    sections=(Section(title="步骤", lines=("1 下架", "2 致歉")),),
    buttons=(
        Button(label="认领", action="incident.claim", value="12", tone=ButtonTone.PRIMARY),
        Button(label="看预案", action="playbook.show", value="12"),
        Button(label="误报…", action="incident.dismiss", value="12", tone=ButtonTone.DANGER),
        Button(label="详情", action="incident.show", value="12"),
    ),
    links=(Link(label="看板", url="https://board.example.com/12"),),
    notify=("林悦", "吴桐"),
    footer="14:03 更新",
)

HOSTILE = (
    "@chenli",
    "/claim 1",
    "/claim@FenghuoBot",
    "see https://evil.example/x?y=1",
    "http://user:pw@evil.com",
    "evil.com",
    "官网：evil.com",
    "tg://resolve?domain=x",
    "1.2.3.4",
    "mail a@b.com now",
    "#发霉",
    "#12号",
    "$USD",
    "中文.公司",
    "(/start)",
    "，@chenli，",
    "<b>x</b><a href='https://evil.com'>y</a>",
    "</code>/claim 1",
    "&#64;chenli",
    "/cl\u202eaim",
    "evil.\u202bcom",
    "evil.\u0333com",
    "/c\u200blaim",
    "@\u2060chenli",
    "evil.\rcom",
    "/\x00claim",
)


class Plain(HTMLParser):
    """A reader of its own, to check tags without trusting the test server's."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.open: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    @override
    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> str:
    """The text as it is shown, after checking what must hold for every message."""
    plain = Plain()
    plain.feed(html)
    plain.close()
    assert not plain.open
    text, _ = read_html(html)
    assert 0 < len(text) <= 4096
    assert len(plain.text) <= 4096
    return text


def live(html: str) -> list[tuple[str, str]]:
    """What could be tapped or calls somebody."""
    text, entities = read_html(html)
    return [
        (e.type, text[e.start : e.end])
        for e in entities
        if e.type not in {"bold", "italic", "code", "pre", "blockquote"}
    ]


def everywhere(words: str) -> Card:
    """A card that says the same in each of its parts."""
    return Card(
        title=words,
        text=words,
        fields=(Field(label=words, value=words),),
        sections=(Section(title=words, lines=(words, words)),),
        quotes=(Quote(text=words, source=words), Quote(text=words, source=words, url="not a web address")),
        verbatim=words[:VERBATIM_LIMIT],
        buttons=(Button(label=words, action="a.b"),),
        notify=(words,),
        footer=words,
    )


def test_an_alert_reads_as_designed() -> None:
    html, rows = render(ALERT, {"林悦": "1001"})
    assert read(html).split("\n") == [
        "林悦 吴桐",
        "🟠 橙 #12 蛋糕发霉，客服不理 · 14:02 起未认领",
        "抖音 ×37（30 分钟，平时约 3）· 负面 82%（23/28）· 最高赞 1.2 万",
        "预案：食品安全（命中 发霉、拉肚子）",
        "Owner: nobody",
        "收到的蛋糕发霉了，客服不理人",
        "抖音 14:02 ↗",
        "步骤",
        "1 下架",
        "2 致歉",
        "看板",
        "14:03 更新",
    ]
    assert live(html) == [("text_mention", "林悦"), ("text_link", "抖音 14:02 ↗"), ("text_link", "看板")]
    assert "<b>橙 #12 蛋糕发霉，客服不理 · 14:02 起未认领</b>" in html, "numbers and fractions need no code"
    assert 'href="https://www.douyin.com/video/7?a=1&amp;b=2"' in html
    assert [[b.text for b in row] for row in rows] == [["认领", "看预案", "误报…", "详情"]]
    assert rows[0][0].callback_data == "incident.claim:12"
    assert [b.style for b in rows[0]] == ["primary", None, "danger", None]


@pytest.mark.parametrize("words", HOSTILE)
def test_a_strangers_words_are_dead_wherever_they_stand(words: str) -> None:
    html, _ = render(everywhere(words), {}, repeat=True, prompt=True)
    read(html)
    assert live(html) == []


@pytest.mark.parametrize("words", HOSTILE)
def test_the_check_above_would_notice(words: str) -> None:
    text, entities = read_html(words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    hidden = ("\u200b", "\u2060", "\x00", "&#64;", "</code>")
    assert entities or any(sign in words for sign in hidden), text


def test_what_is_shown_is_what_was_said() -> None:
    words = "看 @chenli 和 /claim 1，https://evil.example/x <b>&amp;"
    text = read(render(Card(title="t", text=words, quotes=(Quote(text=words),), verbatim=words), {})[0])
    assert text == f"t\n{words}\n{words}\n{words}"


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from([*HOSTILE, " ", "\n", "，", ".", "@", "/", "#", "字", "a"]), min_size=1, max_size=40
    )
)
def test_no_mixture_of_hostile_words_comes_to_life(parts: list[str]) -> None:
    html, _ = render(everywhere("".join(parts)), {})
    read(html)
    assert live(html) == []


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=6000), st.integers(0, 3))
def test_any_text_fits_and_is_balanced(words: str, copies: int) -> None:
    card = everywhere(words)
    card = Card(title=words, text=words, quotes=card.quotes * 9, sections=card.sections * copies * 30)
    html, _ = render(card, {})
    read(html)
    assert live(html) == []


def test_ten_thousand_characters_cut_quotes_first_and_verbatim_never() -> None:
    flood = "😡&<啊" * 2500
    verbatim = "&" * VERBATIM_LIMIT
    card = Card(
        title="#12 " + flood,
        tone=Tone.WARN,
        text=flood,
        fields=tuple(Field(label="标签", value=flood) for _ in range(30)),
        sections=(Section(title=flood, lines=(flood,) * 100),),
        quotes=(Quote(text=flood),) * 20,
        verbatim=verbatim,
        footer=flood,
        links=tuple(Link(label=flood, url=f"https://a.example/{n}") for n in range(20)),
        notify=tuple(f"{n}{flood}" for n in range(50)),
    )
    text = read(render(card, {}, call=(flood, "1"), repeat=True, prompt=True)[0])
    assert verbatim in text
    assert len(text) > 4000


def test_text_survives_longer_than_sections_and_sections_longer_than_quotes() -> None:
    def shown(length: int) -> tuple[bool, bool, bool]:
        card = Card(
            title="t",
            text="文" * length,
            sections=(Section(lines=("节" * 1200,)),),
            quotes=(Quote(text="引" * 400),),
        )
        text = read(render(card, {})[0])
        return text.count("文") == length, text.count("节") == 1200, text.count("引") == 400

    assert [shown(2000), shown(2700), shown(3500)] == [
        (True, True, True),
        (True, True, False),
        (True, False, False),
    ]


def test_verbatim_text_longer_than_a_page_is_refused_and_its_pages_are_whole() -> None:
    statement = "我们致歉。" * 900
    with pytest.raises(ValueError, match=r"pages\(\)"):
        render(Card(title="t", verbatim=statement), {})
    shown = "".join(
        read(render(part, {})[0]).split("\n", 1)[1]
        for part in pages(Card(title="t", verbatim=statement)).before
    )
    assert shown == statement


def test_more_traps_than_telegram_keeps_entities_stay_dead() -> None:
    trap = "/claim 1"
    card = Card(title=trap, sections=(Section(lines=(trap,) * 150),), quotes=(Quote(text=trap),) * 9)
    html, _ = render(card, {})
    text, entities = read_html(html)
    assert live(html) == []
    assert len(entities) <= 100
    assert "／claim 1" in text, "beyond the hundredth the sign is full-width"


def test_words_that_only_repeat_do_not_slow_it_down() -> None:
    for word in ("a", "a.", "@", "#1", "://", "1.", "a_", "/", "-.", "#" + "1" * 50):
        started = time.perf_counter()
        render(everywhere(word * 10_000), {})
        assert time.perf_counter() - started < 2, word


def test_a_link_that_telegram_would_not_keep_is_shown_as_text() -> None:
    card = Card(
        title="t",
        links=(
            Link(label="@board", url="http://localhost:8080/"),
            Link(label="看板", url="https://a.example/"),
        ),
        quotes=(Quote(text="q", source="evil.com", url="javascript:alert(1)"),),
    )
    assert live(render(card, {})[0]) == [("text_link", "看板")]


def test_only_people_with_a_telegram_id_are_called() -> None:
    card = Card(title="t", notify=("林悦", "吴桐", "陈立"))
    html, _ = render(card, {"林悦": "1001", "吴桐": "U0WU", "周帆": "1004"})
    assert read(html) == "林悦 吴桐 陈立\nt"
    assert live(html) == [("text_mention", "林悦")]


def test_marks_of_repeat_and_question_stand_in_front() -> None:
    html, _ = render(
        Card(title="标题？", tone=Tone.WARN), {}, call=("林悦", "1001"), repeat=True, prompt=True
    )
    assert read(html) == "林悦\n（可能重复 · possible repeat）\n✍️ ⚠️ 标题？"


@pytest.mark.parametrize("tone", list(Tone))
def test_every_tone_but_plain_has_its_sign(tone: Tone) -> None:
    text = read(render(Card(title="t", tone=tone), {})[0])
    assert (text == "t") == (tone is Tone.PLAIN)


def test_buttons_stand_in_rows_that_a_phone_shows() -> None:
    labels = ["批准", "要求修改…", "否决…", "我回避", "A very long label that needs a row of its own", "x"]
    card = Card(
        title="t", buttons=tuple(Button(label=label, action="a.b", value=label[:2]) for label in labels)
    )
    rows = render(card, {})[1]
    assert [[b.text for b in row] for row in rows] == [labels[:3], labels[3:4], labels[4:5], labels[5:]]


def test_a_hundred_buttons_at_most_and_none_without_a_label() -> None:
    card = Card(
        title="t", buttons=tuple(Button(label="\u200b", action="a.b", value=str(n)) for n in range(130))
    )
    rows = render(card, {})[1]
    assert sum(len(row) for row in rows) == 100
    assert all(1 <= len(row) <= 4 for row in rows)
    assert all(button.text for row in rows for button in row)
