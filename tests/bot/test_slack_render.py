"""How cards and forms look on Slack, checked against Slack's limits as slack_sdk and the test server know them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.transports import slack_render
from bot.transports.base import TransportError
from bot.transports.slack import SCOPES
from bot.transports.slack_events import decode
from bot.transports.slack_render import MAX_SHOWN, escape, form_errors, modal, render
from handlers.kit.cards import (
    VERBATIM_LIMIT,
    Button,
    ButtonTone,
    Card,
    Choice,
    Field,
    Form,
    FormField,
    Link,
    Quote,
    Section,
    Tone,
)
from handlers.kit.messages import Place
from tests.servers.slack_rules import (
    as_read,
    buttons,
    check_blocks,
    check_text,
    check_view,
    shown_size,
    strings,
)

HERE = Place(transport="slack", channel="C0ALERTS", thread="1.000001", message="1.000002")
HOSTILE = (
    "<!channel> <!here> <@U0CHEN> <!subteam^S1> <#C1> <http://evil.example|bank> @everyone @陈立 /claim 1 "
    "*bold* _it_ ~no~ `code` ```block``` > quote &lt;!channel&gt; <b>html</b> \u202egnp.exe\u2066 z\u200be\u200dr\ufeffo \x00\x1b[31m"
)
LIVE = re.compile(r"<[!@#]|<(?:https?|mailto):")


def shown(card: Card) -> str:
    return as_read(drawn(card)["blocks"])


def drawn(card: Card, **names: str) -> dict[str, Any]:
    """Render, and hold the result against Slack's limits."""
    message = render(card, names)
    check_blocks(message["blocks"])
    check_text(message, 4000)
    assert shown_size(message["blocks"]) <= MAX_SHOWN + 100
    json.dumps(message, ensure_ascii=False).encode()
    return message


def mrkdwn(node: object) -> list[str]:
    """Every string in which Slack reads markup."""
    if isinstance(node, list):
        return [text for item in node for text in mrkdwn(item)]
    if not isinstance(node, dict):
        return []
    if node.get("type") == "mrkdwn":
        return [node["text"]]
    return [text for value in node.values() for text in mrkdwn(value)]


def test_a_card_shows_all_its_parts_in_reading_order() -> None:
    card = Card(
        title="#12 蛋糕发霉，客服不理",
        text="抖音 ×37（30 分钟）",
        tone=Tone.ORANGE,
        fields=(Field(label="伤害", value="3"), Field(label="", value="8（橙 ≥ 7）")),
        quotes=(Quote(text="收到的蛋糕发霉了", source="抖音 14:02", url="https://example.com/v/1"),),
        sections=(Section(title="预案", lines=("☐ 1 下架", "☑ 2 致歉")),),
        verbatim="我们已经知悉。",
        links=(Link(label="看板", url="http://127.0.0.1:8080/"),),
        footer="14:32 前集结",
    )
    assert shown(card) == (
        "🟠 #12 蛋糕发霉，客服不理\n抖音 ×37（30 分钟）\n我们已经知悉。\n伤害 3\n8（橙 ≥ 7）\n"
        "收到的蛋糕发霉了\n抖音 14:02 ↗\n预案\n☐ 1 下架\n☑ 2 致歉\n看板\n14:32 前集结"
    )
    assert "https://example.com/v/1" in list(strings(drawn(card)["blocks"], ("url",)))


def test_a_bare_title_is_a_card() -> None:
    message = drawn(Card(title="没有事件"))
    assert shown(Card(title="没有事件")) == "没有事件"
    assert message["text"] == "没有事件"


def test_buttons_stand_five_in_a_row_with_their_wire_ids() -> None:
    card = Card(
        title="t",
        buttons=(
            Button(label="认领", action="incident.claim", value="12", tone=ButtonTone.PRIMARY),
            Button(label="误报…", action="incident.dismiss", value="12", tone=ButtonTone.DANGER),
            *(Button(label=str(n), action="playbook.tick", value=f"12 {n}") for n in range(30)),
        ),
    )
    blocks = drawn(card)["blocks"]
    found = buttons(blocks)
    assert len(found) == 25
    assert [(b["action_id"], b.get("style")) for b in found[:3]] == [
        ("incident.claim:12", "primary"),
        ("incident.dismiss:12", "danger"),
        ("playbook.tick:12 0", None),
    ]
    assert {len(b["elements"]) for b in blocks if b["type"] == "actions"} == {5}


