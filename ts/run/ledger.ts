/** The ledger as it is told: for the log, and what of it is a loss that the run did not have to have. */

import type { DropReason, OutputStats, SnifferStats } from '../types';

export const NO_DELIVERIES: Readonly<OutputStats> = Object.freeze({
  accepted: 0,
  delivered: 0,
  dropped: 0,
  droppedBy: Object.freeze({}),
  waiting: 0,
  errors: 0,
});

/** Counters that are logged even when they are zero: that nothing was lost is worth a word. */
const ALWAYS_LOGGED = new Set(['received', 'dropped', 'interfaceDropped', 'queueDropped', 'delivered']);

/** The ledger for the log: what happened, without all that did not. */
export function countersOf({ engine, outputs }: SnifferStats): Record<string, unknown> {
  const told = (counters: object): object =>
    Object.fromEntries(Object.entries(counters).filter(([name, count]) => isTold(count) || ALWAYS_LOGGED.has(name)));
  const byOutput = Object.entries(outputs).map(([name, stats]) => [name, told(stats)]);
  return { engine: told(engine), outputs: Object.fromEntries(byOutput) };
}

function isTold(count: unknown): boolean {
  return typeof count === 'object' && count !== null ? Object.keys(count).length > 0 : count !== 0;
}

/** By output: the messages that were dropped for one of these reasons. */
export function droppedFor({ outputs }: SnifferStats, reasons: readonly DropReason[]): Record<string, number> {
  const sums = Object.entries(outputs).map(([name, { droppedBy }]): [string, number] => [
    name,
    reasons.reduce((sum, reason) => sum + (droppedBy[reason] ?? 0), 0),
  ]);
  return Object.fromEntries(sums.filter(([, messages]) => messages > 0));
}
