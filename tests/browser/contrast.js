// What is drawn with too little contrast to its panel (to its node, for a number in one): words 4.5, all else 3.
// Not grids, areas under a line, tints of zones, the stripe of a moment, and a large map's web and lines that carry little.
() => {
  const left_out = '.grid, .area, .moment, .web, path.zone, .many g[opacity]';
  const parts = (colour) => (colour.match(/[0-9.]+/g) || []).map(Number);
  const linear = (part) => (part <= 10.314 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([red, green, blue]) => 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue) + 0.05;
  const ratio = (one, other) => Math.max(light(one) / light(other), light(other) / light(one));
  const clear = (one, chart) => (one === chart ? 1 : Number(getComputedStyle(one).opacity) * clear(one.parentElement, chart));
  const found = new Set();
  document.querySelectorAll('svg.chart').forEach((chart) => {
    const card = parts(getComputedStyle(chart.closest('.panel')).backgroundColor);
    chart.querySelectorAll('path, line, circle, rect, text').forEach((one) => {
      const look = getComputedStyle(one), before = one.previousElementSibling;
      const under = one.parentElement.tagName === 'g' && before && before.tagName === 'path';  // a wider line, which is seen
      if (one.closest(left_out) || look.display === 'none' || under) return;
      const word = one.tagName === 'text', ground = one.matches('.number') ? parts(getComputedStyle(before).fill) : card;
      const on = (colour, share) => {
        const [red, green, blue, alpha = 1] = parts(colour), seen = alpha * share * clear(one, chart);
        return ratio([red, green, blue].map((part, k) => part * seen + ground[k] * (1 - seen)), ground);
      };
      const inks = [[look.fill, look.fillOpacity], ...(word ? [] : [[look.stroke, look.strokeOpacity]])];
      const shades = inks.filter(([colour]) => colour !== 'none').map(([colour, share]) => on(colour, Number(share)));
      if (shades.length && Math.max(...shades) < (word ? 4.5 : 3)) {
        found.add([chart.getAttribute('aria-label'), one.tagName, one.getAttribute('class'), look.fill, look.stroke, Math.max(...shades).toFixed(2)].join(' '));
      }
    });
  });
  return [...found];
}
