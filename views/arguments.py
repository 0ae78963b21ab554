"""The command line's words: a parser whose errors are one line, kinds of values, options that commands share."""

import argparse
import difflib
import re

from market.errors import Refused

MOST_DRAWS = 1_000_000_000
FORMATS = ("png", "svg", "pdf")  # of pictures
HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252})(:[0-9]{1,5})?")


class InputError(Refused):
    """Bad input on the command line; its text is one line."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, with the nearest known word; an option is its whole name."""

    def __init__(self, **options):
        super().__init__(**options, allow_abbrev=False)

    def error(self, message):
        got = next((word for word in message.split("'")[1::2]), "")
        words = [word for action in self._actions for word in (*action.option_strings, *(action.choices or ()))]
        near = difflib.get_close_matches(got.partition("=")[0], [str(word) for word in words], 1)
        message = message.replace("\n", " ")
        raise InputError(f"command line: {message}" + (f"; nearest known name: {near[0]}" if near else ""))

    def parse_known_args(self, args=None, namespace=None):
        """As argparse's, but words that nothing takes are this parser's error, which knows its options."""
        namespace, rest = super().parse_known_args(args, namespace)
        if rest:
            self.error(f"unrecognized: {' '.join(map(repr, rest))}")
        return namespace, rest


class Once(argparse.Action):
    """Stores a value; an option given twice is an error rather than a silent choice of the last."""

    def __call__(self, parser, namespace, values, option_string=None):
        given = vars(namespace).setdefault("given", set())
        if self.dest in given:
            parser.error(f"argument {option_string}: given twice; once is possible")
        given.add(self.dest)
        setattr(namespace, self.dest, values)


def natural(text):
    """A whole number of at least 0."""
    return whole(text, 0)


def positive(text):
    """A whole number of at least 1."""
    return whole(text, 1)


def draws(text):
    """A number of replications; raises argparse's error for more than anybody has room for."""
    number = positive(text)
    if number > MOST_DRAWS:
        raise argparse.ArgumentTypeError(f"got {text}; at most {MOST_DRAWS:,} are possible")
    return number


def whole(text, least):
    """A whole number of at least `least`; raises argparse's error otherwise."""
    if not text.isascii() or not text.isdigit() or len(text) > 18 or int(text) < least:
        raise argparse.ArgumentTypeError(f"got '{text[:60]}'; a whole number >= {least} (at most 18 digits) is needed")
    return int(text)


def resolution(text):
    """Dots per inch; raises argparse's error for what no picture should have."""
    number = positive(text)
    if not 10 <= number <= 1200:
        raise argparse.ArgumentTypeError(f"got {text}; 10 to 1200 are possible")
    return number


def host_name(text):
    """A host's name, or NAME:PORT; raises argparse's error otherwise."""
    if not HOST_NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"got {text[:60]!r}; a name such as energy.example or localhost:9000 is needed"
        )
    return text


def printed(command):
    """Options that say how pictures are written."""
    command.add_argument("--format", action=Once, choices=FORMATS, default="png", help="of pictures (default: png)")
    command.add_argument(
        "--dpi", action=Once, type=resolution, default=100, metavar="N", help="dots per inch of pictures (default: 100)"
    )


def changes(command):
    """Options that change a scenario."""
    command.add_argument("--seed", action=Once, type=natural, metavar="N", help="seed in place of the scenario's")
    command.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change a key, e.g. price.c=0.002; repeatable"
    )
    command.add_argument(
        "--rounds", action=Once, type=positive, metavar="N", help="limit of rounds in place of the scenario's"
    )


def common(command):
    """Options of every command that runs something."""
    changes(command)
    command.add_argument(
        "--replications", action=Once, type=draws, default=1, metavar="N", help="number of draws of the users"
    )
    command.add_argument(
        "--out", action=Once, default="results", metavar="DIR", help="where results go (default: results)"
    )
    command.add_argument("--no-plots", action="store_true", help="no pictures")
    printed(command)
    command.add_argument("--yes", action="store_true", help="go on where it may need more memory than there is")
    command.add_argument("--json", action="store_true", help="the summary as one JSON object on standard output")
    places(command)


def people(command):
    """Options that tell of classes of users."""
    option = command.add_argument
    said = "measure classes of users: an attribute that groups keep, or its rank, as decile:income; repeatable"
    option("--by", action="append", default=[], metavar="ATTRIBUTE", help=said)
    option("--cvar", action=Once, type=float, default=0.1, metavar="SHARE", help="worst part of a class (default: 0.1)")
    option("--keep-users", action="store_true", help="keep every user of every run in a table")


def places(command):
    """Options that say where many runs happen."""
    option = command.add_argument
    option("--workers", action=Once, type=positive, metavar="N", help="processes of this machine (default: all cores)")
    option("--cluster", action=Once, metavar="ADDRESS", help="a running Dask scheduler, tcp://host:8786")
    for what in ("ca", "cert", "key"):
        option(f"--tls-{what}", action=Once, metavar="FILE", help="for a scheduler at tls://…")


def sweeping(command):
    """Options of a sweep."""
    option = command.add_argument
    option("--vary", action="append", default=[], metavar="KEY=V1,V2,...", help="values of a key; repeatable: product")
    option("--points", action=Once, metavar="FILE", help="CSV file: its header names keys, a row is a point")
    option("--direct", action="store_true", help="solve without rounds")
