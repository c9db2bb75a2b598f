/** One exchange as several capture points have seen it. Browsers run it too, so it imports nothing of Node. */

import type { Hop, Span } from './hop';
import { strongerOf } from './keys';

/** At the server first. */
export type Copies = readonly [Hop, ...Hop[]];

/** Of a capture point: its clock is ahead by so much, and that may be wrong by so much. */
export interface Setting {
  offsetMs: number;
  slackMs: number;
}

/** Sets the time of a hop right. A clock that may be right is taken to be so. */
export function setRight(hop: Hop, clock: Setting | undefined): void {
  if (clock === undefined || clock.offsetMs === 0) return;
  hop.atMs -= clock.offsetMs;
  hop.slackMs = clock.slackMs;
}

/** The server's side says how long the server took, the client's how long its client waited. */
export function mergedOf([hop, ...others]: Copies): Hop {
  // A proxy between two points may write another kind of field.
  for (const { keys } of others) hop.keys = { ...hop.keys, named: strongerOf(hop.keys.named, keys.named) };
  const last = others.filter(({ allMs }) => allMs !== undefined).at(-1);
  if (last === undefined) return hop;
  const { atMs, allMs, point, slackMs, asked, answered } = last;
  const nearer: Span = { atMs, allMs, point, asked, answered, ...(slackMs === undefined ? {} : { slackMs }) };
  return Object.assign(hop, { nearer });
}
