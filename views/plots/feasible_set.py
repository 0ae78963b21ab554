"""What two users can get: feasible surpluses, Pareto front, and the alpha-fair points on it."""

from views.style import BLACK, BLUE, GREY, VERMILLION, finite, joined_labels, legend_below, new_figure, styled


@styled
def feasible_set(cases):
    """A panel per pair of users (fig. 2).

    cases: {title: {"set": (lower edge, upper edge) of the second surplus over the first, as (s1, low, high);
    "arc": surpluses at a fixed total, (s1, s2); "front": (s1, s2) of the efficient ones; "points": {name: (alphas, s1,
    s2)}}}, all in money; all but "points" may be left out.
    """
    figure, row = new_figure(1, len(cases), width=6.6 * max(len(cases), 1.3), height=6.2, squeeze=False)
    for axes, (title, case) in zip(row[0], cases.items(), strict=True):
        if "set" in case:
            s1, low, high = map(finite, case["set"])
            axes.fill_between(s1, low, high, color=GREY, alpha=0.22, linewidth=0, label="feasible, any total")
            axes.plot(
                s1, high, color=GREY, alpha=0.5, linewidth=4, solid_capstyle="butt"
            )  # seen where it is but a line
        if "arc" in case:
            axes.plot(*map(finite, case["arc"]), color=GREY, linewidth=1.6, label="feasible, fixed total")
        if "front" in case:
            axes.plot(*map(finite, case["front"]), color=BLACK, linewidth=3, label="Pareto front, fixed total")
        for name, points in case["points"].items():
            _fair_points(axes, name, *points)
        axes.set_title(title)
        axes.set_xlabel("surplus of user 1 (money)")
        axes.set_ylabel("surplus of user 2 (money)")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.margins(0.08)
    legend_below(figure, *row[0][0].get_legend_handles_labels(), 3)
    return figure


def _fair_points(axes, name, alphas, s1, s2):
    """Alpha-fair points with their alpha; of those at a fixed total only the two ends are labelled."""
    fixed = "fixed" in name
    marker, colour, size = ("o", BLUE, 8) if fixed else ("s", VERMILLION, 9)
    s1, s2 = finite(s1), finite(s2)
    axes.plot(s1, s2, marker, color=colour, markersize=size, linestyle="none", zorder=3, label=name)
    labels = [f"α = {alpha:g}".replace("inf", "∞") for alpha in alphas]
    points = joined_labels(labels, s1, s2)
    for label, x, y in points[:1] + points[-1:] if fixed else points:
        inner = fixed and "∞" in label
        axes.annotate(
            label,
            (x, y),
            (-10, -5) if inner else (10, 4),
            textcoords="offset points",
            fontsize=13,
            color=colour,
            ha="right" if inner else "left",
            zorder=4,
        )
