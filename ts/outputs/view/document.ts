/**
 * A capture as one file that shows itself: the page's own script and style in it, and the rows and messages as data. In: a ring.
 * Out: pieces of a document. Refuses to load or to run anything else: its policy names both by their hashes.
 */

import type { HttpMessage, StreamMessage } from '../../types';
import { type Assets, hashOf, policyOf } from './assets';
import { messageOf } from './lines';
import type { Ring } from './ring';
import { isStreamLine } from './row';
import type { State } from './shapes';

/** Characters of each body; a file is to be sent around. */
const MAX_BODY = 64 * 1024;

export function* documentOf(ring: Ring, state: State, assets: Assets): Generator<string> {
  const { script, style, html } = assets;
  const policy = policyOf({ script: hashOf(script), style: hashOf(style), image: 'blob: data:' });
  const icon = `data:image/svg+xml;base64,${Buffer.from(assets.icon).toString('base64')}`;
  const [before = '', after = ''] = html
    .replace('<head>', () => `<head>\n<meta http-equiv="content-security-policy" content="${policy}">`)
    .replace('/icon.svg', icon)
    .replace('<link rel="stylesheet" href="/page.css">', () => `<style>${style}</style>`)
    .split('<script src="/page.js"></script>');
  yield `${before}<script type="application/json" id="capture">`;
  yield* dataOf(ring, state);
  yield `</script>\n<script>${script}</script>${after}`;
}

function* dataOf(ring: Ring, state: State): Generator<string> {
  const rows = ring.rows();
  yield `{"state":${inert(state)},"rows":[`;
  for (const [at, row] of rows.entries()) yield (at === 0 ? '' : ',') + inert(row);
  yield '],"lines":{';
  let separator = '';
  for (const { n } of rows) {
    const lines = ring.get(n)?.lines;
    if (lines === undefined) continue;
    const messages = lines.map((line) => cut(messageOf(line)));
    yield `${separator}"${n}":${inert(messages)}`;
    separator = ',';
  }
  yield '}}';
}

/** JSON that no HTML parser takes for markup: the only way out of a script element is by `<` (WHATWG HTML §13.2.5.4). */
function inert(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

/** Bodies that are too long for the file are cut, and say so. */
function cut(message: HttpMessage | StreamMessage): HttpMessage | StreamMessage {
  if (isStreamLine(message)) {
    if ((message.data?.length ?? 0) <= MAX_BODY) return message;
    return { ...message, data: message.data?.slice(0, MAX_BODY) ?? '', truncated: true };
  }
  const { body = '', bodyText = '' } = message;
  if (body.length <= MAX_BODY && bodyText.length <= MAX_BODY) return message;
  return {
    ...message,
    ...(message.body === undefined ? {} : { body: body.slice(0, MAX_BODY) }),
    ...(message.bodyText === undefined ? {} : { bodyText: bodyText.slice(0, MAX_BODY) }),
    bodyTruncated: true,
  };
}
