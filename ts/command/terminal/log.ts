/** The log for people: what stands in the JSON lines otherwise, in rows that fit. */

import { type Log, logOf } from '../../logger';
import type { LogLevel } from '../../types';
import type { Paint, Style } from './style';
import { printable, type Text } from './text';

const STYLES: Record<string, Style> = { error: 'red', warn: 'yellow', info: 'cyan', debug: 'dim' };
const MIN_COLUMNS = 20;

interface TerminalLogOptions {
  level: LogLevel;
  text: Text;
  paint: Paint;
  columns(): number;
  /** Whole rows, with their line ends. */
  write(rows: string): void;
}

export function createTerminalLog({ level, text, paint, columns, write }: TerminalLogOptions): Log {
  const paintLabel = (row: string, label: string, name: string): string =>
    row.startsWith(label) ? paint(STYLES[name] ?? 'dim', label) + row.slice(label.length) : row;
  return logOf(level, (name) => (fields, message) => {
    const label = `${name}: `;
    const words = [printable(message), ...Object.entries(fields).flatMap(told)].join(' ');
    const rows = [...text.wrap(label + words, Math.max(MIN_COLUMNS, columns() - 1), '  ')];
    write(rows.map((row, index) => `${index === 0 ? paintLabel(row, label, name) : row}\n`).join(''));
  });
}

/** Counters within counters are left to the summary. */
function told([name, value]: [string, unknown]): string[] {
  if (Array.isArray(value)) return [printable(`${name}=${value.join(',')}`)];
  return typeof value === 'object' || value === undefined ? [] : [printable(`${name}=${value}`)];
}
