"""What all pages are drawn with: no scripts, and a policy that lets nothing in that is not the page's own."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(draw: Callable[[str], str], *, status: int = 200, has_form: bool = False) -> Response:
    """Answer with a page.

    Args:
        draw: makes the HTML. It is given the nonce that lets the page's own style through its content security policy.
        status: of HTTP.
        has_form: the page holds a form, which is sent to where the page came from.
    """
    nonce = secrets.token_urlsafe(16)
    target = "'self'" if has_form else "'none'"
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action {target}; frame-ancestors 'none'"
    return HTMLResponse(draw(nonce), status_code=status, headers={"Content-Security-Policy": policy})
