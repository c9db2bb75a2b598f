/**
 * The time that a hop took itself. In: the hop and its calls. Out: the time in which its server had the request and had not begun to answer,
 * less the union of its calls.
 *
 * Lengths have microseconds, but times of packets are whole milliseconds, rounded down: each call began within a millisecond from its time
 * on. So of two calls within one millisecond the times alone do not say if the second waited for the first. The order in which messages
 * became whole does: a call that was made after another was answered overlaps it nowhere, all others overlap as their times say.
 * Each call is put as early as that allows. Then calls one after the other are summed exactly, however short they are, and calls
 * at the same time are counted once, their begin and their end known to the millisecond.
 */

import { awaitedSpanOf, type Hop, RESOLUTION_MS, type Span, slackOf } from './hop';

export interface Called {
  hop: Hop;
  /** So much before its caller it began, by clocks that contradict each other. */
  skewMs: number;
}

interface Call {
  span: Span;
  uploadMs: number;
  startMs: number;
  /** `undefined`: no response came, and nothing says until when it was waited for: to the end of its caller. */
  lengthMs: number | undefined;
  endMs: number;
}

/** `undefined`: it was not answered, or its request was not seen whole. */
export function selfOf(hop: Hop, called: readonly Called[]): number | undefined {
  const { waitMs, uploadMs, atMs } = hop;
  if (waitMs === undefined) return undefined;
  const fromMs = atMs + uploadMs;
  const endMs = fromMs + waitMs;
  const calls = called.map((each) => callOf(each, hop, fromMs, endMs)).sort(inOrder);
  let untilMs = fromMs;
  let awaitedMs = 0;
  for (const [index, call] of calls.entries()) {
    const startMs = earliestOf(call, calls, index, hop, fromMs);
    const lengthMs = call.lengthMs ?? Math.max(0, endMs - startMs);
    call.endMs = startMs + lengthMs;
    awaitedMs += Math.max(0, lengthMs - Math.max(0, untilMs - startMs) - cut(call.endMs - endMs));
    untilMs = Math.max(untilMs, call.endMs);
  }
  return Math.max(0, waitMs - awaitedMs);
}

function callOf({ hop, skewMs }: Called, caller: Hop, fromMs: number, endMs: number): Call {
  const span = awaitedSpanOf(hop);
  const seenMs = span.atMs + skewMs;
  const lengthMs = span.allMs ?? span.goneMs;
  const startMs = fitted(seenMs, lengthMs ?? Math.max(0, endMs - seenMs), fromMs, endMs, slackOf(caller, span));
  return { span, uploadMs: hop.uploadMs, startMs, lengthMs, endMs: startMs };
}

function inOrder(a: Call, b: Call): number {
  const lengthOf = ({ lengthMs = Number.MAX_VALUE }: Call): number => lengthMs;
  // Of those of which no order is known the shorter may have come before the longer, not the other way round.
  return a.startMs - b.startMs || (a.span.asked ?? 0) - (b.span.asked ?? 0) || lengthOf(a) - lengthOf(b);
}

/** As early as its time, its caller and the calls before it allow. `index`: how many there are before it. */
function earliestOf(call: Call, calls: readonly Call[], index: number, hop: Hop, fromMs: number): number {
  let startMs = call.startMs;
  const notBefore = (ms: number, slackMs: number): void => {
    if (ms > startMs && ms <= call.startMs + RESOLUTION_MS + slackMs) startMs = ms;
  };
  notBefore(fromMs, 0);
  for (let n = 0; n < index; n++) {
    const before = calls[n] as Call;
    const isAfter = isMadeAfter(call.span, before.span);
    // Of a long request only its end came after the answer.
    if (isAfter === true) notBefore(before.endMs - call.uploadMs, slackOf(hop, call.span));
    else if (isAfter === undefined) notBefore(before.endMs, 0);
  }
  return startMs;
}

/** `undefined`: it is not known. A call without an answer lasts. */
function isMadeAfter(span: Span, before: Span): boolean | undefined {
  if (span.point !== before.point || span.asked === undefined || before.asked === undefined) return undefined;
  return before.answered !== undefined && before.answered < span.asked;
}

/** As far as the clocks may be wrong a call is where its caller waits for it. */
function fitted(startMs: number, lengthMs: number, fromMs: number, untilMs: number, slackMs: number): number {
  if (startMs < fromMs) return Math.min(fromMs, startMs + slackMs);
  const beyondMs = startMs + lengthMs - untilMs;
  return beyondMs > 0 ? Math.max(fromMs, startMs - Math.min(slackMs, beyondMs)) : startMs;
}

/** An answer may seem to come after that which waited for it. */
function cut(overMs: number): number {
  return overMs < RESOLUTION_MS ? 0 : overMs;
}
