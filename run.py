"""Command line: `python run.py` for the headline comparison, `python run.py --help` for the rest."""

import contextlib
import gc
import json
import os
import signal
import sys
from functools import partial
from pathlib import Path

try:
    from scenarios import house  # noqa: F401 (looks whether the packages are this project's)
except ImportError as error:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(2)

from engine import __version__
from engine.plugins import fault_of, plug, plug_installed
from market.errors import Refused
from views.arguments import InputError, Once, Parser, changes, common, host_name, natural, people, printed, sweeping

os.environ.setdefault("OMP_NUM_THREADS", "1")  # systems are small here: a second BLAS thread only slows them

INSTALLED = "energy-markets"  # the command of the wheel
DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def main(arguments=None):
    """Run one command; returns the exit code."""
    from views.console import steady

    with steady() as output:
        code = answer(arguments)
        output.flush()
    if output.error is None or isinstance(output.error, BrokenPipeError):
        return code
    say(f"error: standard output: {output.error.strerror}; results, where there are any, are stored nevertheless")
    return code or BAD_INPUT


def say(line):
    """Print one line to standard error, if that can be written to."""
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def answer(arguments):
    """The exit code of one command; every failure that can be told is a line."""
    try:
        options = parser().parse_args(with_command(sys.argv[1:] if arguments is None else arguments))
        plug_in(options.plugin)
        return options.command(options)
    except KeyboardInterrupt:
        print("interrupted; nothing half-written was left behind", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        place, why = error.filename or "file", error.strerror or error
        return refused(f"{place}: {why}; a readable and writable place is needed")
    except MemoryError:
        return refused("population: does not fit in memory; fewer users or rounds are needed")
    except Refused as error:
        return refused(error)
    except Exception as error:
        if not (fault := fault_of(error)):
            raise
        return refused(f"{fault}; a rule that works is needed")


def refused(error):
    """Say what is wrong in one printable line of bounded length; returns the exit code of bad input."""
    from scenarios.reading.errors import one_line

    print(f"error: {one_line(error)}", file=sys.stderr)
    return BAD_INPUT


def plug_in(files):
    """Take in the rules of installed packages and of files of one's own."""
    plug_installed()
    for file in files:
        plug(file)


def with_command(arguments):
    """The arguments, with the headline's command first where none is named."""
    named = arguments and (not arguments[0].startswith("-") or arguments[0] in ("-h", "--help", "--version"))
    return arguments if named else ["headline", *arguments]


def parser():
    """The command line's grammar."""
    name = INSTALLED if Path(sys.argv[0]).stem == INSTALLED else "run.py"
    top = Parser(prog=name, description="Agent-based simulation of strategic energy markets.")
    top.add_argument("--version", action="version", version=f"{INSTALLED} {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", parser_class=Parser, required=True)

    _playing(commands)
    _drawing(commands)
    _judging(commands)
    _serving(commands)
    add(commands, "bench", bench, "the benchmark, ratios side by side").add_argument(
        "--quick", action="store_true", help="small sizes"
    )
    return top


def _playing(commands):
    """Commands that show and play scenarios."""
    first = add(commands, "headline", headline, "the headline comparison; the same without a command")
    common(first)
    first.set_defaults(replications=50)
    listed = add(commands, "list", list_scenarios, "every scenario: name, market, title, source")
    listed.add_argument(
        "words", nargs="*", metavar="WORD", help="only those with these words in their name, title or source"
    )
    listed.add_argument("--market", action=Once, metavar="NAME", help="only those of a market")
    add(commands, "show", show, "a scenario with defaults filled in, each key with unit and meaning", "scenario")
    one = add(commands, "run", run_one, "one run, round by round", "scenario", "vary")
    one.add_argument("--users", action="store_true", help="with --json: quantity and surplus of every user")
    one.add_argument("--direct", action="store_true", help="solve for the equilibrium without rounds")
    one.add_argument(
        "--against",
        action="store_true",
        help="play the markets it is held against too, such as that without the data centre, and end with one sentence",
    )
    people(one)
    many = add(commands, "compare", compare_scenarios, "the same users and seeds under several scenarios", "vary")
    many.add_argument("scenarios", metavar="SCENARIO", nargs="*", help="names from `list` or paths of TOML files")
    many.add_argument(
        "--population", action=Once, metavar="FILE", help="one population under several designs (market = designs)"
    )
    many.add_argument("--direct", action="store_true", help="solve for the equilibria without rounds")
    people(many)
    many.set_defaults(replications=20, command=compare_chosen)
    swept = add(
        commands, "sweep", sweep_scenario, "one scenario at many points; resumes where it was cut", "scenario", "vary"
    )
    sweeping(swept)
    people(swept)
    alphas = add(
        commands,
        "choose",
        choose_alphas,
        "aggregators choose their alpha: the game and its equilibria",
        "scenario",
        "vary",
    )
    alphas.set_defaults(replications=20)


def _drawing(commands):
    """Commands for papers' figures and pictures of sweeps."""
    figures = add(commands, "reproduce", reproduce_figures, "the papers' figures, tables and claims")
    figures.add_argument("names", nargs="*", metavar="NAME", help="e.g. fig06; all without a name")
    common(figures)
    figures.set_defaults(replications=50)
    drawn = add(commands, "plot", plot_sweep, "draw a sweep: measures against the keys varied")
    drawn.add_argument("folder", metavar="FOLDER")
    drawn.add_argument("--measure", action="append", default=[], metavar="NAME", help="e.g. welfare; repeatable")
    printed(drawn)
    drawn.add_argument("--along", action=Once, metavar="KEY", help="key of the horizontal axis (default: most values)")


def _judging(commands):
    """Commands for what is stored, or what others computed."""
    check = add(commands, "verify", verify_folder, "run again from a results folder and compare")
    check.add_argument("folder", metavar="FOLDER", help="or an archive of one")
    packed = add(commands, "archive", archive_folder, "a results folder as one RO-Crate file, which verify takes too")
    packed.add_argument("folder", metavar="FOLDER")
    packed.add_argument("--out", action=Once, metavar="FILE.zip", help="where it goes (default: FOLDER.zip)")
    judge = add(commands, "certify", certify_outcome, "is another tool's outcome an equilibrium, and who would move")
    judge.add_argument("scenario", metavar="SCENARIO", help="a name from `list` or the path of a TOML file")
    judge.add_argument("outcome", metavar="OUTCOME.csv", help="player,purchase or user,quantity or group,user,quantity")
    judge.add_argument(
        "--yes", action="store_true", help="go on where it may need more memory or time than goes unasked"
    )
    changes(judge)


def _serving(commands):
    """The command for the browser."""
    shown = add(commands, "serve", serve_browser, "watch and steer all markets in the browser")
    shown.add_argument("scenario", metavar="SCENARIO", nargs="?", help="shown first; a name from `list` or a TOML file")
    shown.add_argument(
        "--port", action=Once, type=natural, default=8521, metavar="N", help="default: 8521; 0: any free"
    )
    shown.add_argument("--no-open", action="store_true", help="do not open a browser")
    shown.add_argument(
        "--allow-host",
        action="append",
        default=[],
        type=host_name,
        metavar="NAME",
        help="another name or NAME:PORT the page is opened under, e.g. that of a tunnel or proxy; repeatable",
    )
    changes(shown)


def add(commands, name, function, text, *parts):
    """A command with its usual arguments."""
    command = commands.add_parser(name, help=text, description=text)
    command.set_defaults(command=function)
    command.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="FILE",
        help="Python with rules of your own, run first; repeatable",
    )
    if "scenario" in parts:
        command.add_argument("scenario", metavar="SCENARIO", help="a name from `list` or the path of a TOML file")
    if "vary" in parts:
        common(command)
    if "scenario" in parts and "vary" not in parts:
        changes(command)
    if name in ("list", "show", "verify", "certify", "bench"):
        command.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return command


