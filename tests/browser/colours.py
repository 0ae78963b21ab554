"""Do the keys under a drawing look as what they name, and groups as everywhere? Read from the drawing's HTML."""

import re
from xml.etree import ElementTree

from views.kit.charts import ink
from views.style import group_colours

AT_ZERO = re.compile(r"( \d+)?( \([^()]* at 0\))?$")  # number of one of several players, and who buys nothing


def odd_keys(html, groups=()):
    """Names of keys that are drawn otherwise than what they stand for, or than their group everywhere."""
    page, colours = ElementTree.fromstring(f"<div>{html}</div>"), group_colours(groups)
    keys = [("".join(entry.itertext()), _look(entry[0])) for entry in page.iter("span")]
    charts = [chart for chart in page.iter("svg") if "chart" in chart.get("class")]
    drawn = [(_look(one), one.findtext("title")) for chart in charts for one in chart.iter()]
    scales = any("map" in chart.get("class") for chart in charts)  # whose keys stand for some of many shades
    odd = [] if scales else [name for name, look in keys if look not in _looks(name, drawn)]
    groups = [(name, look, colours.get(AT_ZERO.sub("", name))) for name, look in keys]
    return odd + [name for name, look, known in groups if known is not None and look[1] != ink(known)]


def _look(one):
    """(Is it an area, a line or dots, its colour, its dashes), of what is drawn or of the key that stands for it."""
    one = one[0] if one.get("class") == "key" else one
    stroke, background = one.get("stroke"), one.get("style", "").partition("background:")[2]
    if one.tag == "circle" or one.get("stroke-linecap"):
        return "dots", stroke or one.get("fill"), ""
    kind = "area" if stroke is None else "line"
    return kind, background or stroke or one.get("fill"), one.get("stroke-dasharray", "")


def _looks(name, drawn):
    """Looks of what bears that name, of everything where nothing does."""
    return [look for look, title in drawn if title == name] or [look for look, _ in drawn]
