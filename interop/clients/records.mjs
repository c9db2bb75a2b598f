// Shared by the clients in JavaScript: the plan, bodies to send, and the record of an answer.
import { readFileSync } from 'node:fs';
import { sha256 } from '../content.mjs';

/** The plan that the runner wrote for this client: `{ host, port, over, origin, groups }`. */
export const plan = JSON.parse(readFileSync(process.argv.at(-1), 'utf8'));

/** The exchanges of a group, all at once if the case says so. */
export async function runGroup({ exchanges, concurrent }, run) {
  if (concurrent) await Promise.all(exchanges.map(run));
  else for (const exchange of exchanges) await run(exchange);
}

export const uploadOf = ({ body }) => (body === undefined ? undefined : readFileSync(body));

/** Bytes of a body in pieces of odd sizes, so that chunks do not end where segments do. */
export function* inPieces(bytes, size = 7001) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export const record = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

/** `got` is what stands in `x-got`; `content` is the body without its content-coding. */
export const recordAnswer = (id, status, got, content) =>
  record({ id, status, got, length: content.length, sha256: sha256(content) });
