/** How the text of a flag, a variable or an annotation is read. Each throws what is expected; ranges are for the checks. */

export function text(value: string): string {
  return value;
}

export function number(value: string): number {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(value)) throw new Error('must be a number');
  return Number(value);
}

export function numbers(value: string): number[] {
  return value.split(',').map((item) => {
    if (!/^\s*\d+\s*$/.test(item)) throw new Error('must be port numbers separated by commas');
    return Number(item);
  });
}

export function list(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Also what a flag gives that stands several times. */
export function paths(value: string): string[] {
  return list(value.replaceAll(';', ','));
}

export function boolean(value: string): boolean {
  const word = value.toLowerCase();
  if (['true', '1', 'yes'].includes(word)) return true;
  if (['false', '0', 'no'].includes(word)) return false;
  throw new Error('must be true or false (or 1, 0, yes, no)');
}
