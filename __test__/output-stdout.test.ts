/** Lines of a savefile on stdout, by every way that they go there: the same bytes, whatever its reader does. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from './differential/random.js';
import { type Conversation, savefile } from './differential/savefile.js';
import { CLI, linesOf, type Run, start } from './live/harness.js';
import { loggedLedger } from './live/paced.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-'));
const SAVEFILE = join(folder, 'many.pcap');
const CONNECTIONS = 60;
const EACH = 60;
const MESSAGES = 2 * CONNECTIONS * EACH;

/** Lines below and above what goes into a pipe at once, and above what one holds. */
function conversations(random: Random): Conversation[] {
  return Array.from({ length: CONNECTIONS }, (_, index) => ({
    clientPort: 10_000 + index,
    turns: Array.from({ length: EACH }, (_, n) => {
      const body = random.text(random.pick([0, 40, 400, 3_700, 3_900, 9_000])) || '-';
      const large = random.chance(0.01) ? body.repeat(1 + Math.floor(150_000 / body.length)) : body;
      return [
        { from: 'client' as const, bytes: Buffer.from(`GET /${n} HTTP/1.1\r\nhost: a\r\n\r\n`) },
        {
          from: 'server' as const,
          bytes: Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${large.length}\r\n\r\n${large}`),
        },
      ];
    }).flat(),
  }));
}

/** A shell's pipeline or redirection behind the command. */
function run(behind: string, ...args: string[]): Promise<Run> {
  const command = [process.execPath, CLI, '--ports', '80', '--read', SAVEFILE, ...args];
  return start(['bash', '-c', `"$@" ${behind}; exit "$PIPESTATUS"`, 'bash', ...command], { FOLDER: folder }).done;
}

let expected: string;

beforeAll(async () => {
  const random = new Random(7);
  writeFileSync(SAVEFILE, savefile(conversations(random), random));
  // A listener that counts messages wants them all, so each line goes through Node.
  const { code, stdout, stderr } = await run('| cat', '--summary');
  expect(code, stderr).toBe(0);
  expect(linesOf(stdout)).toHaveLength(MESSAGES);
  expected = stdout;
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** Reads much and little, with and without pauses. */
const UNEVEN = `python3 -c '
import os, random, sys, time
choose = random.Random(1)
while piece := os.read(0, choose.choice([1, 100, 4096, 70000, 1 << 20])):
    sys.stdout.buffer.write(piece)
    if choose.random() < 0.02: time.sleep(choose.random() / 50)
'`;

test.each([
  ['a file', '>"$FOLDER/out"; cat "$FOLDER/out"'],
  ['a pipe with an eager reader', '| cat'],
  ['a pipe with an uneven reader', `| ${UNEVEN}`],
  ['a pipe with a reader that begins late', '| { sleep 1; cat; }'],
])('to %s', { timeout: 60_000 }, async (_, behind) => {
  const { code, stdout, stderr } = await run(behind);
  expect(code, stderr).toBe(0);
  expect(stdout === expected, 'the bytes are the same').toBe(true);
  expect(loggedLedger(stderr).outputs.stdout).toEqual({ accepted: MESSAGES, delivered: MESSAGES, dropped: 0 });
});

test("'capture started' comes before the first message, where both go the same way", async () => {
  for (let round = 0; round < 4; round++) {
    const { stdout } = await run('2>&1 | cat');
    expect(linesOf(stdout)[0]).toContain('capture started');
  }
});

/** As a Node process that shares the pipe does when it ends, if it began first. */
const MAKES_IT_WAIT = `python3 -c 'import os, time; time.sleep(1.5); os.set_blocking(1, True)'`;
const STALLS = `python3 -c 'import os, time; time.sleep(2.5); os.read(0, 100_000); time.sleep(5)'`;

test.each([
  ['alone', []],
  ['with every line through Node', ['--summary']],
])('to a pipe that others make wait, whose reader stalls: the stop is in time, %s', async (_, args) => {
  const command = [process.execPath, CLI, '--ports', '80', '--read', SAVEFILE, '--drain-timeout-ms', '500', ...args];
  const stopped = `(${MAKES_IT_WAIT} & exec timeout --preserve-status 4 "$@") | ${STALLS}`;
  const { code, stderr } = await start(['bash', '-c', `${stopped}; exit "$PIPESTATUS"`, 'bash', ...command]).done;
  expect(code, stderr).toBe(2);
  expect(loggedLedger(stderr).outputs.stdout?.droppedBy?.abandoned).toBeGreaterThan(0);
});

test('to a disk that is full: the failure is said once, and nothing counts as delivered', async () => {
  const { code, stderr } = await run('>/dev/full');
  expect(code).toBe(2);
  expect(linesOf(stderr).filter((line) => line.includes('ENOSPC'))).toHaveLength(1);
  const { delivered = 0, droppedBy } = loggedLedger(stderr).outputs.stdout ?? {};
  expect(delivered).toBe(0);
  expect(droppedBy?.closed).toBeGreaterThan(0);
});

/** The limit on files stands for the disk: a write takes what is left of it, the next one fails with EFBIG. */
const limitedTo = (bytes: number, behind: string, ...args: string[]): Promise<Run> => {
  const command = ['prlimit', `--fsize=${bytes}`, process.execPath, CLI, '--ports', '80', '--read', SAVEFILE, ...args];
  return start(['bash', '-c', `"$@" ${behind}`, 'bash', ...command], { FOLDER: folder }).done;
};

describe.each([
  ['alone', []],
  ['with every line through Node', ['--summary']],
])('to a file with a limit, %s', (_, args) => {
  test.each([1, 4_096, ...Array.from({ length: 8 }, (_, n) => 100_000 + 997 * n), 1_000_000])(
    '%i bytes: whole lines, and those are counted as delivered',
    async (limit) => {
      const { code, stderr } = await limitedTo(limit, '>"$FOLDER/limited"', ...args);
      expect(code, stderr).toBe(2);
      const text = readFileSync(join(folder, 'limited'), 'utf8');
      expect(text === '' || text.endsWith('\n'), 'the last line is whole').toBe(true);
      expect(expected.startsWith(text)).toBe(true);
      expect(expected.indexOf('\n', text.length) + 1).toBeGreaterThan(limit);
      const { accepted = 0, delivered = 0, droppedBy } = loggedLedger(stderr).outputs.stdout ?? {};
      expect(delivered).toBe(linesOf(text).length);
      expect(droppedBy).toEqual({ closed: accepted - delivered });
      expect(linesOf(stderr).filter((line) => line.includes('EFBIG'))).toHaveLength(1);
    },
  );

  test('that it is appended to: what was there stays, and the next one goes on behind whole lines', async () => {
    const file = join(folder, 'appended');
    writeFileSync(file, 'mine\n');
    await limitedTo(50_000, '>>"$FOLDER/appended"; echo next >>"$FOLDER/appended"', ...args);
    const [first, ...lines] = linesOf(readFileSync(file, 'utf8'));
    expect([first, lines.pop()]).toEqual(['mine', 'next']);
    expect(expected.startsWith(`${lines.join('\n')}\n`)).toBe(true);
  });

  test('that others have too: the next one leaves no hole', async () => {
    await limitedTo(50_000, '>"$FOLDER/shared"', ...args);
    const limited = ['prlimit', '--fsize=50000', process.execPath, CLI, '--ports', '80', '--read', SAVEFILE, ...args];
    await start(['bash', '-c', '{ "$@"; echo next; } >"$FOLDER/shared"', 'bash', ...limited], { FOLDER: folder }).done;
    const lines = linesOf(readFileSync(join(folder, 'shared'), 'utf8'));
    expect(lines.pop()).toBe('next');
    expect(expected.startsWith(`${lines.join('\n')}\n`)).toBe(true);
  });
});
