"""What Raja and Grammatico claim of peer-to-peer negotiation, and what theory says of it, tested on our numbers."""

import numpy as np

from market.bilateral.core import corners
from market.bilateral.market import Market, RetailTariff
from market.bilateral.signing import signed
from papers.claims import FAIL, judge
from papers.p2p.cells import (
    COARSE,
    CONTRACTS,
    DRIFT_SIZES,
    FAIR,
    FINE,
    GROWTH,
    LOSSES,
    MOST_SPLIT,
    OURS,
    SIZES,
    TRIES,
    UNEVEN,
)
from papers.p2p.timing import ALONE, AT_ONCE, NAMES, of
from scenarios import draw, load

FIGURE = "p2p-negotiation"
EQUAL_NUMBERS = 1e-9  # up to which numbers count as equal, beside the mean contract's
TOLERANCE_SLACK = 1e-9  # of rounding, beside a tolerance
NEAR_POINT = 0.06  # of all gains: near a point, in L1
MUCH, CLEARLY = 30, 5  # times as fast: than a general solver, than one whose set-up is kept
CONSENSUS = ("tight", "half-space")
BIDS = ("bilateral", "bilateral, in turn", "bilateral, at once")


def claims(found, answers, times, solvers):
    """All claims; found: {(rule, size): list of Ended}; answers: {name: [(question, answer)]}; times: of a step."""
    return [
        *converges(found, answers),
        *fair(found, answers),
        *faster(times, solvers),
        *rounds(found),
        *scales(found, answers, times),
        *preferences(),
        *several(answers),
        *core(answers),
        *messages(answers),
        *warm(answers),
        *truthful(answers),
    ]


def converges(found, answers):
    """Every rule of ours ends at contracts nobody would leave; the benchmark only in small markets."""
    ours = [one for (rule, _), ended in found.items() if rule in OURS for one in ended]
    fine = [one for _, one in answers["growth"]]
    worst, worst_fine = (max(one.off for one in each) for each in (ours, fine))
    apart = max(abs(one.welfare - 1) for one in ours)
    holds = (
        all(one.settled for one in ours + fine)
        and worst <= COARSE + TOLERANCE_SLACK
        and worst_fine <= FINE + TOLERANCE_SLACK
        and apart <= COARSE
    )
    theirs = {size: found["benchmark", size] for size in SIZES}
    done = {f"settled of {len(each)} at {size}": sum(x.settled for x in each) for size, each in theirs.items()}
    return [
        judge(
            FIGURE,
            "negotiation converges to stable contracts: in every market, with every rule, no pair gains by leaving",
            holds,
            {
                "negotiations": len(ours) + len(fine),
                f"worst violation, share of a contract, to {COARSE:g}": worst,
                f"to {FINE:g}": worst_fine,
                "claims add up to what all gain, off by at most": apart,
            },
            reason="violations are computed anew from the claims; what all gain together by SciPy's assignment",
        ),
        judge(
            FIGURE,
            "the benchmark too settles within its rounds in every market",
            all(one.settled for each in theirs.values() for one in each),
            done,
            FAIL,
            "it is not told who has contracts with whom, so its sets meet at small angles: it needs more rounds the "
            "more agents there are",
        ),
    ]


