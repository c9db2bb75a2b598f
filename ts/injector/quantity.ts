/** Kubernetes' quantities (`100m`, `0.5`, `256Mi`, `1e3`), as far as they have to be compared. */

export const QUANTITY = /^\+?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d{1,2}|E[+-]?\d{1,2}|[numkMGTPE]|[KMGTPE]i|)$/;
const SMALL: Record<string, number> = { n: 1e9, u: 1e6, m: 1e3 };
const LARGE: Record<string, number> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Its value in the base unit (cores, bytes); `undefined` where the text is no quantity. */
export function quantity(text: unknown): number | undefined {
  if (typeof text === 'number') return text >= 0 ? text : undefined;
  const [, digits, unit = ''] = (typeof text === 'string' && QUANTITY.exec(text)) || [];
  if (digits === undefined) return undefined;
  if (/^[eE]./.test(unit) && unit !== 'Ei') return Number(`${digits}${unit}`);
  // Divided and not multiplied by 0.001, so that 700m is 0.7 exactly.
  const small = SMALL[unit];
  return small === undefined ? Number(digits) * (LARGE[unit] ?? Number.NaN) : Number(digits) / small;
}
