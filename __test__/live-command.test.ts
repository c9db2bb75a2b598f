/** The command among other processes: signals, pipes, wrong arguments, savefiles in every state. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CLI,
  describeLive,
  FIXTURES,
  fetchOne,
  linesOf,
  messagesOf,
  runCli,
  type Server,
  start,
  startCli,
  startServer,
} from './live/harness.js';

const KEEP_ALIVE = join(FIXTURES, 'keep-alive.pcap');
const KEEP_ALIVE_MESSAGES = 6;

/** `COMMAND | head -1`, with the exit code of COMMAND. */
const HEAD_ONE = ['bash', '-c', '"$@" | head -1; exit "$PIPESTATUS"', 'bash'];

/** The lines on stderr that complain; there has to be exactly one. */
function complaintsIn(stderr: string): string[] {
  return linesOf(stderr).filter((line) => !/"level":"(info|debug|warn)"/.test(line));
}

describeLive('the command on live traffic', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  /** Exchanges one after the other until it is told to end; gives those that were complete by then. */
  function traffic() {
    const complete: number[] = [];
    let goesOn = true;
    const running = (async () => {
      for (let i = 3; goesOn; i += 10) {
        await fetchOne(server.port, i);
        complete.push(i);
      }
    })();
    const end = async (): Promise<void> => {
      goesOn = false;
      await running;
    };
    return { complete, end };
  }

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s in the middle of traffic: all that was captured comes out, exit 0',
    async (signal) => {
      const command = startCli(['--ports', String(server.port), '--interface', 'lo']);
      await command.logged('capture started');
      const { complete, end } = traffic();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const before = [...complete];
      command.child.kill(signal);
      const run = await command.done;
      await end();
      expect({ code: run.code, signal: run.signal }, run.stderr).toEqual({ code: 0, signal: null });
      const messages = messagesOf(run.stdout);
      const answered = new Set(messages.flatMap(({ request }) => request?.path ?? []));
      expect(before.length).toBeGreaterThan(10);
      expect(before.filter((i) => !answered.has(`/exchange/${i}?of=live`))).toEqual([]);
    },
  );

  test('| head -1 ends it quietly', async () => {
    const { complete, end } = traffic();
    const run = await start([...HEAD_ONE, process.execPath, CLI, '--ports', String(server.port), '--interface', 'lo'])
      .done;
    await end();
    expect(complete.length).toBeGreaterThan(0);
    expect(messagesOf(run.stdout).length).toBe(1);
    expect(complaintsIn(run.stderr)).toEqual([]);
    expect(run.code).toBe(0);
  });
});

describe('wrong arguments: one line and exit 1', () => {
  test.each([
    ['an unknown flag', ['--ports', '80', '--nonsense']],
    ['no ports', []],
    ['a port that is no number', ['--ports', 'http']],
    ['port 0', ['--ports', '0']],
    ['a port over 65535', ['--ports', '80,70000']],
    ['a sample rate over 1', ['--ports', '80', '--sample-rate', '1.5']],
    ['a body size of 0', ['--ports', '80', '--max-body-size', '0']],
    ['an output URL that is none', ['--ports', '80', '--output-url', 'nowhere']],
    ['a flag without its value', ['--ports']],
  ])('%s', async (_, args) => {
    const run = await runCli(args);
    expect(run.code).toBe(1);
    expect(run.stdout).toBe('');
    expect(complaintsIn(run.stderr).length, run.stderr).toBe(1);
  });

  test('a bad variable', async () => {
    const run = await runCli([], { env: { PORTS: '80,x' } });
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('PORTS');
  });
});

describe('savefiles', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const whole = readFileSync(KEEP_ALIVE);
  function file(name: string, content: Buffer | string): string {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  }
  const read = (path: string) => runCli(['--read', path, '--ports', '80']);

  test('a whole one: exit 0', async () => {
    const run = await read(KEEP_ALIVE);
    expect(run.code, run.stderr).toBe(0);
    expect(messagesOf(run.stdout).length).toBe(KEEP_ALIVE_MESSAGES);
  });

  test.each(['-', '/dev/stdin'])('from stdin: %s', async (path) => {
    const run = await runCli(['--read', path, '--ports', '80'], { input: whole });
    expect(run.code, run.stderr).toBe(0);
    expect(messagesOf(run.stdout).length).toBe(KEEP_ALIVE_MESSAGES);
  });

  test.each([
    ['nothing', ''],
    ['no savefile', 'this is a text, and no savefile at all'],
  ])('%s from stdin: one line that names it and exit 2', async (_, input) => {
    const run = await runCli(['--read', '-', '--ports', '80'], { input: Buffer.from(input) });
    expect(run.code).toBe(2);
    expect(run.stdout).toBe('');
    expect(complaintsIn(run.stderr).length, run.stderr).toBe(1);
    expect(run.stderr).toContain("cannot open savefile '-': ");
  });

  test.each([
    ['missing', () => join(folder, 'missing.pcap')],
    ['empty', () => file('empty.pcap', '')],
    ['no savefile', () => file('text.pcap', 'this is a text, and no savefile at all\n'.repeat(5))],
  ])('%s: one line that names it and exit 2', async (_, path) => {
    const run = await read(path());
    expect(run.code).toBe(2);
    expect(run.stdout).toBe('');
    expect(complaintsIn(run.stderr).length, run.stderr).toBe(1);
    expect(run.stderr).toContain(path());
  });

  test('cut in the middle: what was readable comes out, then one line and exit 2', async () => {
    const path = file('cut.pcap', whole.subarray(0, whole.length - 10));
    const run = await read(path);
    expect(run.code).toBe(2);
    expect(messagesOf(run.stdout).length).toBe(KEEP_ALIVE_MESSAGES);
    expect(complaintsIn(run.stderr).length, run.stderr).toBe(1);
    expect(run.stderr).toContain(path);
  });

  test('the reader goes away: it ends quietly', async () => {
    const run = await start([...HEAD_ONE, process.execPath, CLI, '--read', KEEP_ALIVE, '--ports', '80']).done;
    expect(run.code).toBe(0);
    expect(messagesOf(run.stdout).length).toBe(1);
  });
});

describe('information', () => {
  test('--help names every flag, --version is the package version', async () => {
    const help = await runCli(['--help']);
    expect(help.code).toBe(0);
    for (const flag of ['--ports', '--interface', '--read', '--output-url', '--redact-headers'])
      expect(help.stdout).toContain(flag);
    const { version } = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8'));
    expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });

  test('interfaces lists the loopback', async () => {
    const run = await runCli(['interfaces']);
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(/^lo\b/m);
  });
});