def fair(found, answers):
    """Where in the core negotiations end: corner negotiation at the tau value, the others by the equal split."""
    exact = max(away for _, away in answers["tau"])
    middle = {rule: _means(found, (rule,)) for rule in (*CONSENSUS, *BIDS)}
    tau, split = (np.array([each[k] for each in middle.values()]) for k in (0, 1))
    bids = max(one.split for rule in BIDS for one in _small(found, rule))
    said = {f"{rule}, to the split point": each[1] for rule, each in middle.items()}
    return [
        judge(
            FIGURE,
            "corner negotiation settles at the tau value exactly",
            exact <= EQUAL_NUMBERS,
            {
                "markets": len(answers["tau"]),
                "a side, at most": FAIR[-1],
                "largest distance, share of a contract": exact,
            },
            reason="tau from the worth of the market without one agent each (Núñez and Rafels), another road",
        ),
        judge(
            FIGURE,
            f"bilateral and consensus negotiation settle at the tau value too (within {NEAR_POINT:.0%} of all gains)",
            bool(np.all(tau <= NEAR_POINT)),
            {f"mean distance, {rule}": each[0] for rule, each in middle.items()},
            FAIL,
            "projections from equal claims end near the stable point nearest to the equal split, another fair point",
        ),
        judge(
            FIGURE,
            f"bilateral negotiation ends within {NEAR_POINT:.0%} of all gains of the stable point nearest to the equal "
            "split",
            bids <= NEAR_POINT,
            {"largest distance": bids, **{what: v for what, v in said.items() if what.startswith("bilateral")}},
        ),
        judge(
            FIGURE,
            "every rule but the corner's ends nearer to that point than to the tau value, in the mean",
            bool(np.all(split < tau)),
            {**said, "least distance to tau": float(np.min(tau))},
        ),
    ]


def _small(found, rule):
    return [one for (name, size), ended in found.items() if name == rule and size <= MOST_SPLIT for one in ended]


def _means(found, rules):
    """Mean distance (to the tau value, to the split point)."""
    some = [one for rule in rules for one in _small(found, rule)]
    return float(np.mean([one.tau for one in some])), float(np.mean([one.split for one in some]))


def faster(times, solvers):
    """The paper's one number: a step against the benchmark's, whose solver decides how much faster it is."""
    ours = of(times, ALONE, "half-space")
    made = []
    for name, least in ((NAMES["general"], MUCH), (NAMES["clarabel"], CLEARLY), (NAMES["osqp"], CLEARLY)):
        if name in solvers:
            ratio = of(times, ALONE, "benchmark", name) / ours
            text = f"an agent's half-space step is at least {least} times as fast as the benchmark's with {name}"
            made.append(judge(FIGURE, text, bool(np.min(ratio) >= least), _by_size(ratio, "times, {} a side")))
    exact = of(times, AT_ONCE, "benchmark", NAMES["exact"])
    for rule, why in (
        ("half-space", "a hand-made projection of all agents at once sorts where a general solver iterates"),
        ("tight", "the two are the same sorted search; tight steps gain by their number, not by their speed"),
    ):
        ratio = exact / of(times, AT_ONCE, rule)
        text = f"a {rule} step is much faster ({2 * CLEARLY} times) than the benchmark's with our {NAMES['exact']}"
        made.append(
            judge(FIGURE, text, bool(np.min(ratio) >= 2 * CLEARLY), _by_size(ratio, "times, {} a side"), FAIL, why)
        )
    return made


def _by_size(values, words):
    return {words.format(size): float(value) for size, value in zip(SIZES, values, strict=True) if size in TOLD}


TOLD = (5, 10, 50, 100)


def rounds(found):
    """Fewer rounds than the benchmark, and how many fewer."""
    small = [size for size in SIZES if size <= 20]
    middle = {rule: [np.median([x.rounds for x in found[rule, n]]) for n in small] for rule in ("benchmark", *OURS)}
    ratio = {rule: np.array(middle["benchmark"]) / np.array(middle[rule]) for rule in ("tight", "bilateral")}
    numbers = {
        f"benchmark / {rule} at {size}": float(value)
        for rule, values in ratio.items()
        for size, value in zip(small, values, strict=True)
    }
    return [
        judge(
            FIGURE,
            "rules that use the contracts need fewer rounds than the benchmark: tight at least 2, bilateral 10 times",
            bool(np.min(ratio["tight"]) >= 2 and np.min(ratio["bilateral"]) >= 10),
            numbers,
            reason="where the benchmark did not finish its cap counts, so the true ratios are larger",
        )
    ]


