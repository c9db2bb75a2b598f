/** Points in time as people write them: a date, a time of day, so long ago. Without a zone they are of the clock here (`TZ`), as times are shown. */

import { parseTime } from './units';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const MAX_HOURS = 23;

/** From `from` on, before `to`: as long as the text is exact. */
export interface Moment {
  readonly from: number;
  readonly to: number;
  /** In ms since midnight, of any day; else since the epoch. */
  readonly ofDay: boolean;
}

const CLOCK = String.raw`(\d{2}):(\d{2})(?::(\d{2})(\.\d{1,6})?)?`;
const OF_DAY = new RegExp(`^${CLOCK}$`);
const WHOLE = new RegExp(String.raw`^(\d{4}-\d{2}-\d{2})(?:[T ]${CLOCK}(Z|[+-]\d{2}:?\d{2})?)?$`, 'i');

/** `14:03`, `2026-05-17`, `2026-05-17T14:03:05Z`, `10m` (ago). @throws what is expected */
export function parseMoment(text: string, nowMs: number): Moment {
  const [, ...clock] = OF_DAY.exec(text) ?? [];
  if (clock.length > 0) return { ...clockMoment(0, clock), ofDay: true };
  const [, date, ...rest] = WHOLE.exec(text) ?? [];
  if (date !== undefined) {
    const midnight = Date.parse(`${date}T00:00:00.000Z`);
    // V8 takes the 31st of February for a day of March.
    if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(date)) throw wrong();
    if (rest[0] === undefined) {
      const next = new Date(midnight + DAY).toISOString().slice(0, date.length);
      return { from: here(date), to: here(next), ofDay: false };
    }
    const [hours, minutes, seconds, fraction, zone] = rest;
    if (zone !== undefined) return { ...clockMoment(midnight - offsetOf(zone), rest), ofDay: false };
    // V8 takes 24:00 for the next midnight.
    if (Number(hours) > MAX_HOURS) throw wrong();
    const begin = here(date, `${hours}:${minutes}`);
    return { ...clockMoment(begin, ['00', '00', seconds, fraction]), ofDay: false };
  }
  if (!/[a-zµ]$/i.test(text)) throw wrong();
  try {
    const from = nowMs - parseTime(text);
    return { from, to: from + 1, ofDay: false };
  } catch {
    throw wrong();
  }
}

/** A local time; a time that the clock skipped is after that. */
function here(date: string, clock = '00:00'): number {
  const ms = Date.parse(`${date}T${clock}`);
  if (Number.isNaN(ms)) throw wrong();
  return ms;
}

function clockMoment(base: number, clock: readonly (string | undefined)[]): Pick<Moment, 'from' | 'to'> {
  const [hours = '', minutes = '', seconds, fraction] = clock;
  if (Number(hours) > MAX_HOURS || Number(minutes) > 59 || Number(seconds ?? 0) > 60) throw wrong();
  const unit = seconds === undefined ? MINUTE : fraction === undefined ? SECOND : 1;
  const from =
    base + Number(hours) * 60 * MINUTE + Number(minutes) * MINUTE + Number(`${seconds ?? 0}${fraction ?? ''}`) * SECOND;
  return { from, to: from + unit };
}

function offsetOf(zone: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(zone) ?? [];
  return (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * MINUTE * (sign === '-' ? -1 : 1);
}

function wrong(): Error {
  return new Error('must be a time, e.g. 14:03, 14:03:05, 2026-05-17, 2026-05-17T14:03Z, or 10m for that long ago');
}

/** Where in time `ms` stands, as `moment` counts. */
export function placeOf(ms: number, { ofDay }: Moment): number {
  if (!ofDay) return ms;
  const at = new Date(ms);
  const ofSecond = ms - Math.floor(ms / SECOND) * SECOND;
  return (at.getHours() * 60 + at.getMinutes()) * MINUTE + at.getSeconds() * SECOND + ofSecond;
}
