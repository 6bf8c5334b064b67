"""Makes one call of Slack's Web API, and says in our words what went wrong with it."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.transports.base import TransportError, Why

DEFAULT_WAIT = 30.0
"""Seconds to wait after a 429 that names none."""

RATE_LIMITED = {"ratelimited", "rate_limited"}
UNSURE = {"internal_error", "fatal_error"}
TRANSIENT = RATE_LIMITED | UNSURE | {"service_unavailable", "request_timeout"}
"""Errors that pass (docs.slack.dev/reference/methods/chat.postMessage); of the unsure ones the call may have been done."""

_INVITE = "invite the bot there: /invite @Fenghuo"
_TOKEN = "check the token, or install the app again"  # noqa: S105
_TOO_LATE = "Slack allows three seconds and one form for each press or command; do it again"
ADVICE = {
    "not_in_channel": _INVITE,
    "channel_not_found": f"check the channel's id in fenghuo.yaml; if the channel is private, {_INVITE}",
    "is_archived": "open the channel again, or name another one in fenghuo.yaml",
    "invalid_auth": _TOKEN,
    "not_authed": _TOKEN,
    "account_inactive": _TOKEN,
    "token_revoked": _TOKEN,
    "token_expired": _TOKEN,
    "not_allowed_token_type": "the bot token starts with xoxb-, the app token with xapp-",
    "missing_scope": "add the scope to the app (slack_manifest.yaml lists them all) and install it again",
    "restricted_action": "a workspace setting keeps the bot from posting there; ask the workspace's admins",
    "user_not_in_channel": "the person is not in that channel",
    "expired_trigger_id": _TOO_LATE,
    "exchanged_trigger_id": _TOO_LATE,
    "invalid_trigger_id": _TOO_LATE,
    "cant_update_message": "only the bot's own messages can be changed",
    "message_not_found": "the message is gone",
    "thread_not_found": "the message is gone",
}


MEANS = {
    "is_archived": Why.GONE,
    "channel_not_found": Why.GONE,
    "not_in_channel": Why.GONE,
    "missing_scope": Why.NO_RIGHTS,
    "restricted_action": Why.NO_RIGHTS,
    "user_not_found": Why.NOBODY,
    "cant_invite": Why.NOBODY,
    "user_is_restricted": Why.NOBODY,
    "user_disabled": Why.NOBODY,
}
"""What some errors mean to us (docs.slack.dev/reference/methods, conversations.* and chat.postMessage)."""


class RefusedError(TransportError):
    """Slack answered, and said no; `error` is its word for it."""

    error = ""


async def call(request: Awaitable[AsyncSlackResponse], setting: str = "") -> AsyncSlackResponse:
    """Await a call of the client.

    Args:
        request: the client's.
        setting: what must be mended if Slack says no.

    Raises:
        RefusedError: Slack said no.
        TransportError: no answer came; it is unsure unless not even a connection stood.
    """
    try:
        return await request
    except SlackApiError as refused:
        refusal = _refusal(refused.response)
        if setting and refusal.permanent:
            refusal.message = f"{setting}: {refusal.message}"
        raise refusal from refused
    except SlackRequestError as failed:
        # An upload; it is shared by a call of its own, so nobody has seen it.
        raise TransportError(f"Slack: {failed}") from failed
    except aiohttp.ClientConnectorError as unreachable:
        raise TransportError(f"Slack cannot be reached: {unreachable}") from unreachable
    except (TimeoutError, aiohttp.ClientError) as broken:
        said = str(broken) or type(broken).__name__
        raise TransportError(f"Slack did not answer: {said}", unsure=True) from broken


def _refusal(response: Any) -> RefusedError:
    # slack_sdk hands on its own response, or aiohttp's when the body was no JSON.
    status: int = getattr(response, "status_code", None) or getattr(response, "status", None) or 0
    data = getattr(response, "data", None)
    body: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
    error = body.get("error", "")
    limited = status == 429 or error in RATE_LIMITED
    unreadable = not error and not limited
    refusal = RefusedError(
        _words(error, status, body),
        permanent=not (limited or unreadable or status >= 500 or error in TRANSIENT),
        retry_after=_wait(response.headers) if limited else None,
        unsure=not limited and (unreadable or status >= 500 or error in UNSURE),
        why=MEANS.get(error),
    )
    refusal.error = error
    return refusal


def _wait(headers: Mapping[str, str]) -> float:
    asked = headers.get("Retry-After", "")
    return float(asked) if asked.isdigit() else DEFAULT_WAIT


def _words(error: str, status: int, body: Mapping[str, Any]) -> str:
    if not error:
        return f"Slack answered with status {status} and nothing readable"
    details = [body.get("needed"), *(body.get("response_metadata") or {}).get("messages", [])]
    said = ", ".join(str(detail) for detail in [error, *details] if detail)
    return f"Slack: {said}; {ADVICE[error]}" if error in ADVICE else f"Slack: {said}"
