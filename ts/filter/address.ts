/** IP addresses and networks. IPv4 is compared as IPv6 (RFC 4291 §2.5.5.2): one way to write 16 bytes. */

/** Eight groups of 16 bits, or `undefined` for text that is no address. */
function parseAddress(text: string): number[] | undefined {
  const v4 = parseV4(text);
  if (v4 !== undefined) return [0, 0, 0, 0, 0, 0xffff, ...v4];
  return text.includes(':') ? parseV6(text) : undefined;
}

function parseV4(text: string): [number, number] | undefined {
  const found = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (found === null) return undefined;
  const [a, b, c, d] = found.slice(1).map(Number) as [number, number, number, number];
  return Math.max(a, b, c, d) > 255 ? undefined : [(a << 8) | b, (c << 8) | d];
}

/** RFC 4291 §2.2, without a zone. */
function parseV6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === '' ? [] : groups(half)));
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 8 ? head : undefined;
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/** `undefined` where one of them is no group; the last may be an IPv4 address. */
function groups(half: string): number[] | undefined {
  const parts = half.split(':');
  const found: number[] = [];
  for (const [index, part] of parts.entries()) {
    const v4 = index === parts.length - 1 ? parseV4(part) : undefined;
    if (v4 !== undefined) found.push(...v4);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) found.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return found;
}

export interface Network {
  readonly groups: readonly number[];
  /** How many bits count, of 128. */
  readonly bits: number;
}

/** An address, or one with its prefix length (RFC 4632 §3.1). */
export function parseNetwork(text: string): Network | undefined {
  const [, address = '', prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const parsed = parseAddress(address);
  if (parsed === undefined) return undefined;
  const isV4 = !address.includes(':');
  const bits = prefix === undefined ? 128 : Number(prefix) + (isV4 ? 96 : 0);
  return bits > 128 ? undefined : { groups: parsed, bits };
}

export function isIn(address: string, { groups: wanted, bits }: Network): boolean {
  const found = parseAddress(address);
  if (found === undefined) return false;
  return wanted.every((group, index) => {
    const counted = Math.min(16, Math.max(0, bits - 16 * index));
    return counted === 0 || (group ^ (found[index] as number)) >> (16 - counted) === 0;
  });
}
