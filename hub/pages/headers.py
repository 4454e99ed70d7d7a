"""What every answer of the pages carries, errors included: no script or style but our own files, no framing, nothing cached."""

from collections.abc import Mapping

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
ALWAYS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
NOT_KEPT = "no-store"
KEPT = "private, max-age=31536000, immutable"
"""For our own script and style, whose address changes with them."""
OVER_TLS: Mapping[str, str] = {"Strict-Transport-Security": "max-age=31536000"}
