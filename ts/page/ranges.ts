/** Numbers in their order, as ranges without holes. */
export function rangesOf(ns: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const n of [...ns].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] + 1 === n) last[1] = n;
    else ranges.push([n, n]);
  }
  return ranges;
}
