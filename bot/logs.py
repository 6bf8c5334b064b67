"""Logging: to standard error, one line each, without secrets.

Libraries log addresses and headers that hold tokens, so redaction stands on the root handler, where all of it passes.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable

from typing_extensions import override

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
HIDDEN = "***"
QUIET = ("httpx", "httpcore", "apscheduler", "aiosqlite", "slack_bolt", "telegram", "alembic", "uvicorn")
"""Libraries of which only warnings are worth a line."""
NEEDLESS = ("As you gave `client` as well, `token` will be unused.",)
"""Warnings that call for nothing: Bolt has this one whenever SLACK_BOT_TOKEN stands in the environment."""


class Redacting(logging.Formatter):
    """Formats a record and blanks every secret out of it, tracebacks included."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__(FORMAT)
        # The longest first, so that one that holds another is blanked whole.
        self._secrets = sorted({each for each in secrets if each}, key=len, reverse=True)

    @override
    def format(self, record: logging.LogRecord) -> str:
        """The line without secrets."""
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, HIDDEN)
        return line


def set_up(level: str, secrets: Iterable[str]) -> None:
    """Send all logging to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Redacting(secrets))
    handler.addFilter(lambda record: record.getMessage() not in NEEDLESS)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
