/** Numbers for people, in at most six columns. */

/** Three digits that count. */
function short(value: number): string {
  return value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0);
}

export function bytes(count: number): string {
  if (count < 1000) return `${count}B`;
  let value = count;
  for (const unit of ['kB', 'MB', 'GB']) {
    value /= 1000;
    // 999.6 would be shown as 1000.
    if (value < 999.5) return `${value < 99.95 ? value.toFixed(1) : value.toFixed(0)}${unit}`;
  }
  return `${(value / 1000).toFixed(1)}TB`;
}

export function duration(ms: number): string {
  if (ms < 0.9995) return `${Math.round(ms * 1000)}µs`;
  if (ms < 999.5) return `${short(ms)}ms`;
  return `${short(ms / 1000)}s`;
}

/** Of a whole number; those of `Intl` take ten milliseconds for the first. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ' ');
}

/** `1 endpoint`, `2 endpoints`. */
export function countOf(value: number, one: string): string {
  return value === 1 ? `1 ${one}` : `${count(value)} ${one}s`;
}

export function exchangeCount(value: number): string {
  return countOf(value, 'exchange');
}

/** Of a share. Only all of it is 100 %, and only nothing of it 0 %. */
export function percent(share: number): string {
  if (share <= 0 || share >= 1) return `${share <= 0 ? 0 : 100}%`;
  return share < 0.01 ? '<1%' : `${Math.min(99, Math.round(share * 100))}%`;
}
