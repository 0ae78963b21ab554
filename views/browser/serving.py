"""The server: Solara on this machine alone, every file from what is installed."""

import ctypes
import os
import socket
import threading
import warnings
import webbrowser
from pathlib import Path

import solara.lab
import solara.settings
import uvicorn
from solara.server import settings
from solara.server.app import AppScript, apps

from views.browser.guard import Guard
from views.browser.options import OPTIONS

with warnings.catch_warnings():  # what Solara itself imports
    warnings.filterwarnings("ignore", "websockets.legacy is deprecated", DeprecationWarning)
    from solara.server.starlette import app

HOST = "127.0.0.1"
NOWHERE = "http://127.0.0.1:1/"  # where a file that is not installed would be asked for: nobody answers
LEFT_AFTER = "30s"  # a page that lost its connection without a word is freed after this
APP = "views.browser.app"
GIVEN_BACK = 3.0  # seconds after visitors have left until memory is given back
LONGEST_MESSAGE = 128 * 1024  # bytes of what a page sends at once
GRACE, LAST = 1, 4.0  # seconds after a signal until visitors are let go, and until nothing is waited for


class PortError(ValueError):
    """The port cannot be used; its text is one line."""


def serve(scenario, port, results="results", opens=True, hosts=()):
    """Serve until interrupted; scenario: a Scenario shown first, or None; hosts: names it answers to beside its own.

    Raises PortError before anything starts.
    """
    listening = bound(port)
    port = listening.getsockname()[1]
    OPTIONS.start, OPTIONS.results = scenario, Path(results)
    configure()
    guard = Guard(app, (f"{HOST}:{port}", f"localhost:{port}", *hosts), port)
    url = f"http://{HOST}:{port}/?token={guard.token}"
    print(f"serving {url} (Ctrl-C ends it)", flush=True)
    if opens:
        threading.Timer(1.0, webbrowser.open, (url,)).start()
    known = {"log_level": "error", "timeout_graceful_shutdown": GRACE, "ws_max_size": LONGEST_MESSAGE}
    Server(uvicorn.Config(guard, server_header=False, **known)).run(sockets=[listening])


class Server(uvicorn.Server):
    """A server that ends soon after its signal, whatever a visitor's thread may hang in."""

    def handle_exit(self, sig, frame):
        """End in order; where that hangs, end all the same."""
        last = threading.Timer(LAST, os._exit, (0,))
        last.daemon = True
        last.start()
        super().handle_exit(sig, frame)


def bound(port):
    """A socket on this machine's own address; port 0 is any free one. Raises PortError."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        why = getattr(error, "strerror", None) or "not a port"
        raise PortError(f"command line: --port: {port}: {why}; a free port, 1 to 65535, is needed") from None
    return listening


def configure():
    """Solara as it must be here: production, no telemetry, nothing from the network, the visitor's theme."""
    settings.main.mode = "production"
    settings.telemetry.mixpanel_enable = False
    settings.assets.fontawesome_enabled = False
    settings.kernel.cull_timeout = LEFT_AFTER
    settings.theme.loader = "plain"
    settings.theme.title = "Strategic energy markets"
    solara.settings.assets.cdn = NOWHERE
    apps["__default__"] = AppScript(APP)
    trim = Trim()
    solara.lab.on_kernel_start(lambda: trim.later)
    warnings.filterwarnings("ignore", "Cookies with samesite", UserWarning)  # they are not needed across sites


class Trim:
    """Gives free memory back to the system once visitors have left: glibc would keep what their threads have used."""

    def __init__(self):
        self.timer = None

    def later(self):
        """Do so a moment after the last of them has left, when Solara has collected what nobody holds."""
        if self.timer is not None:
            self.timer.cancel()
        self.timer = threading.Timer(GIVEN_BACK, getattr(ctypes.CDLL(None), "malloc_trim", lambda room: 0), [0])
        self.timer.current_context = None  # not the context of the visitor, who is leaving
        self.timer.daemon = True
        self.timer.start()
