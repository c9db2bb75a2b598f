// `tcp-sniffer --view` and `--html`, as processes.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSniffer } from '../../dist/index.js';
import { FIXTURES, linesOf, type Process, runCli, startCli } from '../live/harness';
import { ask } from './rig';

const SAVEFILE = ['--ports', '8080', '--read', join(FIXTURES, 'shop.pcap')];

let folder: string;
let process: Process | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-view-'));
});
afterEach(() => {
  process?.child.kill('SIGKILL');
  process = undefined;
  rmSync(folder, { recursive: true });
});

/** The address that a log line says. */
function urlIn(stderr: string): string {
  for (const line of linesOf(stderr)) {
    const { url } = JSON.parse(line) as { url?: string };
    if (url !== undefined) return url;
  }
  throw new Error(`no address: ${stderr}`);
}

async function startView(flags: string[], env?: NodeJS.ProcessEnv, savefile = SAVEFILE): Promise<string> {
  let stderr = '';
  process = startCli([...savefile, ...flags], env);
  process.child.stderr?.on('data', (text) => {
    stderr += text;
  });
  await process.logged('the page is open');
  return urlIn(stderr);
}

async function logIn(url: string): Promise<{ origin: string; cookie: string }> {
  const { headers } = await ask(url);
  return { origin: new URL(url).origin, cookie: String(headers['set-cookie']).split(';')[0] as string };
}

describe('--view', () => {
  it('shows a savefile until a signal comes, and writes no lines', async () => {
    const { origin, cookie } = await logIn(await startView(['--view']));
    await process?.logged('capture stopped');
    const { text } = await ask(`${origin}/exchange?n=1`, { headers: { cookie } });
    expect(JSON.parse(text)).toMatchObject([{ direction: 'request', path: '/products' }, { statusCode: 200 }]);
    process?.child.kill('SIGTERM');
    expect(await process?.done).toMatchObject({ code: 0, stdout: '' });
    await expect(ask(origin)).rejects.toThrow('ECONNREFUSED');
  });

  it.each([
    [['--view', '--output-stdout'], undefined],
    [['--output-stdout'], { VIEW_PORT: '0' }],
  ])('%j with %j stands beside other outputs', async (flags, env) => {
    await startView(flags, env);
    await process?.logged('capture stopped');
    process?.child.kill('SIGINT');
    expect(linesOf((await process?.done)?.stdout ?? '')).toHaveLength(20);
  });

  it.each([
    'unanswered',
    'two-lengths',
    'requests-only',
    'responses-only',
    'early-hints',
    'gzip',
    'lost-in-response-body',
    'websocket',
  ])('saves the HAR of %s that --har writes', async (name) => {
    const file = join(folder, 'a.har');
    const read = ['--ports', 'auto', '--read', join(FIXTURES, `${name}.pcap`)];
    const { origin, cookie } = await logIn(
      await startView(['--view', '--har', file, '--stream-messages'], undefined, read),
    );
    await process?.logged('capture stopped');
    const headers = { cookie, 'content-type': 'application/json' };
    const { text } = await ask(`${origin}/har`, { method: 'POST', headers, body: '[[1,1000]]' });
    const entriesOf = (har: string): { _id: string }[] =>
      JSON.parse(har).log.entries.sort((a: { _id: string }, b: { _id: string }) => a._id.localeCompare(b._id));
    const wanted = entriesOf(readFileSync(file, 'utf8'));
    expect(wanted.length).toBeGreaterThan(0);
    expect(entriesOf(text)).toEqual(wanted);
  });

  it('says its address whatever the log level is', async () => {
    expect(await startView(['--view', '--log-level', 'silent'])).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}$/,
    );
  });

  it.each<[string[], string]>([
    [['--view', '99999'], 'port must be an integer from 0 to 65535, got 99999'],
    [['--view', 'nonsense'], 'must be a port, true, or parts'],
    [['--view', '8080'], 'must not have a captured port, got 8080'],
    [['--view', 'host=0.0.0.0'], 'where other machines can reach it'],
    [['--view', 'hots=::1'], "'hots' is no part of it; did you mean host?"],
  ])('%j is complained about', async (flags, words) => {
    const { code, stderr } = await runCli([...SAVEFILE, ...flags]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(words)]);
  });

  it('takes no variable that Kubernetes has set for a Service', async () => {
    const { code, stderr } = await runCli(SAVEFILE, { env: { VIEW_PORT: 'tcp://10.0.0.7:80' } });
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('the page')]);
  });
});

