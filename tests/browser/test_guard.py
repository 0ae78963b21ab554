"""Nobody but the page itself, opened with its token, gets anything from the server."""

import base64
import http.client
import os
import signal
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest

from scenarios.finding import shipped
from tests.browser.conftest import Server, Visitor

TRY = """async url => {
    const ws = url.replace('http', 'ws') + '/jupyter/api/kernels/' + crypto.randomUUID() + '/channels?session_id=1';
    const opened = address => new Promise(done => {
        const socket = new WebSocket(address);
        socket.onopen = () => done(true);
        socket.onerror = socket.onclose = () => done(false);
    });
    const read = async options => {
        try { return (await (await fetch(url, options)).text()).length > 0; } catch { return false; }
    };
    const framed = () => new Promise(done => {
        const frame = document.createElement('iframe');
        frame.onload = () => done(true);
        frame.src = url;
        document.body.append(frame);
    });
    const script = () => new Promise(done => {
        const part = document.createElement('script');
        part.onload = () => done(true);
        part.onerror = () => done(false);
        part.src = url + '/static/main-vuetify.js';
        document.body.append(part);
    });
    const sent = await read({ credentials: 'include' });
    return { socket: await opened(ws), read: await read({}), sent, script: await script(), framed: await framed() };
}"""


class Elsewhere(BaseHTTPRequestHandler):
    """Another site: an empty page."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title><body></body>")

    def log_message(self, *_):
        """Silent."""


@pytest.fixture(scope="module")
def elsewhere():
    """Port of another server on this machine."""
    other = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    yield other.server_port
    other.shutdown()
    other.server_close()


def test_a_page_of_another_origin_gets_nothing_though_the_visitor_is_known(visitor, elsewhere, server):
    mine, theirs = visitor.page, visitor.page.context.new_page()
    kernels = "() => fetch('/resourcez').then(answer => answer.json()).then(found => found.kernels.total)"
    for name in ("127.0.0.1", "localhost"):
        theirs.goto(f"http://{name}:{elsewhere}")
        before = mine.evaluate(kernels)
        found = theirs.evaluate(TRY, server.url)
        assert not any(found[way] for way in ("socket", "read", "sent", "script")), found
        (frame,) = [frame for frame in theirs.frames if frame is not theirs.main_frame]
        assert "tile" not in frame.content() and frame.query_selector(".page") is None
        assert mine.evaluate(kernels) == before
    theirs.close()


def test_the_page_itself_may_do_all_that_and_is_not_blocked_by_its_own_policy(chromium, server):
    """The tries of the test above are such as would work."""
    context = chromium.new_context()
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.goto(server.entry)
    page.wait_for_selector(".tile")
    page.click("button[aria-label=step]")
    page.wait_for_selector(".status b:text-is('Round 1')")
    assert [text for text in said if "Content Security Policy" in text or "Refused" in text] == []
    found = page.evaluate(TRY, server.url)
    assert found["socket"] and found["read"] and found["sent"] and found["script"]
    assert "token" not in page.url
    page.reload()
    page.wait_for_selector(".tile")
    context.close()


def ask(server, path="/", method="GET", **headers):
    """(Status, headers, text) of one answer; a header's `_` is a hyphen, a value of None leaves it out."""
    host = server.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    for name, value in ({"Host": host} | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        if value is not None:
            connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    found = answer.status, answer.headers, answer.read().decode()
    connection.close()
    return found


def cookie(server, **headers):
    """What a browser would send after it has opened the page."""
    _, answer, _ = ask(server, f"/?token={server.token}", **headers)
    return "; ".join(one.partition(";")[0] for one in answer.get_all("Set-Cookie"))


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/resourcez",
        "/readyz",
        "/static/main-vuetify.js",
        "/_solara/api/close/1?session_id=1",
        "/jupyter/api/kernels/1",
    ],
)
def test_nothing_is_answered_without_the_token(server, path):
    wrong = server.token[:-1] + ("a" if server.token[-1] != "a" else "b")
    join = "&" if "?" in path else "?"
    for asked in (path, f"{path}{join}token=", f"{path}{join}token={wrong}", f"{path}{join}token=%ff"):
        status, headers, text = ask(server, asked)
        assert status == 403 and "token" in text and "serve" in text
        assert server.token not in text and "Set-Cookie" not in headers
    name = f"energy-markets-{server.url.rpartition(':')[2]}"
    assert f"{name}={server.token}" in cookie(server)
    for bad in (f"{name}={wrong}", f"{name}=", "=;;;", f"other={server.token}"):
        assert ask(server, path, Cookie=bad)[0] == 403


