"""What to do, as data people edit.

    types/*.yaml      playbooks: how to know a kind of crisis, and the steps against it
    levels.yaml       red to blue: the clocks each starts, and the sum that proposes one
    roles.yaml        who may be given work
    approvals.yaml    who has to approve a statement
    templates/*.yaml  statements with gaps
    scenarios/*.yaml  drills

`load()` reads the bundled files and, over them, a team's own folder of the same layout; the file's
stem is the id. What cannot be used is refused with file, line and the way out, all at once.
A playbook goes out as a Markdown checklist (`as_markdown`) and comes back (`take_in`).
`lint()` also warns: out of date, nobody responsible, ambiguous. This package imports nothing of
the others and never looks at the clock.
"""

from playbooks.approvals import Approvals
from playbooks.levels import Factor, Grade, Level, Levels, Rules
from playbooks.library import Change, Library, load
from playbooks.lint import lint
from playbooks.matching import Match, Matcher, Proposal
from playbooks.reading import PlaybookError, Problem
from playbooks.scenarios import Comment, Inject, Scenario
from playbooks.schema import Phase, Playbook, Role, Signals, Step, Track
from playbooks.shelf import take_in
from playbooks.stance import Cluster, Strategy
from playbooks.templates import SlotError, Template, render
from playbooks.writing import as_markdown, as_yaml

__all__ = [
    "Approvals",
    "Change",
    "Cluster",
    "Comment",
    "Factor",
    "Grade",
    "Inject",
    "Level",
    "Levels",
    "Library",
    "Match",
    "Matcher",
    "Phase",
    "Playbook",
    "PlaybookError",
    "Problem",
    "Proposal",
    "Role",
    "Rules",
    "Scenario",
    "Signals",
    "SlotError",
    "Step",
    "Strategy",
    "Template",
    "Track",
    "as_markdown",
    "as_yaml",
    "lint",
    "load",
    "render",
    "take_in",
]
