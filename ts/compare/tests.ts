/**
 * Tests that tell a change from noise. In: counts, or times of two sides. Out: the probability of a difference as large as that, or
 * larger, where nothing has changed (two-sided).
 */

/**
 * The rank-sum test (Mann and Whitney, Ann. Math. Statist. 18, 1947), by the normal distribution with ranks of ties in the middle, the
 * variance corrected for ties (Lehmann, Nonparametrics, 1975, §1.4), and half a rank for continuity. For small samples it errs to the
 * side of noise; who calls sees to it that they are not too small.
 */
export function mannWhitney(a: readonly number[], b: readonly number[]): number {
  const n = a.length + b.length;
  if (a.length === 0 || b.length === 0) return 1;
  const all = Float64Array.from([...a, ...b]).sort();
  /** The middle of the ranks that a value has, by the value. */
  const ranks = new Map<number, number>();
  let ties = 0;
  for (let start = 0; start < n; ) {
    let end = start + 1;
    while (end < n && all[end] === all[start]) end++;
    const count = end - start;
    ranks.set(all[start] as number, (start + 1 + end) / 2);
    ties += count ** 3 - count;
    start = end;
  }
  const rankSum = a.reduce((sum, value) => sum + (ranks.get(value) ?? 0), 0);
  const u = rankSum - (a.length * (a.length + 1)) / 2;
  const product = a.length * b.length;
  const variance = (product / 12) * (n + 1 - ties / (n * (n - 1)));
  const distance = Math.abs(u - product / 2) - 0.5;
  // All times are equal.
  if (!(variance > 0) || distance <= 0) return 1;
  return Math.min(1, erfc(distance / Math.sqrt(2 * variance)));
}

/**
 * Fisher's exact test (Fisher, J. R. Stat. Soc. 98, 1935) of `hitsA` of `a` against `hitsB` of `b`: the sum over all tables with the same
 * margins that are no more likely than this table.
 */
export function fisher(hitsA: number, a: number, hitsB: number, b: number): number {
  const hits = hitsA + hitsB;
  const low = Math.max(0, hits - b);
  const high = Math.min(hits, a);
  if (low === high) return 1;
  /** How many times as likely `k + 1` hits are as `k`. */
  const ratio = (k: number): number => ((hits - k) / (k + 1)) * ((a - k) / (b - hits + k + 1));
  const mode = Math.min(high, Math.max(low, Math.floor(((hits + 1) * (a + 1)) / (a + b + 2))));
  const weights = new Map([[mode, 1]]);
  // Beyond the range of doubles nothing adds to the sums: what is looked at is some dozens of standard deviations.
  for (let k = mode, weight = 1; k < high && weight > 0; k++) {
    weight *= ratio(k);
    weights.set(k + 1, weight);
  }
  for (let k = mode, weight = 1; k > low && weight > 0; k--) {
    weight /= ratio(k - 1);
    weights.set(k - 1, weight);
  }
  // Tables that are as likely as this one are equal only as far as doubles go.
  const limit = (weights.get(hitsA) ?? 0) * (1 + 1e-7);
  let [sum, all] = [0, 0];
  for (const weight of weights.values()) {
    all += weight;
    if (weight <= limit) sum += weight;
  }
  return Math.min(1, sum / all);
}

/**
 * The probabilities if so many tests are made at one time (Holm, Scand. J. Statist. 6, 1979): all that are below a level are
 * changes, and the probability that one or more of them is not a change is at most that level.
 */
export function holm(probabilities: readonly number[]): number[] {
  const order = probabilities.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const adjusted: number[] = new Array(probabilities.length).fill(1);
  let most = 0;
  for (const [rank, { p, index }] of order.entries()) {
    most = Math.max(most, Math.min(1, p * (order.length - rank)));
    adjusted[index] = most;
  }
  return adjusted;
}

/** Terms of the series and the fraction below: more add nothing to a double. */
const TERMS = 200;
/** From here on the fraction takes fewer terms than the series. */
const FAR = 2;

/** The complementary error function of what is not negative: its Maclaurin series, or further out Laplace's continued fraction. */
export function erfc(x: number): number {
  const scale = Math.exp(-x * x) / Math.sqrt(Math.PI);
  if (x < FAR) {
    let [term, sum] = [x, x];
    for (let n = 1; n < TERMS; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 1 - 2 * scale * sum;
  }
  let fraction = x;
  for (let n = TERMS; n > 0; n--) fraction = x + n / 2 / fraction;
  return scale / fraction;
}
