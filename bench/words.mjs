// How figures are written in docs/performance.md.
const MB = 1e6;
export const count = (value) => Math.round(value).toLocaleString('en');
export const megabytes = (bytes) => `${(bytes / MB).toFixed(0)} MB`;
export const percent = (share) => `${(share * 100).toFixed(0)} %`;
const digits = (value) => value.toFixed(Math.abs(value) < 9.95 ? 2 : 0);
/** The median, and between which the rounds lay. */
export const range = ({ median, least, most }, words = digits) =>
  least === most ? words(median) : `${words(median)} (${words(least)}–${words(most)})`;
/** A ratio: `0.4×`, `12×`. */
export const times = (spread) => range(spread, (value) => `${value.toFixed(value < 9.95 ? 1 : 0)}×`);
export const micros = (spread) =>
  range(spread, (value) => (value < 1_000 ? `${value.toFixed(0)} µs` : `${(value / 1_000).toFixed(1)} ms`));

/** A table of Markdown. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}
