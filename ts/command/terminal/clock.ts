/** Points in time as the clock beside the terminal shows them (`TZ`). */

const padded = (value: number, digits: number): string => String(value).padStart(digits, '0');

/** `14:03:00.071` */
export function timeOfDay(ms: number): string {
  const at = new Date(ms);
  const parts = [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => padded(part, 2));
  return `${parts.join(':')}.${padded(at.getMilliseconds(), 3)}`;
}

/** `2024-05-17 UTC+2`: what the time of day leaves open. */
export function day(ms: number): string {
  const at = new Date(ms);
  const date = [padded(at.getFullYear(), 4), padded(at.getMonth() + 1, 2), padded(at.getDate(), 2)].join('-');
  const ahead = -at.getTimezoneOffset();
  const [hours, minutes] = [Math.floor(Math.abs(ahead) / 60), Math.abs(ahead) % 60];
  const zone = ahead === 0 ? '' : `${ahead < 0 ? '-' : '+'}${hours}${minutes === 0 ? '' : `:${padded(minutes, 2)}`}`;
  return `${date} UTC${zone}`;
}
