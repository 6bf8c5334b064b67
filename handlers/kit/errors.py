"""Errors that people may see. Anything else is a bug and is shown as a reference only.

- UserError: a message and a hint, whispered to whoever asked
- NotFoundError: there is no such incident, playbook, person
- NotAllowedError: the person may not do this
- ConflictError: somebody was first, or the state does not allow it
- UsageError: the words do not make a command
"""

from __future__ import annotations


class UserError(Exception):
    """Say what is wrong, and in `hint` how to mend it. `field` names the form field at fault, if one is."""

    def __init__(self, message: str, *, hint: str = "", field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.field = field


class NotFoundError(UserError):
    """There is no such thing."""


class NotAllowedError(UserError):
    """This person may not do this."""


class ConflictError(UserError):
    """The state of things does not allow it, or somebody else was first."""


class UsageError(UserError):
    """The words do not make a command; the hint shows one that does."""