def scales(found, answers, times):
    """Growth with the market: rounds to a fine tolerance, and time of an agent's part of a round."""
    by_size = {size: [a.rounds for q, a in answers["growth"] if q.size == size] for size in GROWTH}
    middle = [float(np.median(by_size[size])) for size in GROWTH]
    slope = float(np.polyfit(np.log(GROWTH), np.log(middle), 1)[0])
    each = of(times, AT_ONCE, "bilateral, at once")
    corner = [np.median([one.rounds for one in found["corner", size]]) for size in SIZES]
    at_most = max(one.rounds / (size + 1) for size in SIZES for one in found["corner", size])
    return [
        judge(
            FIGURE,
            f"bilateral rounds to {FINE:g} grow less than in proportion to the agents (slope of logarithms below 1)",
            slope < 1,
            {"slope": slope}
            | {f"median at {size}": value for size, value in zip(GROWTH, middle, strict=True)}
            | {"most of any market": max(max(values) for values in by_size.values())},
            reason="rounds differ far more between markets of one size than between sizes: long chains of nearly "
            "binding pairs need many",
        ),
        judge(
            FIGURE,
            "an agent's part of a bilateral round at once takes no longer in larger markets",
            bool(each[-1] <= 1.5 * each[0]),
            _by_size(each, "µs at {} a side"),
        ),
        judge(
            FIGURE,
            "corner negotiation ends after no more rounds than there are contracts, and one to notice",
            at_most <= 1,
            {f"median at {size}": float(value) for size, value in zip(SIZES, corner, strict=True)}
            | {"largest share of that limit": at_most},
        ),
    ]


def preferences():
    """Tastes change who trades with whom."""
    worth, taste = np.array([[0.22, 0.20], [0.20, 0.22]]), np.array([[-0.03, 0.04], [0.04, -0.03]])
    ones, nothing = np.ones(2), np.zeros(2)
    plain_one, tasted = (
        signed(Market(nothing, ones, [0.10, 0.10], ones, one, tariff=RetailTariff(0, 0)))
        for one in (worth, worth + taste)
    )
    tau = np.concatenate(corners(tasted).tau)
    green = draw(load("p2p_green")).game.periods[0].market
    bare = Market(green.willingness, green.demand, green.ask, green.supply, tariff=green.tariff)
    moved = int(np.sum(signed(green).partner != signed(bare).partner))
    flips = plain_one.partner.tolist() == [0, 1] and tasted.partner.tolist() == [1, 0]
    return [
        judge(
            FIGURE,
            "preferences flip contracts: buyers who like the other's seller better change partners",
            flips and abs(tasted.welfare - 0.28) < EQUAL_NUMBERS and bool(np.allclose(tau, 0.07)) and moved > 0,
            {
                "gains without tastes": plain_one.welfare,
                "with tastes": tasted.welfare,
                "each gains at tau": float(tau[0]),
                "of 20 buyers of p2p_green change partners": moved,
            },
        )
    ]


def several(answers):
    """Several contracts an agent gain more than one."""
    shares = [share for _, share in answers["captured"]]
    mean = {
        f"mean at {size}": float(np.mean([s for q, s in answers["captured"] if q.size == size])) for size in CONTRACTS
    }
    return [
        judge(
            FIGURE,
            "several contracts an agent gain more: single contracts capture 85 to 96 % of it",
            min(shares) >= 0.85 and max(shares) <= 0.96,
            {"markets": len(shares), "least share": min(shares), "largest": max(shares)} | mean,
        )
    ]


