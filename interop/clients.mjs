// The clients: each is a program that gets the path of its plan and writes a record for each exchange (README.md). `lacks` are
// the words that cases need (cases.mjs).
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(`clients/${name}`, import.meta.url));
const node = (name) => () => [process.execPath, here(name)];
const python = (name) => (tools) => [tools.python(), here(name)];

/** What only the raw client does: the others have no way to ask for it. */
const BY_HAND = ['pipelining', 'upload abort', 'HTTP/1.0'];

export const SMALL = [
  { name: 'curl', command: node('curl.mjs'), lacks: ['pipelining', 'upload abort', 'abort'] },
  { name: 'fetch', command: node('fetch.mjs'), lacks: [...BY_HAND, 'continue'] },
  { name: 'requests', command: python('requests_client.py'), lacks: BY_HAND },
  { name: 'raw', command: node('raw.mjs') },
];