def headline(options):
    """The headline comparison: what a large user does to 200 small ones, and how far aggregators put it right."""
    from views.aggregator.headline import COMPARED, headline_words

    options.scenarios, options.direct = list(COMPARED), False
    return compare_scenarios(options, headline_words)


def list_scenarios(options):
    """Print every scenario, or those of a market or with some words."""
    from scenarios import listing
    from scenarios.markets import MARKETS
    from scenarios.reading.errors import nearest, one_of
    from views.tables import listed_text

    if options.market not in (None, *MARKETS):
        near = nearest(options.market, MARKETS)
        said = f"command line: --market: got {options.market!r}; {one_of(MARKETS)} is needed"
        raise InputError("; ".join(filter(None, (said, near))))
    rows = [row for row in listing() if options.market in (None, row.market) and row.has(options.words)]
    if not rows:
        raise InputError("command line: list: no scenario has all these words; fewer or others are needed")
    if options.json:
        return print_json({"scenarios": [row._asdict() for row in rows]})
    print(listed_text(rows))
    return DONE


def show(options):
    """Print a scenario with its defaults, units and meanings."""
    from scenarios import describe, load

    scenario = load(options.scenario, set=options.set, seed=options.seed, rounds=options.rounds)
    if options.json:
        return print_json({"name": scenario.name, "digest": scenario.digest(), "toml": scenario.to_toml()})
    print(describe(scenario))
    return DONE


