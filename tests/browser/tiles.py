"""What every tile of each market must say, from nothing but the summary that the page hands out."""

from views.designs.look import short


def most(summary, measure):
    """The greatest value beside the planner's."""
    return _best(summary, measure)[0]


def _best(summary, measure):
    known = [(one[measure], name) for name, one in summary["designs"].items() if name != "planner"]
    known = [(value, name) for value, name in known if value is not None]
    top = max(value for value, _ in known)
    return next((value, name) for value, name in known if value >= top - 1e-9 * abs(top))


def _aggregator(summary):
    small = summary["small"]
    mean = "small user, mean" if any(one["kind"] != "large" for one in summary["groups"].values()) else "user, mean"
    return {
        "price": summary["price"],
        "total purchases": summary["quantity"],
        "surplus of all": summary["welfare"],
        mean: small["mean_surplus"],
        "Jain's index": small["jain"],
        "Gini": small["gini"],
        "efficiency": summary["efficiency"],
        "price of anarchy": summary["price_of_anarchy"],
    }


def _microgrid(summary):
    losses, paid, idle = summary["losses"], summary["payments"]["agents"], summary["idle"]["loss"]
    return {
        "loss": losses["total"],
        "public lines": losses["public"],
        "private lines": losses["private"],
        "main grid supplies": summary["grid_supply"],
        "paid to all nodes": None if paid is None else sum(paid),
        "loss avoided": None if losses["total"] is None or not idle else 1 - losses["total"] / idle,
    }


def _bilateral(summary):
    rows, out = summary["contracts"], summary["outcome"]
    traded = sum(row["quantity"] for row in rows)
    return {
        "contracts": len(rows),
        "traded": traded,
        "mean price": sum(row["quantity"] * row["price"] for row in rows) / traded if traded else None,
        "violation": summary["negotiated_gap"],
        "gained by all": summary["welfare"],
        "buyers' share": sum(out["u"]) / summary["welfare"] if summary["welfare"] > 0 else None,
        "messages": summary["messages"],
    }


def _designs(summary):
    surplus, welfare = _best(summary, "surplus"), _best(summary, "welfare")
    return {
        "agents": summary["agents"],
        "most for agents": short(surplus[1]),
        "their surplus there": surplus[0],
        "most for all": short(welfare[1]),
        "welfare there": welfare[0],
        "planner's welfare": summary["designs"]["planner"]["welfare"],
    }


def _network(summary):
    prices = summary["prices"]
    return {
        "price": summary["price"],
        "total purchases": summary["quantity"],
        "small user, mean": summary["small"]["mean_surplus"],
        "rent of lines": summary["rent"],
        "full lines": None if prices is None else len(summary["full_lines"]),
        "price spread": None if prices is None else max(prices.values()) - min(prices.values()),
    }


def _days(summary):
    small = summary["small"]
    return {
        "mean price": summary["price"],
        "total purchases": summary["quantity"],
        "small user, mean": small["mean_surplus"],
        "bill, mean": small["mean_bill"],
        "peak": summary["peak"],
        "price spread": summary["spread"],
        "own solar used": summary["self_consumption"],
    }


TILES = {
    "aggregator": _aggregator,
    "network": _network,
    "days": _days,
    "microgrid": _microgrid,
    "bilateral": _bilateral,
    "designs": _designs,
}
