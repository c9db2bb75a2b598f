/** Ports and ranges of them: `8080`, `8000-8100`. */

export const MIN_PORT = 1;
export const MAX_PORT = 65_535;

interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** @throws what is expected */
export function parsePortRange(text: string): PortRange {
  const [, low, high = low] = /^\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?$/.exec(text) ?? [];
  if (low === undefined) throw new Error('must be ports or ranges of ports, e.g. 8080 or 8000-8100');
  const [first, last] = [Number(low), Number(high)];
  const wrong = [first, last].find((port) => port < MIN_PORT || port > MAX_PORT);
  if (wrong !== undefined) throw new Error(`each port is from ${MIN_PORT} to ${MAX_PORT}, ${wrong} is not`);
  if (last < first) throw new Error(`the range ends before it begins; did you mean ${last}-${first}?`);
  return { first, last };
}

/** So few are told one by one. */
const FEW_PORTS = 8;
/** Fewer neighbours than these are named each. */
const MIN_RANGE = 3;

/** A few ports as they are; many in their order, neighbours as ranges: `8080`, `8000-8100`. */
export function portRanges(ports: readonly number[]): (number | string)[] {
  if (ports.length <= FEW_PORTS) return [...ports];
  const sorted = [...ports].sort((a, b) => a - b);
  const shown: (number | string)[] = [];
  for (let start = 0; start < sorted.length; ) {
    let end = start + 1;
    while (end < sorted.length && sorted[end] === (sorted[end - 1] as number) + 1) end++;
    if (end - start < MIN_RANGE) shown.push(...sorted.slice(start, end));
    else shown.push(`${sorted[start]}-${sorted[end - 1]}`);
    start = end;
  }
  return shown;
}