def core(answers):
    """One good has one price; the short side gets most of the gains."""
    low, high, apart = (np.array(each) for each in zip(*(a for _, a in answers["alike"]), strict=True))
    few = {sides: np.array([a for q, a in answers["shares"] if (q.buyers, q.sellers) == sides]) for sides in UNEVEN}
    buyers, sellers = (few[sides] for sides in UNEVEN)
    return [
        judge(
            FIGURE,
            "a homogeneous good has one price: all contracts share it at both corners of the core and at tau",
            float(apart.max()) <= EQUAL_NUMBERS,
            {
                "markets": len(apart),
                "largest difference": float(apart.max()),
                "lowest price": low[0],
                "highest": high[0],
            },
            reason="prices of the first market; any between them is stable",
        ),
        judge(
            FIGURE,
            "few buyers get most of the gains (5 against 20: at least 0.7 at every stable point)",
            float(buyers[:, 0].min()) >= 0.7,
            {"least share": buyers[:, 0].min(), "largest": buyers[:, 1].max(), "mean at tau": buyers[:, 2].mean()},
        ),
        judge(
            FIGURE,
            "few sellers leave buyers little (20 against 5: at most 0.3 at every stable point)",
            float(sellers[:, 1].max()) <= 0.3,
            {"least share": sellers[:, 0].min(), "largest": sellers[:, 1].max(), "mean at tau": sellers[:, 2].mean()},
        ),
    ]


def messages(answers):
    """Lost messages cost rounds only."""
    by_loss = {loss: [a for q, a in answers["lost"] if q.drop == loss] for loss in LOSSES}
    mean = [float(np.mean([one.rounds for one in by_loss[loss]])) for loss in LOSSES]
    worst = max(one.off for ended in by_loss.values() for one in ended)
    stable = all(one.settled for ended in by_loss.values() for one in ended) and worst <= FINE + TOLERANCE_SLACK
    return [
        judge(
            FIGURE,
            "lost messages change how many rounds it takes, not that contracts are stable",
            stable and bool(np.all(np.diff(mean) > 0)),
            {f"mean rounds, {loss:.0%} lost": value for loss, value in zip(LOSSES, mean, strict=True)}
            | {"worst violation, share of a contract": worst},
        )
    ]


def warm(answers):
    """Claims remembered from the last period save rounds."""
    drift = {size: _saved(answers["drift"], lambda q, a, n=size: a if q.size == n else 0.0) for size in DRIFT_SIZES}
    together = _saved(answers["drift"], lambda q, a: a)
    day = _saved(answers["day"], lambda q, a: a[0])
    numbers = {f"{size} a side": value for size, value in drift.items()}
    return [
        judge(
            FIGURE,
            "remembered claims halve the rounds where values drift by 5 % a period",
            together <= 0.5,
            {"rounds with over without": together} | numbers,
        ),
        judge(
            FIGURE,
            "they save rounds through a day of prosumers",
            day < 0.9,
            {"rounds of a day with over without": day, "runs": sum(q.warm for q, _ in answers["day"])},
        ),
        judge(
            FIGURE,
            "and halve them there too",
            day <= 0.5,
            {"rounds of a day with over without": day},
            FAIL,
            "from hour to hour sides change and so do partners, by far more than 5 %",
        ),
    ]


def _saved(pairs, value):
    """Rounds with remembered claims over rounds without."""
    cold, remembered = (sum(value(q, a) for q, a in pairs if q.warm is warm) for warm in (False, True))
    return float(remembered / cold)


def truthful(answers):
    """Who gains by saying less than the truth."""
    gain = {question.fair: answer for question, answer in answers["truth"]}
    return [
        judge(
            FIGURE,
            "the tau value makes buyers tell the truth: none gains by saying less than its values",
            gain["tau"] <= EQUAL_NUMBERS,
            {"largest gain, values up to 8": gain["tau"], "tries": TRIES},
            FAIL,
            "it gives every buyer half of what its claim moves, so saying less can pay",
        ),
        judge(
            FIGURE,
            "at the buyers' corner of the core none does",
            gain["buyer"] <= EQUAL_NUMBERS,
            {"largest gain, values up to 8": gain["buyer"], "tries": TRIES},
        ),
    ]