def test_the_token_leaves_a_cookie_that_serves_from_then_on_beside_those_of_others(server):
    _, headers, _ = ask(server, f"/?token={server.token}")
    crumb = next(one for one in headers.get_all("Set-Cookie") if server.token in one)
    assert all(word in crumb for word in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert ask(server, Cookie=cookie(server))[0] == 200
    assert ask(server, Cookie=f'bad[]=\\"; x={{}}; {cookie(server)}; y=1')[0] == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1:1", "127.0.0.1", "127.0.0.1.evil.example:{port}", "", None,
     "127.0.0.1:{port}@evil.example", "[::1]:{port}"],
)  # fmt: skip
def test_another_host_is_refused_even_with_the_cookie(server, host):
    port = server.url.rpartition(":")[2]
    status, _, text = ask(server, Host=host and host.format(port=port), Cookie=cookie(server))
    assert status in (400, 403)
    assert "tile" not in text


ORIGINS = ["http://evil.example", "null", "", "https://127.0.0.1:{port}x", "http://127.0.0.1:1", "http://127.0.0.1"]
ORIGINS += [
    "http://localhost:{port}",
    "file://",
    "http://127.0.0.1:{port}@evil.example",
    "http://[",
    "127.0.0.1:{port}",
]


@pytest.mark.parametrize("origin", ORIGINS)
def test_another_origin_is_refused_even_with_the_cookie(server, origin):
    origin = origin.format(port=server.url.rpartition(":")[2])
    assert ask(server, Cookie=cookie(server), Origin=origin)[0] == 403
    assert knock(server, Cookie=cookie(server), Origin=origin).startswith("HTTP/1.1 403")


def knock(server, **headers):
    """First line of the answer to an opening websocket."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    key = base64.b64encode(os.urandom(16)).decode()
    known = {"Host": f"{host}:{port}", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key}
    lines = [f"{name}: {value}" for name, value in (known | {"Sec-WebSocket-Version": "13"} | headers).items()]
    with socket.create_connection((host, int(port)), timeout=10) as line:
        path = f"/jupyter/api/kernels/{uuid4()}/channels?session_id={uuid4()}"
        line.sendall("\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode())
        return line.recv(1000).decode(errors="replace").splitlines()[0]


def test_a_websocket_needs_origin_host_and_cookie(server):
    known = {"Origin": server.url, "Cookie": cookie(server)}
    assert knock(server, **known).startswith("HTTP/1.1 101")
    for missing in known:
        assert knock(server, **{k: v for k, v in known.items() if k != missing}).startswith("HTTP/1.1 403")
    assert not knock(server, **known | {"Host": "evil.example"}).startswith("HTTP/1.1 101")


@pytest.mark.parametrize(
    ("site", "mode", "dest", "passes"),
    [
        ("same-origin", "cors", "empty", True),
        ("none", "navigate", "document", True),
        ("cross-site", "navigate", "document", True),  # a link in a terminal of the browser
        ("cross-site", "navigate", "iframe", False),
        ("same-site", "navigate", "iframe", False),
        ("same-site", "no-cors", "script", False),
        ("cross-site", "no-cors", "image", False),
        ("same-site", "no-cors", "empty", False),
    ],
)
def test_what_another_page_embeds_is_refused(server, site, mode, dest, passes):
    fetch = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": mode, "Sec_Fetch_Dest": dest}
    assert ask(server, f"/?token={server.token}", **fetch)[0] == (200 if passes else 403)


@pytest.mark.parametrize(
    "path", ["/?token={token}", "/", "/static/main-vuetify.js?token={token}", "/none?token={token}"]
)
def test_every_answer_keeps_itself_out_of_frames(server, path):
    _, headers, _ = ask(server, path.format(token=server.token))
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


FILES = {"users.csv": "a,b\n0.5,10\nSECRET,20\n", "table.csv": "SECRET;x\n"}
STORED = ("manifest.json", "rounds.csv", "scenario.toml")
MANIFEST = """{"schema_version": 1, "kind": "run", "direct": false, "replication": 0, "files": {}, "versions": {},
"machine": {}}"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A server of a user's own file with others beside it, under other names too, and stored runs that are pipes."""
    folder = tmp_path_factory.mktemp("own")
    scenario = shipped("two_aggregators").read_text(encoding="utf-8")
    (folder / "here" / "deep").mkdir(parents=True)
    for name, text in (FILES | {"own.toml": scenario}).items():
        (folder / "here" / name).write_text(text, encoding="utf-8")
    for place in (folder, folder / "here" / "deep"):
        (place / "other.csv").write_text("SECRET\nSECRET\n", encoding="utf-8")
    (folder / "here" / "link.csv").symlink_to(folder / "other.csv")
    for name in STORED:
        stored = folder / "results" / "piped" / name.partition(".")[0]
        stored.mkdir(parents=True)
        for part in set(STORED) - {name}:
            (stored / part).write_text(MANIFEST if part == "manifest.json" else "", encoding="utf-8")
        os.mkfifo(stored / name)
    served = Server(folder, "here/own.toml", "--allow-host", "Energy.example", "--allow-host", "localhost:9000")
    served.folder = folder
    yield served
    assert served.stop() == (0, "")


