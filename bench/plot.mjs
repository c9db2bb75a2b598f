// The growth as an SVG: cost a packet against size, relative to the smallest, with the band that must hold.
const PANEL = { width: 250, height: 190, left: 46, top: 40, gap: 30 };
const HIGHEST = 2;
const BAND = 0.2;
const INK = '#57606a';
const LINE = '#0969da';

/** `dimensions` as `measureGrowth` returns them. */
export function growthPlot(dimensions) {
  const width = PANEL.left + dimensions.length * (PANEL.width + PANEL.gap);
  const height = PANEL.top + PANEL.height + 44;
  const panels = dimensions.map((dimension, index) => panel(dimension, PANEL.left + index * (PANEL.width + PANEL.gap)));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="12" y="18" fill="${INK}">Cost of a packet (of a message in HTTP/2), relative to the smallest size; the band is ±${BAND * 100} %.</text>
${panels.join('\n')}
</svg>
`;
}

function panel({ name, unit, by, points }, left) {
  const y = (ratio) => PANEL.top + PANEL.height * (1 - Math.min(ratio, HIGHEST) / HIGHEST);
  const x = (index) => left + (PANEL.width * (index + 0.5)) / points.length;
  const first = points[0][by].median;
  const at = points.map(({ [by]: { median, least, most } }, index) => ({
    x: x(index),
    y: y(median / first),
    low: y(least / first),
    high: y(most / first),
  }));
  const ticks = [0, 0.5, 1, 1.5, 2].map(
    (ratio) =>
      `<line x1="${left}" x2="${left + PANEL.width}" y1="${y(ratio)}" y2="${y(ratio)}" stroke="#d0d7de"/>` +
      `<text x="${left - 6}" y="${y(ratio) + 4}" text-anchor="end" fill="${INK}">${ratio}</text>`,
  );
  return [
    `<rect x="${left}" y="${y(1 + BAND)}" width="${PANEL.width}" height="${y(1 - BAND) - y(1 + BAND)}" fill="#ddf4ff"/>`,
    ...ticks,
    `<polyline points="${at.map((point) => `${point.x},${point.y}`).join(' ')}" fill="none" stroke="${LINE}" stroke-width="2"/>`,
    ...at.map(
      (point, index) =>
        `<line x1="${point.x}" x2="${point.x}" y1="${point.low}" y2="${point.high}" stroke="${LINE}"/>` +
        `<circle cx="${point.x}" cy="${point.y}" r="4" fill="${LINE}"/>` +
        `<text x="${point.x}" y="${PANEL.top + PANEL.height + 18}" text-anchor="middle" fill="${INK}">${points[index].size.toLocaleString('en')}</text>`,
    ),
    `<text x="${left + PANEL.width / 2}" y="${PANEL.top + PANEL.height + 36}" text-anchor="middle" fill="${INK}">${name} (${unit})</text>`,
  ].join('\n');
}
