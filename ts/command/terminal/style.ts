/** Colours, or none: `NO_COLOR` (no-color.org) and `TERM=dumb` take them away. */

import type { Env } from '../../config/env';

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };
export type Style = keyof typeof CODES;

/** Text that is printable already, in that style. */
export type Paint = (style: Style, text: string) => string;

export function createPaint(env: Env): Paint {
  if (env.NO_COLOR || env.TERM === 'dumb') return (_, text) => text;
  return (style, text) => (text === '' ? '' : `\x1b[${CODES[style]}m${text}\x1b[0m`);
}
