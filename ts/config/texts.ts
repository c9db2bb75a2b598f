/** How the text of a flag, a variable or an annotation is read. Each throws what is expected; ranges are for the checks. */

import { parsePortRange } from '../filter/ports';
import { parseSize, parseTime } from '../filter/units';

export function text(value: string): string {
  return value;
}

export function number(value: string): number {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(value)) throw new Error('must be a number');
  return Number(value);
}

/** `1500`, `64KiB`, `1MiB`. */
export function size(value: string): number {
  return /^[+-]?[\d.]+$/.test(value) ? number(value) : parseSize(value);
}

/** `1500`, `250ms`, `30s`, in ms. */
export function time(value: string): number {
  return /^[+-]?[\d.]+$/.test(value) ? number(value) : parseTime(value);
}

/** `8080,9000-9010`, and the joined texts of a flag that stands several times. */
export function ports(value: string): number[] {
  return value.split(',').flatMap((item) => {
    const { first, last } = parsePortRange(item);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

export function list(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Also of the joined texts of a flag that stands several times. */
export function paths(value: string): string[] {
  return list(value.replaceAll(';', ','));
}

export const TRUE_WORDS: readonly string[] = ['true', '1', 'yes'];
export const FALSE_WORDS: readonly string[] = ['false', '0', 'no'];

export function boolean(value: string): boolean {
  const word = value.toLowerCase();
  if (TRUE_WORDS.includes(word)) return true;
  if (FALSE_WORDS.includes(word)) return false;
  throw new Error('must be true or false (or 1, 0, yes, no)');
}
