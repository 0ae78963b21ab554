"""Who may talk to the server: only pages it has served itself, to a visitor who has its token."""

import hmac
import secrets
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse

TOKEN_BYTES = 24
DEFAULT_PORTS = {"http": 80, "https": 443}
LOCAL = ("none", "same-origin")  # Sec-Fetch-Site of what the visitor or this page itself asks for
STRANGE_HOST = "This server does not answer to that name; open the address it printed, or start it with --allow-host."
STRANGE_ORIGIN = "Another site's page asked for this; only the page that this server has served may."
NO_TOKEN = "Wrong or no token; open the whole address, with ?token=…, that `python run.py serve` printed at its start."
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = (  # Vue compiles the page's templates in the browser, which needs eval
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' ws://{host} wss://{host}; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Guard:
    """An ASGI application in front of another one.

    A request must name this server as its host (a strange name may have been bent to this machine), must not come from
    another origin, and must bring the token: in its query, which leaves a cookie, or as that cookie. hosts: names, with
    or without a port; the token is made at random.
    """

    def __init__(self, app, hosts, port):
        self.app, self.hosts = app, frozenset(host.lower() for host in hosts)
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self.cookie = f"energy-markets-{port}"  # cookies do not know ports

    async def __call__(self, scope, receive, send):
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        host = _only(headers, "host")
        answering = _guarded(send, POLICY.format(host=host))
        status, refused = self.refusal(scope, headers, host)
        if refused is not None:
            return await _refuse(scope, receive, _guarded(send, POLICY.format(host="")), status, refused)
        if scope["type"] == "http" and self.brings_token(scope):
            answering = _guarded(send, POLICY.format(host=host), self.crumb(scope))
        return await self.app(_without_token(scope), receive, answering)

    def refusal(self, scope, headers, host):
        """(HTTP status, words) of what may not pass, (200, None) of what may."""
        if host is None or not self.is_known(host):
            return 400, STRANGE_HOST
        if not _is_own_origin(scope, headers, host):
            return 403, STRANGE_ORIGIN
        return (200, None) if self.brings_token(scope) or self.has_cookie(headers) else (403, NO_TOKEN)

    def is_known(self, host):
        """Is this host, with its port, one of this server's?"""
        name = host.lower().rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
        return host.lower() in self.hosts or name.lower() in self.hosts

    def brings_token(self, scope):
        """Does the query hold the token?"""
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        return self.is_token(query.get("token", ""))

    def has_cookie(self, headers):
        """Does the visitor have the cookie that the token left?"""
        return any(self.is_token(cookie_parser(text).get(self.cookie, "")) for text in headers.getlist("cookie"))

    def is_token(self, text):
        """Compared in a time that tells nothing about it."""
        return hmac.compare_digest(text.encode("utf-8", "replace"), self.token.encode())

    def crumb(self, scope):
        """The cookie as a header."""
        secure = "; Secure" if scope["scheme"] == "https" else ""
        return f"{self.cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict{secure}"


def _only(headers, name):
    """A header that stands once, else None."""
    values = headers.getlist(name)
    return values[0] if len(values) == 1 else None


def _is_own_origin(scope, headers, host):
    """Is it asked for by a page of this server, or by the visitor? A websocket must say so."""
    origins = headers.getlist("origin")
    if origins or scope["type"] == "websocket":
        return len(origins) == 1 and _is_same(origins[0], host)
    fetched = headers.get("sec-fetch-site")
    opened = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return fetched is None or fetched in LOCAL or opened


def _is_same(origin, host):
    """Is an origin such as https://name:8521 that of this host, with its port?"""
    try:
        theirs = urlsplit(origin)
        ours = urlsplit(f"{theirs.scheme}://{host}")
        port = DEFAULT_PORTS[theirs.scheme]
        return (theirs.hostname, theirs.port or port) == (ours.hostname, ours.port or port)
    except (ValueError, KeyError):
        return False


def _without_token(scope):
    """The request as the page sees it."""
    if b"token=" not in scope["query_string"]:
        return scope
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    rest = urlencode([(name, value) for name, value in query if name != "token"])
    return {**scope, "query_string": rest.encode("latin-1")}


def _guarded(send, policy, cookie=None):
    """A `send` that adds the headers that keep others out, and a cookie."""

    async def sending(message):
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS | {"Content-Security-Policy": policy})
            if cookie is not None:
                headers["Cache-Control"] = "no-store"
                message["headers"] = [(b"set-cookie", cookie.encode()), *message["headers"]]
        await send(message)

    return sending


async def _refuse(scope, receive, send, status, words):
    """Answer with a sentence; a websocket is closed before it opens."""
    if scope["type"] == "websocket":
        return await send({"type": "websocket.close", "code": 1008, "reason": words})
    await PlainTextResponse(f"{words}\n", status)(scope, receive, send)