def run_one(options):
    """Run one scenario, print it, store it; several replications are compared with each other."""
    if options.users and not options.json:
        raise InputError("command line: --users: goes with --json; add --json")
    if options.replications > 1:
        if options.users:
            raise InputError("command line: --users: goes with one replication; leave out --replications")
        options.scenarios = [options.scenario]
        return compare_scenarios(options)
    if options.workers is not None or options.cluster is not None:
        raise InputError("command line: --workers, --cluster: go with several replications; add --replications")
    from engine import run, save_result
    from engine.results import asked_by
    from engine.results.by_people import people_facts
    from scenarios import load
    from views.markets import words_of

    check_writable(options.out)
    scenario = load(options.scenario, set=options.set, seed=options.seed, rounds=options.rounds)
    by = asked_by(options.by, [scenario], options.cvar) if options.by else ()
    round_line = words_of(scenario.market).round_line
    talk = (lambda model: None) if options.json else (lambda model: tell(round_line(model)))
    result = unless_too_much(options, partial(run, scenario, direct=options.direct, on_round=talk))
    folder = save_result(result, options.out)
    draw_pictures(options, folder, result)
    summary = result.summary(users=options.users) | (people_facts(by, result) if by else {})
    if by and not options.no_plots:
        from views.people_pictures import add_classes

        with drawing_as(options):
            tell_all(add_classes(folder, summary, scenario))
    if options.json:
        return print_json(summary)
    print(f"\n{run_text(result, summary, by, options.against)}\n\nresults: {on_console(folder)}")
    return DONE


def run_text(result, summary, by, against):
    """What is said of a run at its end: its market's summary, warnings, classes of users, what it is held against."""
    from views.markets import words_of
    from views.people import classes_text
    from views.tables import warned

    said = result.scenario.in_units(words_of(result.scenario.market).summary_text(summary))
    classes = f"\n\n{classes_text(summary)}" if by else ""
    return f"{said}{warned(result.warnings)}{classes}" + (f"\n\n{held_against(result, summary)}" if against else "")


def held_against(result, summary):
    """What a run comes to, in one sentence against other markets of the same users."""
    from engine.references import references
    from views.markets import words_of

    scenario = result.scenario
    others = {name: other.summary() for name, other in references(scenario, result.replication).items()}
    return scenario.in_units(words_of(scenario.market).sentence(summary, others))


def tell(line):
    """Print one line about a round; None says nothing."""
    if line is not None:
        print(line, flush=True)


def compare_chosen(options):
    """Compare the scenarios named, or the designs of one population."""
    from scenarios import load

    if bool(options.scenarios) == (options.population is not None):
        got = "got both" if options.scenarios else "required: SCENARIO, or --population FILE"
        raise InputError(f"command line: compare: {got}; scenarios, or one population, are needed")
    if options.population is not None:
        population = load(options.population)
        if not population.designs:
            got = f"market: got {population.market!r}; --population needs market = 'designs'"
            raise InputError(f"{options.population}: {got}")
        options.scenarios = [options.population]
    return compare_scenarios(options)


def compare_scenarios(options, conclusion=None):
    """Compare scenarios on common random numbers, print and store the comparison."""
    from engine import compare, save_comparison
    from views.comparing import comparison_said

    check_writable(options.out)
    comparison = unless_too_much(
        options,
        partial(
            compare,
            options.scenarios,
            replications=options.replications,
            seed=options.seed,
            set=options.set,
            rounds=options.rounds,
            direct=options.direct,
            executor=executor_of(options),
            **people_of(options),
        ),
    )
    folder = save_comparison(comparison, options.out)
    draw_pictures(options, folder, comparison)
    if options.json:
        return print_json(comparison.summary())
    said = [comparison_said(comparison), *([] if conclusion is None else ["", conclusion(comparison)])]
    print("\n".join([*said, "", "results:", *(f"  {on_console(path)}" for path in sorted(folder.iterdir()))]))
    return DONE


