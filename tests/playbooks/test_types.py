"""Which kind of crisis a comment speaks of, measured on comments of our own; `python -m tests.playbooks.test_types` prints the table."""

from __future__ import annotations

import sys
import timeit
from collections import Counter
from pathlib import Path

import pytest

from playbooks import Library, load

FILE = Path(__file__).parent / "comments.tsv"
NONE = "none"
SEVERAL = 20
"""Times the target: machines that test are busy with other things."""

Table = Counter[tuple[str, str]]


def comments(kind: str) -> list[tuple[str, str]]:
    """(type, text) of one kind, `seen` or `fresh`."""
    rows = [line.split("\t") for line in FILE.read_text("utf-8").splitlines() if not line.startswith("#")]
    return [(wanted, text) for use, wanted, text in rows if use == kind]


def measured(library: Library, kind: str) -> Table:
    """How many comments of each type were taken for which."""
    return Counter((wanted, taken_for(library, text)) for wanted, text in comments(kind))


def taken_for(library: Library, text: str) -> str:
    """Its type as an alarm would count it: words that fit any trouble tell nothing."""
    match = library.match(text)
    return match.playbook or NONE


def accuracy(table: Table) -> float:
    return sum(count for (wanted, found), count in table.items() if wanted == found) / table.total()


def precision(table: Table) -> float:
    """Of the comments that were given a type, how many were given the right one."""
    typed = {pair: count for pair, count in table.items() if pair[1] != NONE}
    return sum(count for (wanted, found), count in typed.items() if wanted == found) / sum(typed.values())


def matters(library: Library, kind: str) -> list[str]:
    """The types that are proposed first for all comments of that type together, as for an incident."""
    rows = comments(kind)
    found = []
    for each in library.playbooks:
        proposals = library.propose([text for wanted, text in rows if wanted == each])
        found += [each] if proposals and proposals[0].playbook.id == each else []
    return found


def test_every_type_has_comments_enough(library: Library) -> None:
    for kind, least in (("seen", 16), ("fresh", 5)):
        counts = Counter(wanted for wanted, _ in comments(kind))
        assert set(counts) == {*library.playbooks, NONE}
        assert min(counts.values()) >= least


def test_no_comment_stands_twice() -> None:
    texts = [text for kind in ("seen", "fresh") for _, text in comments(kind)]
    assert len(set(texts)) == len(texts) > 400


def test_what_the_signals_were_chosen_with_is_told_apart(library: Library) -> None:
    table = measured(library, "seen")
    assert accuracy(table) > 0.9
    assert precision(table) > 0.95


def test_what_they_have_never_seen_is_seldom_taken_for_something_else(library: Library) -> None:
    table = measured(library, "fresh")
    assert accuracy(table) > 0.5
    assert precision(table) > 0.8


def test_five_people_who_say_the_same_in_words_never_seen_are_enough(library: Library) -> None:
    assert len(matters(library, "fresh")) >= 15


@pytest.mark.parametrize("kind", ["seen", "fresh"])
def test_no_type_swallows_others(library: Library, kind: str) -> None:
    wrong = Counter(found for wanted, found in measured(library, kind).elements() if wanted != found != NONE)
    assert max(wrong.values(), default=0) <= 6


def test_no_alarm_is_raised_by_talk(library: Library) -> None:
    talk = [text for kind in ("seen", "fresh") for wanted, text in comments(kind) if wanted == NONE]
    assert [text for text in talk if library.matcher.severe(library.match(text).hits)] == []


def test_matching_is_quick_whatever_the_number_of_playbooks(library: Library) -> None:
    texts = [text for kind in ("seen", "fresh") for _, text in comments(kind)]
    matcher = library.matcher
    best = min(timeit.repeat(lambda: [matcher.matches(text) for text in texts], number=1, repeat=5))
    assert best / len(texts) < 30e-6 * SEVERAL


def main() -> None:
    library = load()
    for kind in ("seen", "fresh"):
        table = measured(library, kind)
        lines = [
            f"{kind}: right {accuracy(table):.0%} of {table.total()}, of those with a type {precision(table):.0%}"
        ]
        for wanted in (*library.playbooks, NONE):
            found = {pair[1]: count for pair, count in table.items() if pair[0] == wanted}
            others = ", ".join(f"{name} {count}" for name, count in found.items() if name != wanted)
            lines.append(f"  {wanted:20}{found.get(wanted, 0):3}/{sum(found.values()):<4}{others}")
        lines.append(
            f"  taken together: {len(matters(library, kind))} of {len(library.playbooks)} types right"
        )
        sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
