"""What comes with the bot: complete in both languages, and fit for a real crisis."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel

import handlers
from playbooks import Cluster, Level, Library, Phase, Playbook, Problem, Strategy, lint, load
from playbooks.lint import MIN_ALARMING
from playbooks.shelf import BUNDLED
from playbooks.texts import Line

TODAY = date(2026, 11, 20)
TYPES = (
    "content_violation", "user_complaint", "tech_failure", "product_quality", "food_safety", "false_advertising",
    "endorser_scandal", "employee_conduct", "executive_statement", "data_leak", "rumor_attack", "deepfake",
    "price_dispute", "ip_dispute", "values_sensitive", "live_incident",
)  # fmt: skip
ALWAYS = {"commander", "pr", "legal", "support", "scribe"}
SCENARIO = (BUNDLED / "scenarios" / "moldy_cake.yaml").read_text("utf-8")


@pytest.fixture(params=TYPES)
def playbook(library: Library, request: pytest.FixtureRequest) -> Playbook:
    return library.playbooks[request.param]


def test_what_comes_with_the_bot_has_no_fault() -> None:
    assert lint(None, TODAY) == []


def test_the_steps_carry_a_team_through_the_first_day(playbook: Playbook) -> None:
    assert 8 <= len(playbook.steps) <= 13
    assert all(step.role and step.track and step.due is not None for step in playbook.steps)
    assert {Phase.ASSESS, Phase.CONTAIN, Phase.RESPOND, Phase.RECOVER} == {
        step.phase for step in playbook.steps
    }
    assert set(playbook.roles) >= ALWAYS
    assert len({step.track for step in playbook.steps if step.phase is Phase.CONTAIN}) > 1


def test_evidence_comes_first_and_soon(playbook: Playbook) -> None:
    first = playbook.steps[0]
    assert "存证" in first.do
    assert first.due == timedelta(minutes=10)


@pytest.mark.parametrize("need", ["定时发布", "唯一发言人", "客服口径", "快报"])
def test_every_playbook_has_what_all_crises_need_within_the_hour(playbook: Playbook, need: str) -> None:
    (step,) = [step for step in playbook.steps if need in step.do]
    assert step.due is not None
    assert step.due <= timedelta(hours=1)


def test_a_playbook_says_when_it_is_over_and_what_follows(playbook: Playbook) -> None:
    for part in (
        playbook.close,
        playbook.recovery,
        playbook.triage,
        playbook.evidence,
        playbook.do,
        playbook.dont,
    ):
        assert len(part) >= 3
    assert playbook.drill_prompt
    assert len(playbook.statement.required) >= 2
    assert len(playbook.statement.forbidden) >= 3


def test_all_sixteen_kinds_of_crisis_are_there(library: Library) -> None:
    assert set(library.playbooks) == set(TYPES)


def test_every_level_says_when_it_begins_and_the_grave_ones_when_they_end(playbook: Playbook) -> None:
    assert set(playbook.levels) == set(Level)
    assert all(bounds.enter for bounds in playbook.levels.values())
    assert all(playbook.levels[level].exit for level in Level if level is not Level.BLUE)
    assert any(question.yes for question in playbook.triage)


def test_evidence_is_kept_before_anything_is_taken_down(playbook: Playbook) -> None:
    evidence = next(step for step in playbook.steps if step.id == "evidence")
    assert evidence is playbook.steps[0]
    assert any(step.after == "evidence" and step.phase is Phase.CONTAIN for step in playbook.steps)


def test_only_what_is_false_is_denied_and_what_was_preventable_is_owned(library: Library) -> None:
    denied = {each.id for each in library.playbooks.values() if each.statement.strategy is Strategy.DENY}
    assert denied == {"rumor_attack", "deepfake"}
    for playbook in library.playbooks.values():
        if playbook.statement.cluster is Cluster.PREVENTABLE:
            assert playbook.statement.strategy is Strategy.REBUILD
        assert playbook.statement.otherwise


def test_what_looks_alike_is_sent_to_the_playbook_for_it(playbook: Playbook, library: Library) -> None:
    routed = [each.goto for each in playbook.out_of_scope if each.goto]
    assert set(routed) <= set(library.playbooks) - {playbook.id}
    assert routed or playbook.id == "ip_dispute"


def test_legal_clocks_name_their_source_and_the_day_it_was_checked(library: Library) -> None:
    clocks = [clock for playbook in library.playbooks.values() for clock in playbook.legal_clocks]
    assert len(clocks) > 20
    assert all(clock.source and clock.within_en and clock.to for clock in clocks)
    assert {clock.checked_on for clock in clocks} == {date(2026, 11, 20)}
    four_hours = {clock.due for clock in library.playbooks["data_leak"].legal_clocks}
    assert timedelta(hours=4) in four_hours


def test_steps_call_commands_that_exist(library: Library) -> None:
    verbs = {step.run.split()[0] for each in library.playbooks.values() for step in each.steps if step.run}
    assert verbs
    assert verbs <= set(handlers.load().commands)


def test_steps_speak_the_room_s_language(playbook: Playbook) -> None:
    step = playbook.steps[0]
    assert step.text("zh") == step.do
    assert step.text("en") == step.do_en != step.do
    assert playbook.name("en") == playbook.title_en
    assert playbook.name("zh") == playbook.title


def texts(data: object) -> Iterator[str]:
    """Every text in what a model dumps."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from texts(value)
    elif isinstance(data, (list, tuple)):
        for value in data:
            yield from texts(value)


