/** Exchanges whose every captured text is a script, and the words of a page. */

import type { Random } from '../differential/random.js';
import { linesOf, SHOP } from './traffic.js';

export const SCRIPT = '<script>alert()</script>';

interface Attack {
  before: Buffer;
  after: Buffer;
  /** Each has to be on the page as text. */
  marks: string[];
}

/** A field, a path, a method and a value of a field that only the second capture has; hosts, reasons and keys of JSON are scripts in both. */
export function attackOf(random: Random): Attack {
  const path = `/${SCRIPT}`;
  // As long as the names of methods that are told apart.
  const method = `"><s onx=y>`;
  const field = `x-'${SCRIPT}`;
  const dressed = (lines: Buffer, isAfter: boolean): Buffer => {
    const texts = lines.toString().trim().split('\n');
    const messages = texts.map((text) => {
      const message = JSON.parse(text);
      message.body = JSON.stringify({ [SCRIPT]: SCRIPT });
      message.bodySize = message.body.length;
      if (message.direction === 'request') {
        message.headers.host = message.path === '/reports' ? SCRIPT : "a&b'c.test";
        if (isAfter && message.path === '/orders') Object.assign(message, { method, path });
      } else {
        message.reason = SCRIPT;
        if (isAfter) message.headers[field] = SCRIPT;
        message.headers['x-page'] = isAfter ? `${SCRIPT}&after` : `${SCRIPT}&before`;
        if (isAfter && message.request.path === '/orders') message.request = { method, path };
      }
      return JSON.stringify(message);
    });
    return Buffer.from(`${messages.join('\n')}\n`);
  };
  const shapes = SHOP.map((shape) => ({ ...shape, weight: 1 }));
  return {
    before: dressed(linesOf(random, 600, shapes), false),
    after: dressed(linesOf(random, 600, shapes), true),
    marks: [path, method, field, "a&b'c.test:80", `${SCRIPT}&before`, `${SCRIPT}&after`],
  };
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** As a browser reads them: without tags and styles, each run of spaces as one. */
export function wordsIn(page: string, joins = true): string {
  const text = page
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]*>/g, joins ? ' ' : '')
    .replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => NAMED[name] ?? '');
  return joins ? text.replace(/\s+/g, ' ') : text;
}
