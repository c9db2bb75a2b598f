/** The formats of strings that are looked for. A format is told only where each string has it, as a validator that is strict has it. */

export type TextFormat = 'uuid' | 'date' | 'date-time';

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
/** RFC 3339 §5.6. Leap seconds are left out: validators differ about them. */
const DATE_TIME =
  /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const MAX_UNITS = 40;
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export function formatOf(text: string): TextFormat | undefined {
  if (text.length > MAX_UNITS) return undefined;
  if (UUID.test(text)) return 'uuid';
  if (isDate(text)) return 'date';
  const [, date = ''] = DATE_TIME.exec(text) ?? [];
  return isDate(date) ? 'date-time' : undefined;
}

function isDate(text: string): boolean {
  const [, year = '', month = '', day = ''] = DATE.exec(text) ?? [];
  const days = MONTH_DAYS[Number(month) - 1] ?? 0;
  const isLeap = Number(year) % 4 === 0 && (Number(year) % 100 !== 0 || Number(year) % 400 === 0);
  return Number(day) >= 1 && Number(day) <= (month === '02' && !isLeap ? 28 : days);
}