def test_the_same_button_twice_is_drawn_once() -> None:
    card = Card(title="t", buttons=(Button(label="first", action="a.b"), Button(label="again", action="a.b")))
    assert [b["text"]["text"] for b in buttons(drawn(card)["blocks"])] == ["first"]


def test_only_people_with_an_id_are_mentioned_and_only_when_names_are_given() -> None:
    card = Card(title="t", notify=("林悦", "陈立", "周帆", "坏人"))
    names = {"林悦": "U0LIN", "陈立": "U0CHEN", "坏人": "U1> <!channel"}
    assert drawn(card, **names)["text"].startswith("<@U0LIN> <@U0CHEN> t")
    assert mrkdwn(drawn(card, **names)["blocks"]) == ["<@U0LIN> <@U0CHEN>"]
    assert mrkdwn(drawn(card)["blocks"]) == []
    assert drawn(card)["text"] == "t"


def hostile_card(text: str) -> Card:
    return Card(
        title=text,
        text=text,
        tone=Tone.RED,
        fields=(Field(label=text, value=text),) * 3,
        sections=(Section(title=text, lines=(text,) * 3),),
        quotes=(Quote(text=text, source=text, url="javascript:alert(1)"),) * 3,
        verbatim=text[:VERBATIM_LIMIT],
        buttons=(Button(label=text, action="incident.show", value="1"),),
        links=(Link(label=text, url="https://example.com/"),),
        notify=(text,),
        footer=text,
    )


def test_hostile_text_is_shown_and_nothing_in_it_lives() -> None:
    message = drawn(hostile_card(HOSTILE))
    assert mrkdwn(message["blocks"]) == []
    assert not LIVE.search(message["text"])
    assert {block["type"] for block in message["blocks"]} == {"rich_text", "actions", "context"}
    assert set(strings(message["blocks"], ("url",))) == {"https://example.com/"}
    everything = json.dumps(message, ensure_ascii=False)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\ufeff\x00\x1b]", everything)
    assert "*bold* _it_ ~no~ `code`" in everything


@pytest.mark.parametrize(
    "flood",
    [
        "字" * 10_000,
        "&" * 10_000,
        "🔥" * 10_000,
        "👩\u200d👩\u200d👧" * 3000,
        "a\n" * 5000,
        "e" + "\u0301" * 9000,
        "\ud83d" * 100,
    ],
    ids=["long", "escapes", "emoji", "families", "lines", "accents", "halves"],
)
def test_a_flood_is_cut_and_the_card_stands(flood: str) -> None:
    message = drawn(hostile_card(flood))
    assert len(buttons(message["blocks"])) == 1


@given(st.text(), st.text())
@settings(max_examples=60, deadline=None)
def test_any_text_makes_a_card_that_slack_takes(text: str, other: str) -> None:
    message = drawn(hostile_card(text + other * 20))
    assert not LIVE.search(message["text"])


@pytest.mark.parametrize("letter", ["字", "&", "🔥"])
def test_verbatim_text_is_never_cut(letter: str) -> None:
    statement = letter * VERBATIM_LIMIT
    card = Card(
        title="声明",
        text="x" * 9000,
        verbatim=statement,
        quotes=(Quote(text="q" * 9000),) * 20,
        sections=(Section(lines=("l" * 9000,) * 50),),
        buttons=tuple(Button(label="批准" * 50, action="draft.approve", value=str(n)) for n in range(25)),
    )
    found = [text for text in strings(drawn(card)["blocks"]) if letter in text]
    assert "".join(found) == statement


def test_an_older_line_yields_before_the_title_and_the_buttons() -> None:
    card = Card(
        title="title stays",
        sections=(Section(title="long", lines=("&" * 500,) * 100),),
        buttons=(Button(label="认领", action="incident.claim", value="1"),),
        footer="footer stays",
    )
    text = shown(card)
    assert "title stays" in text
    assert "footer stays" in text
    assert "认领" in text
    assert text.count("&") < 500 * 100