describe('--html', () => {
  it('writes one file that has it all, for its owner alone', async () => {
    const file = join(folder, 'capture.html');
    expect((await runCli([...SAVEFILE, '--html', file])).code).toBe(0);
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
    const [, data = ''] = /<script type="application\/json" id="capture">(.*?)<\/script>/s.exec(text) ?? [];
    const { rows, lines, state } = JSON.parse(data);
    expect(rows).toHaveLength(10);
    expect(Object.values(lines).flat()).toHaveLength(20);
    expect(state).toMatchObject({ ended: true, exchanges: 10, messagesGone: 0 });
  });

  it.each([
    ['--html', join(FIXTURES, 'shop.pcap'), 'must not be the savefile that is read'],
    ['--html', '/dev/null', 'it is not a regular file'],
    ['--html', '/no/such/folder/x', 'cannot write the HTML file'],
  ])('%s %s is complained about', async (flag, path, words) => {
    const { code, stderr } = await runCli([...SAVEFILE, flag, path]);
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining(words)]);
  });

  it('and --har are two files', async () => {
    const flags = ['--html', `${folder}/x`, '--har', `${folder}/./x`];
    expect((await runCli([...SAVEFILE, ...flags])).stderr).toContain('must not be the file of harFile');
  });
});

describe('a library', () => {
  it('has the address, and the page as long as it does not stop', async () => {
    const sniffer = createSniffer({
      ports: [8080],
      pcapFile: join(FIXTURES, 'shop.pcap'),
      view: true,
      logLevel: 'silent',
    });
    expect(sniffer.viewUrl()).toBeUndefined();
    const ended = new Promise<void>((resolve) => sniffer.once('end', resolve));
    await sniffer.start();
    await ended;
    const url = sniffer.viewUrl() as string;
    expect((await ask(url)).status).toBe(303);
    await sniffer.stop();
    expect(sniffer.viewUrl()).toBeUndefined();
    await expect(ask(url)).rejects.toThrow('ECONNREFUSED');
  });

  it('may start again, with a page of that run', async () => {
    const sniffer = createSniffer({
      ports: [8080],
      pcapFile: join(FIXTURES, 'shop.pcap'),
      view: true,
      logLevel: 'silent',
    });
    for (let twice = 0; twice < 2; twice++) {
      const ended = new Promise<void>((resolve) => sniffer.once('end', resolve));
      await sniffer.start();
      await ended;
    }
    const { origin, cookie } = await logIn(sniffer.viewUrl() as string);
    expect((await ask(`${origin}/exchange?n=10`, { headers: { cookie } })).status).toBe(200);
    expect((await ask(`${origin}/exchange?n=11`, { headers: { cookie } })).status).toBe(404);
    await sniffer.stop();
  });

  it('without a page loads nothing of it', () => {
    const script = `
      const { createSniffer } = require(${JSON.stringify(join(__dirname, '../../dist/index.js'))});
      const sniffer = createSniffer({ ports: [8080], pcapFile: process.argv[1], logLevel: 'silent' });
      sniffer.on('end', () => console.log(JSON.stringify(Object.keys(require.cache)))).start();`;
    const files: string[] = JSON.parse(
      execFileSync(execPath, ['-e', script, join(FIXTURES, 'shop.pcap')], { encoding: 'utf8' }),
    );
    expect(files).toContainEqual(expect.stringMatching(/bundles.library\.js$/));
    expect(files.filter((file) => /outputs.(view|html).(?!index)|dist[\\/]page[\\/]/.test(file))).toEqual([]);
  });
});