def sweep_scenario(options):
    """Sweep a scenario; done runs are kept, the same command goes on where it was cut."""
    from engine import SweepError, sweep
    from engine.sweeps.points import from_csv, product
    from engine.sweeps.sweep_folder import counts
    from scenarios import load
    from views.tables import sweep_text

    if bool(options.vary) == bool(options.points):
        raise InputError("command line: sweep: exactly one of --vary and --points is needed")
    check_writable(options.out)
    points = from_csv(options.points) if options.points else product(options.vary)
    scenario = load(options.scenario, set=options.set, seed=options.seed, rounds=options.rounds)
    how = {"replications": options.replications, "direct": options.direct, "out": options.out} | people_of(options)
    try:
        folder = unless_too_much(options, partial(sweep, scenario, points, executor=executor_of(options), **how))
    except SweepError as error:
        raise InputError(str(error)) from None
    found = counts(folder)
    if options.json:
        return print_json({"folder": str(folder), **found})
    print(sweep_text(folder, found))
    return DONE


def people_of(options):
    """What was asked for about users, as the engine takes it; nothing by a command that does not ask."""
    return {"by": options.by, "level": options.cvar, "keep_users": options.keep_users} if "by" in options else {}


def executor_of(options):
    """Where many runs happen; None leaves it to them. Raises InputError."""
    from engine import Cluster, Here, InProcess

    tls = {what: getattr(options, f"tls_{what}") for what in ("ca", "cert", "key")}
    if any(tls.values()) and not (options.cluster and all(tls.values())):
        raise InputError("command line: --tls-ca, --tls-cert, --tls-key: go together, and with --cluster")
    if options.cluster is not None and options.workers is not None:
        raise InputError("command line: --workers and --cluster: one of them is possible")
    if options.cluster is not None:
        return Cluster(options.cluster, tls if any(tls.values()) else None)
    if options.workers is None:
        return None
    return InProcess() if options.workers == 1 else Here(options.workers)


def unless_too_much(options, work):
    """work(patient=…): what may be too much is asked about on a terminal, and refused elsewhere without --yes."""
    from engine import TooLarge, TooLong

    try:
        return work(patient=options.yes)
    except (TooLarge, TooLong) as error:
        if not wanted(error):
            raise InputError(str(error)) from None
    return work(patient=True)