def test_a_form_becomes_a_modal() -> None:
    form = Form(
        title="Close the incident with a long title",
        action="incident.close",
        value="12",
        submit="关闭",
        fields=(
            FormField(name="reason", label="Why", hint="one line", initial="done", long=True),
            FormField(
                name="level",
                label="Level",
                required=False,
                initial="red",
                choices=(Choice(label="红", value="red"), Choice(label="橙", value="orange")),
            ),
        ),
    )
    view = modal(form, HERE)
    check_view(view)
    reason, level = view["blocks"]
    assert len(view["title"]["text"]) == 24
    assert view["submit"]["text"] == "关闭"
    assert (reason["block_id"], reason["optional"]) == ("reason", False)
    assert (reason["element"]["multiline"], reason["element"]["initial_value"]) == (True, "done")
    assert (level["optional"], level["element"]["initial_option"]["value"]) == (True, "red")
    assert json.loads(view["private_metadata"]) == {
        "action": "incident.close",
        "value": "12",
        "channel": "C0ALERTS",
        "thread": "1.000001",
        "message": "1.000002",
    }


def test_a_form_never_cuts_the_text_it_is_filled_with() -> None:
    form = Form(title="t", action="a.b", fields=(FormField(name="text", label="l", initial="字" * 3001),))
    with pytest.raises(TransportError, match="3001 characters") as caught:
        modal(form, HERE)
    assert caught.value.permanent


def test_every_problem_of_a_form_is_placed() -> None:
    view = {
        "blocks": [
            {"type": "section"},
            {"type": "input", "block_id": "a"},
            {"type": "input", "block_id": "b"},
        ]
    }
    problems = {"b": "wrong", "": "late", "unknown": "odd"}
    assert form_errors(problems, view) == {"b": "wrong", "a": "late\nodd"}


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("handover 12 <@U0CHEN|chen>", "handover 12 <@U0CHEN>"),
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("see <https://example.com/a?b=1&amp;c=2>", "see https://example.com/a?b=1&c=2"),
        ("at <http://weibo.com|weibo.com>", "at http://weibo.com"),
        ("<https://example.com/x|the post>", "the post https://example.com/x"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("in <#C123|general>, <#C123>", "in #general, #C123"),
        ("<!here> <!subteam^S1|@leads> <!date^1^{date}|today>", "@here @leads today"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
    ],
)
def test_what_people_typed_is_decoded_once(sent: str, meant: str) -> None:
    assert decode(sent) == meant


@given(st.text(alphabet=st.characters(exclude_characters="<>")))
@settings(max_examples=100)
def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    assert decode(escape(text)) == text


@pytest.fixture
def manifest() -> dict[str, Any]:
    text = Path(slack_render.__file__).with_name("slack_manifest.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def test_the_manifest_asks_for_what_the_transport_uses(manifest: dict[str, Any]) -> None:
    assert sorted(manifest["oauth_config"]["scopes"]["bot"]) == sorted(SCOPES)
    assert manifest["settings"]["event_subscriptions"]["bot_events"] == [
        "app_mention",
        "message.im",
        "reaction_added",
    ]
    assert manifest["settings"]["interactivity"]["is_enabled"]
    assert manifest["settings"]["socket_mode_enabled"]
    [command] = manifest["features"]["slash_commands"]
    assert (command["command"], command["should_escape"]) == ("/crisis", True)
    assert command["usage_hint"]


def test_the_manifest_keeps_the_lengths_of_its_schema(manifest: dict[str, Any]) -> None:
    shown_as, features = manifest["display_information"], manifest["features"]
    assert len(shown_as["name"]) <= 35
    assert len(shown_as["description"]) <= 140
    assert len(features["bot_user"]["display_name"]) <= 80
    assert all(
        len(c["description"]) <= 2000 and len(c["usage_hint"]) <= 1000 for c in features["slash_commands"]
    )
    assert not features["app_home"]["messages_tab_read_only_enabled"]
