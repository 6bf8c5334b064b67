"""What the bot can do: one file per feature. The listing of this folder is the table of contents.

Adding a command is one new file here: a function marked with `@command`. It appears in the help, in Telegram's menu,
in the usage lines and in the tests by itself. The three folders are what features are made of, each built on the next:
`shared` (incidents, statements, work), `reading` (arguments), `kit` (cards, messages, the context, the registry).
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from handlers.kit.registry import Registry


def load() -> Registry:
    """Import every file of this folder and collect its commands. A file that does not import stops the start."""
    names = [module.name for module in iter_modules(__path__) if not module.ispkg]
    return Registry.of(import_module(f"{__name__}.{name}") for name in sorted(names))
