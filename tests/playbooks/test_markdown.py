"""Playbooks go out as Markdown checklists, and come back equal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playbooks import Library, Playbook, PlaybookError, as_markdown, as_yaml, take_in
from playbooks.checking import parse, read_duration, spelled
from playbooks.markdown import read_markdown
from playbooks.reading import read_sheet

SAMPLE = Path(__file__).parent / "shop_flood.yaml"
MARKS = "/`*\\<>[]#-|:&!\"'(){}_~ \u3000"


def back(playbook: Playbook, folder: Path) -> tuple[Playbook, Playbook]:
    """A playbook as it comes back from Markdown and from YAML."""
    checklist, file = folder / "any.md", folder / "any.yaml"
    checklist.write_text(as_markdown(playbook), "utf-8")
    file.write_text(as_yaml(playbook), "utf-8")
    return parse(read_markdown(checklist), Playbook), parse(read_sheet(file), Playbook)


def test_all_sixteen_come_back_equal(library: Library, tmp_path: Path) -> None:
    assert len(library.playbooks) == 16
    for playbook in library.playbooks.values():
        assert back(playbook, tmp_path) == (playbook, playbook)


letters = st.characters(exclude_categories=("Cs", "Cc"))
words = st.text(st.one_of(letters, st.sampled_from(MARKS)), min_size=1, max_size=25)
text = st.one_of(words, st.lists(words, min_size=2, max_size=3).map("\n".join)).map(str.strip).filter(bool)
latin = (
    st.text(st.sampled_from("abc XYZ09" + MARKS[:-1] + "é、。"), min_size=1, max_size=25)
    .map(str.strip)
    .filter(bool)
)
lines = st.lists(
    st.one_of(text, st.dictionaries(text, latin, min_size=1, max_size=1)), min_size=1, max_size=4
)
signal = st.text(st.one_of(letters, st.sampled_from(MARKS)), min_size=2, max_size=12).filter(
    lambda word: len(word.strip()) > 1
)
spans = st.sampled_from(["0m", "45s", "10m", "1h30m", "3d", "90m"])


steps = st.lists(
    st.fixed_dictionaries(
        {"do": text},
        optional={
            "do_en": latin,
            "due": spans,
            "role": st.just("pr"),
            "level": st.just("red"),
            "run": st.just("draft"),
        },
    ).flatmap(
        lambda step: st.fixed_dictionaries({"note": text}, optional={"note_en": latin}).map(
            lambda note: {**step, **note}
        )
    ),
    min_size=1,
    max_size=4,
)
playbooks = st.fixed_dictionaries(
    {
        "id": st.just("any"),
        "version": st.integers(1, 99).map(str),
        "title": text,
        "owner_role": st.just("pr"),
        "review_by": st.dates().map(str),
        "summary": text,
        "signals": st.fixed_dictionaries(
            {"any": st.lists(signal, min_size=1, max_size=4, unique_by=str.casefold)}
        ),
        "roles": st.fixed_dictionaries({"pr": text}),
        "steps": steps,
        "statement": st.fixed_dictionaries(
            {"strategy": st.just("inform"), "template": st.just("holding")},
            optional={
                "required": lines,
                "otherwise": st.lists(
                    st.fixed_dictionaries(
                        {"case": text, "cluster": st.just("victim"), "strategy": st.just("deny")},
                        optional={"case_en": latin},
                    ),
                    min_size=1,
                    max_size=2,
                ),
            },
        ),
        "close": lines,
    },
    optional={
        "title_en": latin,
        "summary_en": latin,
        "aliases": st.lists(text, min_size=1, max_size=3),
        "status": st.sampled_from(["draft", "retired"]),
        "evidence": lines,
        "do": lines,
        "dont": lines,
        "levels": st.fixed_dictionaries(
            {}, optional={"red": st.fixed_dictionaries({"enter": lines}, optional={"exit": lines})}
        ),
        "triage": st.lists(
            st.fixed_dictionaries({"ask": text}, optional={"ask_en": latin, "yes": st.just("blue")}),
            max_size=3,
        ),
        "legal_clocks": st.lists(
            st.fixed_dictionaries(
                {"rule": text, "within": text, "source": text, "checked_on": st.just("2026-11-20")},
                optional={"rule_en": latin, "due": spans, "to": text},
            ),
            max_size=2,
        ),
        "sources": st.lists(text, max_size=2),
    },
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=playbooks)
def test_whatever_a_playbook_says_it_comes_back_equal(tmp_path: Path, data: dict[str, Any]) -> None:
    playbook = Playbook.model_validate(data)
    assert back(playbook, tmp_path) == (playbook, playbook)


@given(st.timedeltas(min_value=read_duration("0m"), max_value=read_duration("900d")))
def test_a_duration_is_written_as_it_is_read(length: Any) -> None:
    assert int(read_duration(spelled(length)).total_seconds()) == int(length.total_seconds())


def test_a_checklist_reads_like_one(library: Library) -> None:
    text = as_markdown(library.playbooks["food_safety"])
    assert text.startswith("# 食品安全 / Food safety\n")
    assert "\n## 步骤 (steps)\n\n- [ ] 存证：" in text
    assert "\n  - **role**: scribe\n  - **due**: 10m\n" in text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("- **owner_role**: pr", "- **owner_rolle**: pr", 'unknown key "owner_rolle"'),
        ("  - **role**: tech", "  - **role**: boss", '"boss" is not in this playbook'),
        ("  - **due**: 30m", "  - **due**: soon", '"soon" is not a duration'),
        ("## 步骤 (steps)", "## 步骤 (stepps)", 'unknown key "stepps"'),
        ("- **version**: 1", "version: 1", "neither a heading nor an item"),
        ("# 门店进水 / Shop flood", "门店进水", "the title is missing"),
        ("- **any**: `进水了` `泡水了`", "- **any**: 进水了 泡水了", "there are no words here"),
        ("- **version**: 1", "- **version**: 1\n- **version**: 2", '"version" stands twice'),
        ("- 先救人 / People first", "- 先救人 / People first\n  - **role**: pr", "nothing can stand below"),
    ],
)
def test_an_edited_checklist_is_refused_on_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = as_markdown(take_in(SAMPLE))
    assert old in text
    path = tmp_path / "edited.md"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(PlaybookError) as caught:
        take_in(path)
    lines = path.read_text("utf-8").splitlines()
    found = next(problem for problem in caught.value.problems if message in problem.message)
    assert found.path == path
    assert new.splitlines()[-1].strip() == lines[found.line - 1].strip()
    assert found.hint


def test_ticked_boxes_remarks_and_stars_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "printed.md"
    text = as_markdown(take_in(SAMPLE)).replace("- [ ]", "* [x]").replace("## ", "> 改于周五\n\n## ")
    path.write_text(text, "utf-8")
    assert take_in(path) == take_in(SAMPLE)
