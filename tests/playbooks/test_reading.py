"""Every refusal names the file, the line and the way out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playbooks import PlaybookError, Problem, load
from playbooks.checking import parse, read_day, read_duration
from playbooks.reading import MAX_BYTES, read_sheet
from playbooks.schema import Playbook

Refused = Callable[..., tuple[Problem, ...]]
Team = Callable[..., Path]

PLAYBOOK = (Path(__file__).parent / "shop_flood.yaml").read_text("utf-8")


def line_of(text: str, fragment: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if fragment in line)


def test_the_sample_itself_loads(team: Team) -> None:
    assert "shop_flood" in load(team(types__shop_flood=PLAYBOOK)).playbooks


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ("steps:", "stepss:", 'unknown key "stepss"', 'did you mean "steps"?'),
        ("    role: tech", "    rolle: tech", 'unknown key "rolle"', 'did you mean "role"?'),
        ("  any: [", "  xyz: [", 'unknown key "xyz"', "allowed here: any, common, severe, regex"),
        (
            "strategy: inform",
            "strategy: informs",
            'statement strategy cannot be "informs"',
            'did you mean "inform"?',
        ),
        ("phase: assess", "phase: later", 'steps 1 phase cannot be "later"', "allowed here: assess, contain"),
        (
            "phase: assess",
            "phase: recover",
            "the phase goes back",
            "move it up to the other steps of respond",
        ),
        ("after: pictures", "after: picture", 'no step above has the id "picture"', "one of pictures"),
        ("run: draft holding", "run: drafts", 'there is no command "drafts"', 'did you mean "draft"?'),
        (
            "run: draft holding",
            "run: draft nothing",
            'there is no template "nothing"',
            "allowed here: apology, correction, denial",
        ),
        ("level: yellow", "level: yelow", 'steps 2 level cannot be "yelow"', 'did you mean "yellow"?'),
        ("yes: red", "yes: rd", 'triage 1 yes cannot be "rd"', 'did you mean "red"?'),
        ("track: voice", "track: vioce", 'steps 2 track cannot be "vioce"', 'did you mean "voice"?'),
        ("strategy: inform", "strategy: rebuild", '"rebuild" does not fit what is victim', "inform, deny"),
        (
            "dont: [趟水营业: Stay",
            "dont: [趟水营业: 别",
            "behind the colon stands Chinese",
            "the Chinese colon",
        ),
        ("summary: 门店进了水", "summry: 门店进了水", 'unknown key "summry"', 'did you mean "summary"?'),
        ("due: 30m", "due: soon", 'steps 2 due: "soon" is not a duration', "30m"),
        ("due: 30m", "due: 1:30", 'steps 2 due: "1:30" is not a duration', "30m"),
        (
            "review_by: 2027-05-01",
            "review_by: 2027-13-01",
            'review_by: "2027-13-01" is not a day',
            "2027-05-01",
        ),
        ("version: 1", "version: one", "version must be a whole number", ""),
        ("summary: 门店进了水", "summary: [门店进了水]", "summary must be text", ""),
        ("summary: 门店进了水", 'summary: ""', "summary must not be empty", ""),
        ("close: [重新开业: Open again]", "close: 订单处理完毕", "close must be a list", ""),
        ("    role: pr", "    role: boss", '"boss" is not in this playbook\'s roles', "one of pr, tech"),
        (
            "owner_role: pr",
            "owner_role: legal",
            '"legal" is not in this playbook\'s roles',
            "one of pr, tech",
        ),
        (
            "  template: holding",
            "  template: nothing",
            'there is no template "nothing"',
            "allowed here: apology, correction, denial",
        ),
        (
            "  tech: 断电排水",
            "  techy: 断电排水",
            '"tech" is not in this playbook\'s roles',
            "one of pr, techy",
        ),
        ("any: [进水了, 泡水了]", "any: [进水了, 进水了]", '"进水了" stands here already', "keep one"),
    ],
)
def test_a_refusal_names_the_line_and_the_way_out(
    refused: Refused, old: str, new: str, message: str, hint: str
) -> None:
    broken = PLAYBOOK.replace(old, new, 1)
    found = refused(types__shop_flood=broken)
    assert any(message in problem.message and hint in problem.hint for problem in found), list(
        map(str, found)
    )
    where = {"techy": "role: tech", "phase: recover": "phase: respond"}
    shown = next((line for part, line in where.items() if part in new), new.strip())
    assert line_of(broken, shown) in {problem.line for problem in found}


def test_a_missing_key_is_reported_where_it_belongs(refused: Refused) -> None:
    broken = PLAYBOOK.replace("  - do: 发一句说明\n    do_en: Post one line\n    phase", "  - phase")
    (problem,) = refused(types__shop_flood=broken)
    assert (problem.line, problem.message) == (line_of(broken, "phase: respond"), 'the key "do" is missing')


def test_two_playbooks_may_not_share_a_name(refused: Refused) -> None:
    broken = PLAYBOOK.replace("aliases: [flood]", "aliases: [flood, 用户 投诉]")
    assert any(
        "too" in problem.message and "用户" in problem.message
        for problem in refused(types__shop_flood=broken)
    )


def test_all_problems_of_all_files_come_at_once(refused: Refused) -> None:
    found = refused(
        types__one=PLAYBOOK.replace("version: 1", "version: x").replace("due: 10m", "due: x"),
        types__two="title: [",
        templates__three="text: hello",
        levels="cuts: {}",
    )
    assert {problem.path.name for problem in found} == {"one.yaml", "two.yaml", "three.yaml", "levels.yaml"}
    assert len([problem for problem in found if problem.path.name == "one.yaml"]) == 2


@pytest.mark.parametrize("name", ["title_en", "summary", "drill_prompt"])
@pytest.mark.parametrize("word", ["No", "off", "yes", "12:30", "1.10", "0x1F", "1_000", "2027-05-01", "NaN"])
def test_words_that_yaml_takes_for_something_else_stay_words(team: Team, name: str, word: str) -> None:
    lines = [line for line in PLAYBOOK.splitlines() if not line.startswith(f"{name}:")]
    text = "\n".join([*lines, f"{name}: {word}"])
    assert getattr(load(team(types__shop_flood=text)).playbooks["shop_flood"], name) == word


def test_a_number_may_be_a_signal_without_quotes(team: Team) -> None:
    text = PLAYBOOK.replace("any: [进水了, 泡水了]", "any: [110, 0010]")
    assert load(team(types__shop_flood=text)).playbooks["shop_flood"].signals.any == ("110", "0010")


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"", 1, "the file is empty"),
        (b"# only a remark\n", 1, "the file is empty"),
        (b"---\n", 1, "must hold keys and values"),
        (b"- a\n- b\n", 1, "must hold keys and values"),
        (b"title: a\n---\ntitle: b\n", 2, "a second document"),
        (b"title: a\nversion: 1\ntitle: b\n", 3, '"title" stands twice, first on line 1'),
        (b"title: a\n\tversion: 1\n", 2, "a tab"),
        (b"title: a\nsummary: b: c\n", 2, "a colon"),
        (b"title: a\n  version: 1\n", 2, "a colon"),
        (b"title: a\nversion: [1\n", 3, "not valid YAML"),
        (b"title: &x a\n", 1, "anchors"),
        (b"a: [1]\nb: *a\n", 2, "anchors"),
        (b"title: !!python/object/apply:os.system [ls]\n", 1, "tags"),
        (b"title: !x y\n", 1, "tags"),
        (b"title: a\n? [b, c]\n: d\n", 2, "a list or keys where a key must be"),
        (b"title: a\nsummary: b\x07c\n", 2, "control character"),
        (b'title: a\nsummary: "\\UFFFFFFFF"\n', 2, "not valid YAML"),
        ("title: 甲\nsummary: 发霉\n".encode("gb18030"), 1, "is not UTF-8"),
        ("title: a\nsummary: 发霉\n".encode("gb18030"), 2, "is not UTF-8"),
        ("title: a\n".encode("utf-16"), 1, "is not UTF-8"),
        (b"title: " + b"[" * 5000 + b"\n", 1, "nested more than"),
        (b"x" * (MAX_BYTES + 1), 1, "is over"),
    ],
)
def test_yaml_traps_are_refused_with_their_line(
    refused: Refused, content: bytes, line: int, message: str
) -> None:
    found = refused(types__trap=content)
    assert any(problem.line == line and message in problem.message for problem in found), list(
        map(str, found)
    )


def test_an_alias_bomb_is_refused_before_it_grows(refused: Refused) -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    (problem,) = refused(types__bomb=bomb)
    assert (problem.line, problem.message) == (1, "anchors (&) and aliases (*) are not used here")


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(team: Team) -> None:
    content = b"\xef\xbb\xbf" + PLAYBOOK.replace("\n", "\r\n").encode()
    assert load(team(types__shop_flood=content)).playbooks["shop_flood"].title == "门店进水"


def test_a_lone_surrogate_is_refused(refused: Refused) -> None:
    found = refused(types__shop_flood=PLAYBOOK.replace("summary: 门店进了水", 'summary: "\\uD800"'))
    assert [problem.line for problem in found] == [7]


def test_a_file_that_is_a_folder_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "types" / "odd.yaml").mkdir(parents=True)
    with pytest.raises(PlaybookError, match=r"odd\.yaml:1: cannot be read"):
        load(tmp_path)


def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(PlaybookError, match="there is no such folder"):
        load(tmp_path / "nowhere")


def test_a_file_that_nobody_would_read_is_a_problem(refused: Refused) -> None:
    found = refused(user_complaint=PLAYBOOK, playbook__user_complaint=PLAYBOOK)
    assert [problem.message for problem in found] == ["nobody reads a file here"] * 2


def test_the_same_name_with_two_endings_is_a_problem(team: Team) -> None:
    folder = team(types__shop_flood=PLAYBOOK)
    (folder / "types" / "shop_flood.yml").write_text(PLAYBOOK, "utf-8")
    with pytest.raises(PlaybookError, match="has the same name"):
        load(folder)


def test_a_file_name_must_make_an_id(refused: Refused) -> None:
    (problem,) = refused(**{"types__Live-Incident": PLAYBOOK})
    assert "cannot be an id" in problem.message


def test_an_id_in_the_file_must_be_its_name(refused: Refused, team: Team) -> None:
    assert "shop_flood" in load(team(types__shop_flood="id: shop_flood\n" + PLAYBOOK)).playbooks
    (problem,) = refused(types__shop_flood="id: other\n" + PLAYBOOK)
    assert (problem.line, problem.hint) == (1, "leave the id out")


def test_durations_are_read_as_people_write_them() -> None:
    seconds = {"45s": 45, "30m": 1800, "4h": 14400, "2d": 172800, "1h30m": 5400, " 1H ": 3600}
    assert {words: int(read_duration(words).total_seconds()) for words in seconds} == seconds


@pytest.mark.parametrize("words", ["", "30", "m", "-5m", "1.5h", "5 m", "99999999d", "30min"])
def test_other_words_are_no_duration(words: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        read_duration(words)


@pytest.mark.parametrize("words", ["20270501x", "May 1", "", "2027-02-30", "86400.5"])
def test_other_words_are_no_day(words: str) -> None:
    with pytest.raises(ValueError, match="is not a day"):
        read_day(words)


# A valid file is broken in one place, as a slip of the hand would break it.

Path_ = tuple[str | int, ...]


def places(data: object, here: Path_ = ()) -> list[Path_]:
    found = [here] if here else []
    if isinstance(data, dict):
        for key, value in data.items():
            found += places(value, (*here, key))
    if isinstance(data, list):
        for index, value in enumerate(data):
            found += places(value, (*here, index))
    return found


def is_pair(place: Path_) -> bool:
    """Tell whether a place is `中文: English` or in it: any words will do there."""
    return (
        place[0] in ("evidence", "do", "dont", "close", "recovery")
        or place[-1:] in (("enter",), ("exit",))
        or (place[0] == "levels" and len(place) > 3)
    )


def fresh() -> dict[str, Any]:
    data: dict[str, Any] = yaml.load(PLAYBOOK, Loader=yaml.BaseLoader)
    return data


def problems_of(path: Path) -> tuple[Problem, ...]:
    try:
        sheet = read_sheet(path)
        sheet.data["id"] = "broken"
        parse(sheet, Playbook)
    except PlaybookError as error:
        return error.problems
    return ()


def written(folder: Path, data: object) -> tuple[tuple[Problem, ...], list[str]]:
    """Write a file; return its problems, each with a real line and something to say, and its lines."""
    path = folder / "broken.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), "utf-8")
    lines = path.read_text("utf-8").splitlines()
    problems = problems_of(path)
    assert all(
        problem.path == path and 1 <= problem.line <= len(lines) and problem.message for problem in problems
    )
    return problems, lines


ONCE = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ONCE
@given(
    place=st.sampled_from(
        [place for place in places(fresh()) if isinstance(place[-1], str) and place[-1].isascii()]
    ),
    word=st.text("abcxyz_", min_size=3, max_size=9),
)
def test_any_renamed_key_is_refused_on_its_line(tmp_path: Path, place: Path_, word: str) -> None:
    if place[0] in ("roles", "levels") and len(place) == 2:
        return  # any name is a role's name here, which roles.yaml knows better; levels are told by their names
    data = fresh()
    holder: Any = data
    for part in place[:-1]:
        holder = holder[part]
    if word in holder or word in Playbook.model_fields:
        return
    holder[word] = holder.pop(place[-1])
    problems, lines = written(tmp_path, data)
    unknown = next(problem for problem in problems if f'unknown key "{word}"' in problem.message)
    assert f"{word}:" in lines[unknown.line - 1]
    assert unknown.hint


@ONCE
@given(
    place=st.sampled_from([place for place in places(fresh()) if not is_pair(place)]),
    wrong=st.sampled_from([["a"], {"a": "b"}, [["a"]], [], {}, ""]),
)
def test_any_value_of_a_wrong_kind_is_refused_near_its_line(
    tmp_path: Path, place: Path_, wrong: object
) -> None:
    data = fresh()
    holder: Any = data
    for part in place[:-1]:
        holder = holder[part]
    if type(holder[place[-1]]) is type(wrong) or (
        isinstance(wrong, str)
        and (str(place[-1]).endswith("_en") or place[-1] in ("role", "after", "run", "drill_prompt"))
    ):
        return
    holder[place[-1]] = wrong
    problems, lines = written(tmp_path, data)
    named = [part for part in place if isinstance(part, str)][-1]
    assert any(named in problem.message or f"{named}:" in lines[problem.line - 1] for problem in problems)


@ONCE
@given(place=st.sampled_from([place for place in places(fresh()) if len(place) == 1]))
def test_a_deleted_key_is_missed_or_was_optional(tmp_path: Path, place: Path_) -> None:
    data = fresh()
    del data[str(place[0])]
    problems, _ = written(tmp_path, data)
    required = Playbook.model_fields[str(place[0])].is_required()
    expected = [f'the key "{place[0]}" is missing'] if required else []
    if f"{place[0]}_en" in data and not required:
        expected = [f'{place[0]}_en: there is no "{place[0]}" beside it']
    assert [problem.message for problem in problems] == expected


@ONCE
@given(
    content=st.one_of(
        st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
    )
)
def test_whatever_the_bytes_the_answer_is_a_sheet_or_a_refusal(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.yaml"
    path.write_bytes(content)
    assert all(problem.line >= 1 and problem.message for problem in problems_of(path))


@ONCE
@given(
    cut=st.integers(0, len(PLAYBOOK)),
    slip=st.sampled_from(["\t", ": ", '"', "[", "}", "&a ", "*a", "!", "- ", "\n", "%", "@", "`", "|"]),
)
def test_a_slip_of_the_hand_never_escapes_as_another_error(tmp_path: Path, cut: int, slip: str) -> None:
    path = tmp_path / "slip.yaml"
    path.write_text(PLAYBOOK[:cut] + slip + PLAYBOOK[cut:], "utf-8")
    assert all(problem.line >= 1 and problem.message for problem in problems_of(path))
