"""A template names its slots and can do nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks import Library, Problem, SlotError, Template, render
from playbooks.checks import blocks, check

VALUES = {
    "brand": "青柚茶饮",
    "topic": "蛋糕发霉",
    "opened_at": "11 月 20 日 14:02",
    "next_update_at": "11 月 20 日 18:00",
    "contact": "官方账号私信",
}
SAMPLE = """\
title: 样例
title_en: Sample
required: [brand]
optional: [contact]
text: |
  甲 {{ brand }}
  TEXT
"""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_holding_statement_says_every_value(library: Library, language: str) -> None:
    text = render(library.templates["holding"], VALUES, language)
    assert all(value in text for value in VALUES.values())
    assert "{{" not in text
    assert text == text.strip()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_a_template_leaves_to_people_cannot_go_out_unfilled(library: Library, language: str) -> None:
    for template in library.templates.values():
        text = render(template, VALUES, language)
        gaps = len(re.findall(r"【请填写|\[[Pp]lease fill in", text))
        barred = [each.code for each in blocks(check(text, stage=template.id, brands=(VALUES["brand"],)))]
        assert barred == ["L02"] * gaps, template.id
        assert gaps or template.id == "holding"


def test_there_is_a_template_for_every_stage_and_audience(library: Library) -> None:
    assert set(library.templates) >= {
        "holding", "full", "progress", "result", "correction", "apology", "denial", "staff", "partner", "service",
    }  # fmt: skip


def test_the_holding_statement_neither_blames_nor_guesses_nor_sells(library: Library) -> None:
    text = render(library.templates["holding"], VALUES)
    forbidden = "可能 应该是 据说 估计 疑似 个别 临时工 竞争对手 恶意 造谣 律师 如给您 如有 敬请谅解 高度重视 第一时间 优惠 新品 保证 绝对 不便"
    assert [word for word in forbidden.split() if word in text] == []
    for part in ("已经确认", "还不清楚", "正在做的", "下一次说明", "抱歉"):
        assert part in text


def test_an_english_text_is_used_in_english_rooms_only(library: Library) -> None:
    template = library.templates["holding"]
    assert "Next update" in render(template, VALUES, "en")
    assert "Next update" not in render(template, VALUES, "zh")
    assert render(template.model_copy(update={"text_en": ""}), VALUES, "en") == render(template, VALUES, "zh")


@pytest.mark.parametrize("slot", list(VALUES))
@pytest.mark.parametrize("value", [None, "", "  \n"])
def test_an_empty_slot_is_named(library: Library, slot: str, value: str | None) -> None:
    values = {key: text for key, text in VALUES.items() if key != slot} | (
        {} if value is None else {slot: value}
    )
    with pytest.raises(SlotError, match=f"holding needs a value for: {slot}") as caught:
        render(library.templates["holding"], values)
    assert caught.value.missing == (slot,)


@given(value=st.text(min_size=1).filter(str.strip))
def test_values_are_never_read_as_a_template(library: Library, value: str) -> None:
    hostile = "{{ brand.__class__ }}{% for x in y %}" + value
    template = library.templates["holding"].model_copy(update={"text": "<{{ topic }}>"})
    shown = render(template, VALUES | {"topic": hostile})
    assert shown.startswith("<{{ brand.__class__ }}{% for x in y %}")
    assert shown.endswith(">")


def test_only_text_goes_in(library: Library) -> None:
    values: dict[str, object] = VALUES | {"topic": object()}
    with pytest.raises(TypeError, match="the value of topic must be str, not object"):
        render(library.templates["holding"], values)  # type: ignore[arg-type]


def test_an_optional_part_appears_with_its_value() -> None:
    text = "甲{% if contact %}，联系 {{ contact }}{% endif %} {{ brand }}"
    template = Template(id="x", title="x", text=text, required=("brand",), optional=("contact",))
    assert render(template, {"brand": "乙"}) == "甲 乙"
    assert render(template, {"brand": "乙", "contact": "丙"}) == "甲，联系 丙 乙"


@pytest.mark.parametrize(
    ("trick", "message"),
    [
        ("{{ ''.__class__ }}", "does more than name a slot (getattr)"),
        ("{{ brand.__class__.__mro__ }}", "does more than name a slot"),
        ("{{ brand['__class__'] }}", "does more than name a slot (getitem)"),
        ("{{ brand|attr('__class__') }}", "does more than name a slot (filter)"),
        ("{{ brand.format(brand) }}", "does more than name a slot"),
        ("{{ self._TemplateReference__context }}", "does more than name a slot"),
        ("{{ cycler.__init__ }}", "does more than name a slot"),
        ("{{ range(9) }}", "does more than name a slot"),
        ("{{ 'a' * 999999999 }}", "does more than name a slot"),
        ("{% for x in brand %}{{ x }}{% endfor %}", "does more than name a slot (for)"),
        ("{% include 'holding' %}", "does more than name a slot (include)"),
        ("{% import 'os' as os %}", "does more than name a slot (import)"),
        ("{% set brand = 1 %}", "does more than name a slot (assign)"),
        ("{% macro m() %}{% endmacro %}", "does more than name a slot (macro)"),
        ("{{ unknown }}", 'the slot "unknown" is not declared'),
        ("{{ self }}", 'the slot "self" is not declared'),
        ("{{ brand }", "line 2 of the text"),
        ("{% if brand %}", "of the text"),
        ("{{ }}", "of the text"),
    ],
)
def test_a_text_that_does_more_is_refused_with_file_and_line(
    refused: Callable[..., tuple[Problem, ...]], trick: str, message: str
) -> None:
    (problem,) = refused(templates__sample=SAMPLE.replace("TEXT", trick))
    assert message in problem.message
    assert problem.line == 5
    assert problem.hint


def test_a_required_slot_must_occur_in_both_languages(refused: Callable[..., tuple[Problem, ...]]) -> None:
    (problem,) = refused(templates__sample=SAMPLE.replace("TEXT", "乙") + "text_en: no slot\n")
    assert (problem.line, problem.message) == (8, 'text_en: the required slot "brand" does not occur')
