"""Commands: what can be said to the bot, and reading the words that follow the verb.

A button is a command that is tapped: its wire id `feature.verb:value` runs `verb value`. What a tap leaves out is asked
for in a form made from the parameters that are missing, so a handler is written once for words, taps and forms.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType, NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from handlers.kit.team import Right

Handler = TypeVar("Handler", bound=Callable[..., Awaitable[None]])

AREAS = ("look", "incident", "work", "voice", "drill", "learn", "watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """One argument of a command: its name, its kind (a type that `arguments` can read) and its question in a form."""

    name: str
    kind: Any
    required: bool
    default: Any
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A verb.

    Args:
        feature: first half of its wire id: the module it stands in, unless it says otherwise.
        help: one line, a msgid.
        usage: the arguments as the help shows them.
        example: a call that works.
        labels: parameter name -> question in a form, a msgid.
        form: typed without arguments it asks for them in a form.
    """

    verb: str
    feature: str
    run: Callable[..., Awaitable[None]]
    area: str
    right: Right
    help: str
    usage: str
    example: str
    aliases: tuple[str, ...] = ()
    form: bool = False
    params: tuple[Param, ...] = ()

    @property
    def action(self) -> str:
        """The wire id of its buttons, without the value."""
        return f"{self.feature}.{self.verb}"


def command(
    verb: str,
    *,
    area: str,
    right: Right,
    help: str,
    usage: str,
    example: str,
    aliases: tuple[str, ...] = (),
    labels: Mapping[str, str] | None = None,
    form: bool = False,
    feature: str = "",
) -> Callable[[Handler], Handler]:
    """Make a function the handler of a verb. Its parameters after `ctx` are the arguments, read by annotation."""

    def mark(run: Handler) -> Handler:
        run.__command__ = Command(  # type: ignore[attr-defined]
            verb=verb,
            feature=feature or run.__module__.rpartition(".")[2],
            run=run,
            area=area,
            right=right,
            help=help,
            usage=usage,
            example=example,
            aliases=aliases,
            form=form,
            params=_params(run, labels or {}),
        )
        return run

    return mark


def notice(kind: str) -> Callable[[Handler], Handler]:
    """Make a function the handler of something the bot notices."""

    def mark(run: Handler) -> Handler:
        run.__notice__ = kind  # type: ignore[attr-defined]
        return run

    return mark


@dataclass(frozen=True, slots=True)
class Registry:
    """Every command and notice handler of some modules. Two that claim the same name are refused."""

    commands: Mapping[str, Command] = field(default_factory=dict)
    names: Mapping[str, Command] = field(default_factory=dict)
    """Verbs and aliases."""
    actions: Mapping[str, Command] = field(default_factory=dict)
    notices: Mapping[str, Callable[..., Awaitable[None]]] = field(default_factory=dict)

    @classmethod
    def of(cls, modules: Iterable[ModuleType]) -> Registry:
        """Collect what the decorators marked."""
        commands: dict[str, Command] = {}
        names: dict[str, Command] = {}
        notices: dict[str, Callable[..., Awaitable[None]]] = {}
        for item in (value for module in modules for value in vars(module).values()):
            if isinstance(found := getattr(item, "__command__", None), Command):
                commands[found.verb] = found
                for name in (found.verb, *found.aliases):
                    if names.setdefault(name.lower(), found) is not found:
                        raise ValueError(f"two commands are called {name}")
            kind = getattr(item, "__notice__", None)
            if isinstance(kind, str) and notices.setdefault(kind, item) is not item:
                raise ValueError(f"two handlers for the notice {kind}")
        return cls(commands, names, {each.action: each for each in commands.values()}, notices)


def _params(run: Callable[..., Any], labels: Mapping[str, str]) -> tuple[Param, ...]:
    hints = get_type_hints(run)
    found = []
    for name, parameter in list(inspect.signature(run).parameters.items())[1:]:
        required = parameter.default is inspect.Parameter.empty
        found.append(
            Param(
                name=name,
                kind=_without_none(hints[name]),
                required=required,
                default=None if required else parameter.default,
                label=labels.get(name, name),
            )
        )
    return tuple(found)


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in {Union, UnionType}:
        return next(part for part in get_args(hint) if part is not NoneType)
    return hint