def test_chinese_is_set_with_chinese_punctuation(library: Library) -> None:
    models = [
        *library.playbooks.values(),
        *library.templates.values(),
        *library.scenarios.values(),
        library.levels,
    ]
    found = [text for model in models for text in texts(model.model_dump(exclude={"signals"}))]
    assert len(found) > 3000
    assert [
        text for text in found if re.search(r"[一-鿿][,;:!?]|[,;:!?][一-鿿]|[一-鿿]\.(\s|$)|[“”‘’]", text)
    ] == []


def english(part: object) -> Iterator[str]:
    """Every English text of a part of a file."""
    if isinstance(part, Line):
        yield part.en
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            value = getattr(part, name)
            yield from [value] if name.endswith("_en") else english(value)
    elif isinstance(part, (tuple, Mapping)):
        for each in part.values() if isinstance(part, Mapping) else part:
            yield from english(each)


def test_english_texts_hold_no_chinese(library: Library) -> None:
    found = [text for each in library.playbooks.values() for text in english(each) if text]
    assert len(found) > 1000
    assert [text for text in found if re.search(r"[一-鿿「」，。]", text)] == []


def test_the_drill_grows_from_a_few_voices_to_the_press(library: Library) -> None:
    first, second, third = library.scenarios["moldy_cake"].injects
    assert 5 <= len(first.comments) <= 6
    assert len(second.comments) == 12
    assert {comment.platform for comment in second.comments} == {"douyin", "weibo"}
    assert "记者" in third.note
    assert max(comment.likes for comment in third.comments) >= 10_000
    assert first.at < second.at < third.at


def test_the_first_inject_is_enough_to_alarm(library: Library) -> None:
    scenario = library.scenarios["moldy_cake"]
    first = scenario.injects[0]
    matched = [
        comment for comment in first.comments if library.match(comment.text).playbook == scenario.crisis_type
    ]
    assert len(matched) >= MIN_ALARMING
    assert len({comment.item for comment in matched}) == 1
    assert not any(library.matcher.severe(library.match(comment.text).hits) for comment in matched)
    assert len(matched) < len(first.comments)


def test_the_drill_has_many_voices(library: Library) -> None:
    comments = [comment for inject in library.scenarios["moldy_cake"].injects for comment in inject.comments]
    assert len({comment.text for comment in comments}) == len(comments)
    assert len({comment.author for comment in comments}) >= len(comments) - 2
    proposal = library.propose([comment.text for comment in comments])[0]
    assert proposal.playbook.id == "food_safety"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("crisis_type: food_safety", "crisis_type: flood", 'there is no playbook "flood"'),
        ("at: 45m", "at: 5m", "comes before the inject above it"),
        ("platform: douyin", "platform: Dou Yin", "must match"),
        ("likes: 86", "likes: -1", "must be 0 or more"),
        ("minutes_ago: 14", "minutes_ago: 9999", "must be 1440 or less"),
        ("author: 阿芷不吃香菜", "autor: 阿芷不吃香菜", 'did you mean "author"?'),
    ],
)
def test_a_scenario_that_cannot_be_played_is_refused_on_its_line(
    refused: Callable[..., tuple[Problem, ...]], old: str, new: str, message: str
) -> None:
    broken = SCENARIO.replace(old, new, 1)
    found = refused(scenarios__moldy_cake=broken)
    line = next(number for number, text in enumerate(broken.splitlines(), 1) if new in text)
    assert any(message in str(problem) and problem.line == line for problem in found), list(map(str, found))


def test_an_inject_must_bring_something(refused: Callable[..., tuple[Problem, ...]]) -> None:
    broken = SCENARIO[: SCENARIO.index("injects:")] + "injects:\n  - title: 空\n    at: 0m\n"
    (problem,) = refused(scenarios__nothing=broken)
    assert (problem.line, problem.message) == (
        broken.count("\n") - 1,
        "injects 1: this inject brings nothing",
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("review_by: 2027-05-01", "review_by: 2026-11-19", "was to be read through again by 2026-11-19"),
        ("    role: pr\n", "", "step 2 has nobody to do it"),
        ("    do_en: Post one line\n", "", "steps 2 do has no English"),
        ("发一句说明", "拍照留证", "step 2 says the same as step 1"),
        ("title_en: Shop flood\n", "", "title has no English"),
        ("    due: 30m\n", "", "step 2 has no time"),
        ("  blue: {enter: [积水: Puddles]}\n", "", "does not say when it is blue"),
        ("drill_prompt_en: A storm at night\n", "", "drill_prompt has no English"),
        ("dont: [趟水营业: Stay open in the water]", "dont: [趟水营业]", '"趟水营业" has no English'),
        ("dont: [趟水营业: Stay open in the water]\n", "", "has no dont"),
        ("any: [进水了, 泡水了]", "any: [进水了, 低俗]", '"低俗" is a signal of content_violation too'),
    ],
)
def test_lint_warns_of_what_would_load_and_let_a_team_down(
    team: Callable[..., Path], sample: str, old: str, new: str, message: str
) -> None:
    assert old in sample
    folder = team(types__shop_flood=sample.replace(old, new, 1))
    (problem,) = lint(folder, TODAY)
    assert (problem.message, problem.severity) == (message, "warning")
    assert problem.path == folder / "types" / "shop_flood.yaml"
    assert problem.hint
    assert "shop_flood" in load(folder).playbooks


def test_lint_warns_of_a_drill_that_would_raise_no_alarm(team: Callable[..., Path]) -> None:
    (problem,) = lint(
        team(scenarios__moldy_cake=re.sub(r"发霉|长霉|霉斑|坑人|客服|退款", "怪", SCENARIO)), TODAY
    )
    assert "comments of the first inject match food_safety" in problem.message


def test_lint_reports_errors_as_errors(team: Callable[..., Path], sample: str) -> None:
    (problem,) = lint(team(types__shop_flood=sample.replace("version: 1", "version: 0")), TODAY)
    assert problem.severity == "error"
