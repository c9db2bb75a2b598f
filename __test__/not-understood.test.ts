/** A savefile whose packets are not understood is no savefile without traffic: the command says what they are and fails. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FIXTURES, type Run, runCli } from './live/harness.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** fixtures/plain.pcap with its header changed. */
function read(change: (bytes: Buffer) => void, ...flags: string[]): Promise<Run> {
  const bytes = readFileSync(join(FIXTURES, 'plain.pcap'));
  change(bytes);
  const file = join(folder, 'changed.pcap');
  writeFileSync(file, bytes);
  return runCli(['--read', file, '--ports', '80', ...flags]);
}

test.each([
  [147, 'USER0 (147)'],
  [189, 'USB_LINUX (189)'],
  [9_999, 'link type 9999'],
])('link type %i', async (linktype, name) => {
  const { code, stdout, stderr } = await read((bytes) => bytes.writeUInt32LE(linktype, 20), '--summary');
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/no packet of \d+ in savefile .* was understood: \d+ of link type/);
  expect(stderr).toContain(name);
  expect(stderr).toMatch(/^lost +packets not understood \(the log says what they are\): \d+$/m);
  expect(stderr).not.toContain('with one of the ports');
});

test('of packets with broken headers the reason is said', async () => {
  // Ethernet's addresses are taken for an IPv4 header.
  const { code, stderr } = await read((bytes) => bytes.writeUInt32LE(228, 20));
  expect(code).toBe(2);
  expect(stderr).toMatch(/was understood: \d+ with a broken IP header/);
});