def test_another_name_is_answered_where_it_was_allowed(own, server):
    assert own.token != server.token
    for host in ("energy.example", "energy.example:8080", "localhost:9000"):
        known = {"Host": host, "Cookie": cookie(own, Host=host)}
        assert knock(own, Origin=f"http://{host}", **known).startswith("HTTP/1.1 101")
        assert knock(own, Origin=f"https://{host}", **known).startswith("HTTP/1.1 101")
        assert knock(own, Origin="http://evil.example", **known).startswith("HTTP/1.1 403")
    for host in ("localhost:9001", "sub.energy.example"):
        assert ask(own, f"/?token={own.token}", Host=host)[0] == 400


def peak(server):
    """Most memory it has held, in MB."""
    with open(f"/proc/{server.process.pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM"))


def test_five_megabytes_of_digits_cost_nothing_and_are_refused_in_words(visitor, server):
    visitor.step()
    before = peak(server)
    digits = "field => { field.value = '7'.repeat(5e6); field.dispatchEvent(new Event('input')); }"
    for key in ("price.c", "seed"):
        field = visitor.page.locator(f".v-text-field input[aria-label='{key}']")
        field.evaluate(digits)
        field.press("Enter")
        visitor.page.wait_for_selector(".error-text:has-text('characters')")
    visitor.page.locator("input[aria-label='search agents']").evaluate(digits)
    visitor.page.wait_for_selector(".agents h2 small:has-text('0 of')")
    visitor.step()
    assert peak(server) < before + 100


def test_a_message_of_five_megabytes_ends_its_connection_alone(visitor, server):
    before = peak(server)
    sent = """() => new Promise(done => {
        const place = location.origin.replace('http', 'ws');
        const line = new WebSocket(place + '/jupyter/api/kernels/' + crypto.randomUUID() + '/channels?session_id=9');
        line.onopen = () => line.send('7'.repeat(5e6));
        line.onclose = event => done(event.code);
    })"""
    assert visitor.page.evaluate(sent) == 1009
    visitor.step()
    assert peak(server) < before + 100


def come(chromium, server):
    """A visitor of that server."""
    return Visitor(chromium.new_context(viewport={"width": 1280, "height": 800}).new_page(), server)


def test_only_files_beside_the_scenario_are_taken_and_none_is_quoted_and_pipes_are_no_stored_runs(chromium, own):
    visitor, key = come(chromium, own), "group.0.utility.a"
    visitor.page.click("summary:has-text('utility') >> nth=0")
    field = f".v-text-field input[aria-label='{key}']"
    visitor.page.wait_for_selector(field)
    outside = [str(own.folder / "other.csv"), "../other.csv", "deep/other.csv", "link.csv", "/etc/passwd", "none.csv"]
    for name in outside:
        visitor.type_in(key, f'{{ csv = "{name}", column = "a" }}')
        visitor.page.wait_for_selector(".error-text:has-text('is not typed here')")
        visitor.type_in(key, "0.5")
        visitor.page.wait_for_selector(".error-text", state="detached")
    visitor.page.fill(field, "users")
    item = '{ csv = "users.csv", column = "a" }'
    visitor.page.locator(".menuable__content__active .v-list-item").get_by_text(item).click()
    message = visitor.page.wait_for_selector(".error-text").inner_text()
    assert "users.csv" in message and "row 3" in message and "SECRET" not in message and "/" not in message
    for name in ("manifest", "rounds", "scenario"):
        visitor.type_in("stored run", f"piped/{name}")
        visitor.page.wait_for_selector(f".stored .error-text:has-text('piped/{name}')")
    visitor.step()
    visitor.page.context.close()
    assert visitor.faults == []


WAITING = "import threading, views.browser.stored as s; s.open_folder = lambda *_: threading.Event().wait()"


def test_the_server_ends_with_its_signal_though_a_visitor_waits_for_ever(chromium, tmp_path):
    server = Server(tmp_path, first=WAITING)
    visitor = come(chromium, server)
    visitor.type_in("stored run", "any")
    time.sleep(0.5)  # it waits now
    began = time.monotonic()
    assert server.stop(signal.SIGTERM)[0] == 0
    assert time.monotonic() - began < 10
    visitor.page.context.close()
