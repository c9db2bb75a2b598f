/** Times and sizes as people write them. */

export const MS_PER_UNIT: Readonly<Record<string, number>> = {
  us: 0.001,
  µs: 0.001,
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
};

export const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

const AMOUNT = /^(\d+(?:\.\d+)?|\.\d+)\s*([a-zµ]*)$/i;

/** `250ms`, `1.5s`, `2m`, `1h`, in ms. @throws what is expected */
export function parseTime(text: string): number {
  const [, digits = '', unit = ''] = AMOUNT.exec(text) ?? [];
  const ms = Object.hasOwn(MS_PER_UNIT, unit) ? MS_PER_UNIT[unit] : undefined;
  if (ms !== undefined) return Number(digits) * ms;
  if (digits !== '' && Number(digits) === 0 && unit === '') return 0;
  const near = digits !== '' && unit === '' ? `${digits}ms or ${digits}s` : '250ms, 1.5s, 2m';
  throw new Error(`must be a time with its unit, e.g. ${near}`);
}

/** `1500`, `64KiB`, `1MiB`, `1.5MB`, in bytes. @throws what is expected */
export function parseSize(text: string): number {
  const [, digits = '', unit = ''] = AMOUNT.exec(text) ?? [];
  const name = unit.toLowerCase();
  const bytes = Object.hasOwn(BYTES_PER_UNIT, name) ? BYTES_PER_UNIT[name] : undefined;
  if (digits !== '' && bytes !== undefined) return Math.round(Number(digits) * bytes);
  const letter = unit.toUpperCase();
  const near =
    digits !== '' && /^[KMG]$/.test(letter) ? `${digits}${letter}iB or ${digits}${letter}B` : '1500, 64KiB, 1MiB';
  throw new Error(`must be a size in bytes, e.g. ${near}`);
}
