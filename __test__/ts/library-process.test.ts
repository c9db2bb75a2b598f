// The library in a process of its own, with a fake engine (setup/fake-binding.cjs): signals, the end of the process, what is
// loaded.

import { type ChildProcessWithoutNullStreams, execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { command, type Ended, logged } from './setup/command';

const dist = process.env.TEST_DIST as string;

describe('the library with handleSignals', () => {
  const host = (config: string, more = ''): { child: ChildProcessWithoutNullStreams; ended: Promise<Ended> } =>
    command([], {}, [
      '-e',
      `const { createSniffer } = require(${JSON.stringify(dist)});
       const sniffer = createSniffer({ ports: [80], interface: 'lo', ${config} });
       sniffer.on('stop', () => console.log('stopped'));
       ${more}
       sniffer.start();`,
    ]);

  it('stops, drains, and lets the signal take its course', async () => {
    const { child, ended } = host('handleSignals: true');
    await logged(child, 'capture started');
    child.kill('SIGTERM');
    const { signal, stdout, log } = await ended;
    expect(signal).toBe('SIGTERM');
    expect(stdout).toBe('stopped\n');
    expect(log).toContainEqual(expect.objectContaining({ message: 'signal received: stopping', signal: 'SIGTERM' }));
  });

  it('a second signal does not wait', async () => {
    const url = `http://127.0.0.1:1/`;
    const { child, ended } = host(`handleSignals: true, outputUrl: '${url}', drainTimeoutMs: 15_000`);
    await logged(child, 'capture started');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const stopping = logged(child, 'signal received');
    child.kill('SIGINT');
    await stopping;
    child.kill('SIGINT');
    const { signal, stdout, log } = await ended;
    expect({ signal, stdout }).toEqual({ signal: 'SIGINT', stdout: '' });
    expect(log.at(-1)).toMatchObject({ level: 'error', message: expect.stringContaining('second signal') });
  });

  it("leaves the end to the host where that listens too, and the host's signals alone without the option", async () => {
    const own = `process.on('SIGTERM', () => { console.log('host'); setTimeout(() => process.exit(7), 300); });`;
    const both = host('handleSignals: true', own);
    await logged(both.child, 'capture started');
    both.child.kill('SIGTERM');
    expect(await both.ended).toMatchObject({ code: 7, stdout: 'host\nstopped\n' });
    const alone = host('handleSignals: false', own);
    await logged(alone.child, 'capture started');
    alone.child.kill('SIGTERM');
    expect(await alone.ended).toMatchObject({ code: 7, stdout: 'host\n' });
  });
});

describe('the library', () => {
  const script = `
    const sniffer = createSniffer({ ports: [80], interface: 'lo', logLevel: 'silent' });
    let seen = 0;
    sniffer.on('message', async () => { if (++seen === 3) await sniffer.stop(); });
    sniffer.on('stop', () => console.log('stopped', seen >= 3));
    sniffer.start();
  `;

  it.each([
    ['require', ['-e', `const { createSniffer } = require(${JSON.stringify(dist)}); ${script}`]],
    [
      'import',
      [
        '--input-type=module',
        '-e',
        `import { createSniffer } from ${JSON.stringify(join(dist, 'index.js'))}; ${script}`,
      ],
    ],
  ])('%s: the process lives while it runs and ends by itself after stop()', (_name, args) => {
    expect(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 10_000 })).toBe('stopped true\n');
  });

  it('loads the HTTP client only for a URL', () => {
    const script = (config: string) =>
      `require(${JSON.stringify(dist)}).createSniffer({ ports: [80], interface: 'lo', logLevel: 'silent', ${config} }).start()
         .then(() => process.exit(Object.keys(require.cache).some((file) => file.includes('/undici/')) ? 3 : 4));`;
    const run = (config: string) => spawnSync(process.execPath, ['-e', script(config)], { timeout: 10_000 }).status;
    expect(run('')).toBe(4);
    expect(run("outputUrl: 'http://127.0.0.1:9/'")).toBe(3);
  });
});
