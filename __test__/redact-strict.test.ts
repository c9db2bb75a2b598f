/** `--redact strict`: of no name in its lists a value comes out, in a header, a query, JSON, or a form. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { STRICT_NAMES } from '../ts/config/strict.js';
import { Random } from './differential/random.js';
import { savefile } from './differential/savefile.js';
import { messagesOf, runCli } from './live/harness.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-'));
const SAVEFILE = join(folder, 'secrets.pcap');
afterAll(() => rmSync(folder, { recursive: true }));

const SECRET = 'hunter2';
const secretOf = (name: string): string => `${SECRET}-${name}`;

/** With a secret behind each name, and values that are none. */
function post(type: string, body: string): Buffer {
  const fields = STRICT_NAMES.redactHeaders.map((name) => `${name}: ${secretOf(name)}\r\n`).join('');
  const query = STRICT_NAMES.redactQuery.map((name) => `${name}=${secretOf(name)}`).join('&');
  const head = `POST /shown?page=7&${query} HTTP/1.1\r\nhost: a\r\n${fields}content-type: ${type}\r\n`;
  return Buffer.from(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

const entries = STRICT_NAMES.redactBody.map((name) => [name, secretOf(name)]);
const inOtherCases = entries.map(([name = '', value]) => [name.replace(/[A-Z]/g, '_$&').toUpperCase(), value]);
const json = JSON.stringify({ item: 'shown', inner: [Object.fromEntries([...entries, ...inOtherCases])] });
const form = `item=shown&${entries.map(([name, value]) => `${name}=${value}`).join('&')}`;
const OK = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');

writeFileSync(
  SAVEFILE,
  savefile(
    [
      {
        clientPort: 10_000,
        turns: [post('application/json', json), post('application/x-www-form-urlencoded', form)].flatMap((bytes) => [
          { from: 'client' as const, bytes },
          { from: 'server' as const, bytes: OK },
        ]),
      },
    ],
    new Random(5),
  ),
);

const read = (...args: string[]) => runCli(['--ports', '80', '--read', SAVEFILE, '--output-stdout', ...args]);

test('values of all of its names are hidden, others are not', async () => {
  const { code, stdout, stderr } = await read('--redact', 'strict');
  expect(code, stderr).toBe(0);
  expect(stdout).not.toContain(SECRET);
  const requests = messagesOf(stdout).filter(({ direction }) => direction === 'request');
  expect(requests).toHaveLength(2);
  for (const { path, headers, body, bodyRedacted } of requests) {
    expect(path).toMatch(/^\/shown\?page=7&/);
    expect(headers.host).toBe('a');
    expect(body).toContain('shown');
    expect(bodyRedacted).toBe('values');
  }
});

test('without it those of authorization and cookie are hidden', async () => {
  const { stdout } = await read();
  const [request] = messagesOf(stdout);
  const shown = STRICT_NAMES.redactHeaders.filter((name) => request?.headers[name]?.startsWith(SECRET));
  expect(shown).toEqual(STRICT_NAMES.redactHeaders.filter((name) => name !== 'authorization' && name !== 'cookie'));
  expect(request?.body).toBe(json);
});