def wanted(error):
    """Does somebody at a terminal want to go on nevertheless?"""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print(f"{error}\ngo on? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def reproduce_figures(options):
    """Reproduce papers' figures and tables; the exit code is 1 where a verdict is not the expected one."""
    from papers import UnknownFigure, claim_line, reproduce, texts, verdicts

    if options.set or options.seed is not None or options.rounds is not None or options.no_plots:
        raise InputError(
            "command line: reproduce takes NAME, --replications, --out, --json, --format, --dpi, --workers and "
            "--cluster; the papers fix the rest"
        )
    check_writable(options.out)
    try:
        work = partial(reproduce, options.names, Path(options.out), options.replications, not options.json, told=told)
        with drawing_as(options):
            claims = unless_too_much(options, partial(work, executor=executor_of(options)))
    except UnknownFigure as error:
        raise InputError(f"command line: {error}") from None
    if options.json:
        print_json({"claims": [claim._asdict() for claim in claims]})
    else:
        print("\n".join([*texts(options.names, options.out), *map(claim_line, claims)]))
        print("\n" + verdicts(claims))
        print(f"results: {on_console(Path(options.out) / 'reproduce')}")
    return FAILED if any(claim.verdict != claim.expected for claim in claims) else DONE


def choose_alphas(options):
    """Play every profile of the alphas of a scenario with `choosing`, print the game and store it."""
    from engine import chosen, save_chosen
    from views.aggregator.alpha_words import game_text
    from views.pictures import add_alphas

    check_writable(options.out)
    given = {"seed": options.seed, "rounds": options.rounds}
    changed = [*options.set, *(f"{key}={value}" for key, value in given.items() if value is not None)]
    work = partial(chosen, options.scenario, options.replications, set=changed, executor=executor_of(options))
    found = unless_too_much(options, work)
    folder = save_chosen(found, options.out)
    if not options.no_plots:
        with drawing_as(options):
            tell_all(add_alphas(folder, found))
    if options.json:
        return print_json({"scenario": found.scenario.name, **found.game.summary()})
    print(f"{game_text(found.scenario.name, found.game)}\nresults: {on_console(folder)}")
    return DONE


def verify_folder(options):
    """Verify a stored run, comparison or sweep; the exit code is 1 where it fails."""
    from engine import verify

    verification = verify(options.folder)
    if options.json:
        print_json({"passed": verification.passed, "checks": list(verification.lines)})
    else:
        print("\n".join(verification.lines))
    return DONE if verification.passed else FAILED


def archive_folder(options):
    """Write an archive of a stored result, and say where it is."""
    from engine import archive

    print(on_console(archive(options.folder, options.out)))
    return DONE


def certify_outcome(options):
    """Certify purchases that another tool computed; an outcome that is no equilibrium is no failure."""
    from engine import certify
    from scenarios import load
    from views.certifying import certified_text

    scenario = load(options.scenario, set=options.set, seed=options.seed, rounds=options.rounds)
    summary = unless_too_much(options, partial(certify, scenario, options.outcome)).summary()
    if options.json:
        return print_json(summary)
    print(scenario.in_units(certified_text(summary)))
    return DONE


def serve_browser(options):
    """Serve the browser's page on this machine until interrupted."""
    if options.scenario is None and (options.set or options.seed is not None or options.rounds is not None):
        raise InputError("command line: --set, --seed and --rounds go with a scenario; name one")
    from scenarios import load

    changed = {"set": options.set, "seed": options.seed, "rounds": options.rounds}
    scenario = None if options.scenario is None else load(options.scenario, **changed)
    from views.browser.serving import PortError, serve
    from views.markets import page_of

    if scenario is not None and (large := page_of(scenario.market).too_large(scenario)):
        raise InputError(f"{options.scenario}: {large}")
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        serve(scenario, options.port, opens=not options.no_open, hosts=options.allow_host)
    except PortError as error:
        raise InputError(error) from None
    except KeyboardInterrupt:
        pass
    return DONE


def plot_sweep(options):
    """Draw a sweep's means into its folder."""
    from engine import SweepError
    from views.drawing import noting
    from views.sweep_pictures import sweep_pictures

    try:
        with noting() as failed, drawing_as(options):
            drawn = sweep_pictures(options.folder, options.measure, options.along)
    except SweepError as error:
        raise InputError(str(error)) from None
    tell_all(failed)
    print("\n".join(map(on_console, drawn)))
    return FAILED if failed and not drawn else DONE


def bench(options):
    """Run the benchmark."""
    from benchmarks.bench import ratios
    from views.tables import table

    rows = ratios(quick=options.quick)
    if options.json:
        return print_json({"ratios": [row._asdict() | {"limit": row.limit._asdict()} for row in rows]})
    header = ("measurement", "ours", "against", "ratio", "target", "reached", "limit", "of it")
    print(table(header, [row.texts() for row in rows]))
    return DONE


def draw_pictures(options, folder, shown):
    """Add the pictures of a Result or a Comparison to its stored folder; one that fails is a line."""
    if options.no_plots:
        return
    import views.without_help  # noqa: F401 (first: it imports matplotlib sooner)
    from views.pictures import add_to

    with drawing_as(options):
        tell_all(add_to(folder, shown))


def drawing_as(options):
    """Within, pictures are written in the format and resolution asked for."""
    from views.drawing import printing

    return printing(format=options.format, dpi=options.dpi)


def tell_all(failed):
    """Tell of each picture that failed."""
    for line in failed:
        told(line)


def check_writable(folder):
    """Raise InputError, before any work, where results could not be written; clear what ended processes left there."""
    from engine.in_place import recover_below, unwritable

    if why := unwritable(folder):
        raise InputError(f"command line: --out: {why}")
    recover_below(Path(folder))


def told(line):
    """Tell of what went wrong beside a result that is stored."""
    print(line, file=sys.stderr)


def on_console(path):
    """A path as it may stand on a console, whatever its folders are called."""
    from scenarios.reading.errors import printable

    return printable(str(path))


def print_json(value):
    """Print one JSON object and nothing else; returns the exit code of success."""
    letters = (sys.stdout.encoding or "").lower().startswith("utf")
    print(json.dumps(value, ensure_ascii=not letters, allow_nan=False))
    return DONE


if __name__ == "__main__":
    code = main()
    gc.freeze()  # what there is ends with the process: no search for garbage before
    sys.exit(code)
