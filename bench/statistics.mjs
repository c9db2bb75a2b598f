// Runs in turn, so that a busy minute of the machine hits all of them, and what their figures say.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** {median, least, most} */
export function spread(values) {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/**
 * Runs `entries` ([{name, run}]) in turn, A B C A B C …, `rounds` times: Map from name to the figures of each round. A
 * part that has used up `budgetSeconds` of wall time is left out of further rounds.
 */
export async function inTurn(entries, { rounds, budgetSeconds = Number.POSITIVE_INFINITY }) {
  const figures = new Map(entries.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, run } of entries) {
      const before = figures.get(name);
      const used = before.reduce((sum, { wallSeconds }) => sum + wallSeconds, 0);
      if (round > 0 && used > budgetSeconds) continue;
      before.push(await run());
    }
  }
  return figures;
}

/** How many times as much of `what` the `others` took as `ours`, round by round, in the rounds that both have. */
export function ratios(others, ours, what) {
  return spread(others.slice(0, ours.length).map((figures, round) => figures[what] / ours[round][what]));
}
