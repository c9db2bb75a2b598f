// The command as a process, with a fake engine (setup/fake-binding.cjs): flags, streams, signals, exit codes.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { command, logged, run, shell } from './setup/command';

const WITHOUT_KAFKA = `--require=${join(__dirname, 'setup/without-kafka.cjs')}`;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

describe('usage', () => {
  it('--help and --version', async () => {
    const help = await run(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const word of [
      '--ports',
      '--interface',
      '--output-url',
      '--output-stdout',
      '--sample-rate',
      '--max-body-size',
      '--max-concurrent-connections',
      '--connection-idle-timeout-ms',
      '--redact-headers',
      '--redact-query',
      '--include',
      '--output-batch',
      '--drain-timeout-ms',
      '--metrics-port',
      '-r, --read',
      'interfaces',
      'MAX_BODY_SIZE',
    ])
      expect(help.stdout).toContain(word);
    expect(await run(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it.each([
    [[], {}, 'ports'],
    [['--ports', '0'], {}, '--ports: each port is from 1 to 65535, 0 is not'],
    [['--ports', 'http'], {}, "--ports: must be ports or ranges of ports, e.g. 8080 or 8000-8100, got 'http'"],
    [['--ports'], {}, "'--ports <list>' argument missing"],
    [[], { PORTS: '70000' }, 'PORTS: each port'],
    [['--ports', '80'], { SAMPLE_RATE: '2' }, 'SAMPLE_RATE: must be a number from 0 to 1, got 2'],
    [['--ports', '80', '--sample-rate', '-1'], {}, '--sample-rate: '],
    [['--ports', '80'], { OUTPUT_STDOUT: 'perhaps' }, 'OUTPUT_STDOUT: must be true or false'],
    [['--ports', '80', '--output-url', 'nowhere'], {}, '--output-url: must be an absolute'],
    [['--ports', '80', '--output-url', 'http://h/'], { NODE_ENV: 'production' }, 'https:// URL in production'],
    [['--ports', '80', '--output-url', 'http://h/'], { OUTPUT_URL_AUTH_TOKEN: 'a b' }, 'OUTPUT_URL_AUTH_TOKEN'],
    [['--ports', '80', '--read', ''], {}, '--read: '],
    [['--ports', '80', '--log-level', 'loud'], {}, '--log-level: '],
    [['--prots', '80'], {}, "unknown option '--prots'"],
    [['capture'], {}, "unknown command 'capture', and no such file"],
    [['interface'], {}, "unknown command 'interface', and no such file; did you mean interfaces?"],
    [['--ports', '80', '--interface', 'a', '-i', 'b'], {}, '--interface is given twice; one value is taken'],
    [['--ports', '80', '--filter', ''], {}, '--filter: at character 1: the filter is empty'],
    [['--ports', '80', '--filter', 'staus=500'], {}, "'staus' is not a key; did you mean status?"],
    [['--ports', '80'], { FILTER: 'status=abc' }, 'FILTER: at character 8: status must be three digits'],
    [['--ports', '80', '--filter', 'status=200', '--filter', 'path'], {}, '--filter: at character 1: path needs'],
    [['--ports', '80', '--include', ''], {}, '--include: a filter is made of method, path, status, header'],
    [['--ports', '80', '--client', 'example.com'], {}, '--client: client must be an address, e.g. 10.0.0.5'],
    [['--ports', '80', '--since', 'noon'], {}, '--since: time must be a time, e.g. 14:03'],
    [['--ports', '80', '--since', '1h', '--since', '2h'], {}, '--since is given twice'],
    [
      ['--ports', '80', '--since', '14:03', '--until', '14:03'],
      {},
      "--until: must be later than --since 14:03, got '14",
    ],
    [['--ports', '80', '--since', '2026-05-17', '--until', '2026-05-16'], {}, '--until: must be later than --since'],
    [['--ports', '80', '--view', '--view', '9001'], {}, '--view is given twice; one value is taken'],
    [['--ports', '80', '--view', '9001', '--view'], {}, '--view is given twice; one value is taken'],
    [['--ports', '80', '--view', 'capture.pcap'], {}, 'a file to read stands before --view, or after --read'],
    [['--ports', '80', '--view', 'x'], {}, "keyFile=key.pem, got 'x'"],
    [['-p', '80'], {}, "unknown option '-p' (Did you mean --ports?)"],
    [['--quiet'], {}, "unknown option '--quiet' (Did you mean --log-level error?)"],
    [['compare', '-p', '80'], {}, "unknown option '-p'"],
    [['version'], {}, "unknown command 'version', and no such file; did you mean --version?"],
    [['ports', '80'], {}, "unknown command 'ports', and no such file; did you mean --ports?"],
    [
      ['--ports', '80', '--host', 'http://a.test:81/x'],
      {},
      '--host: host must be a host, without scheme and path; did you mean a.test:81?',
    ],
    [['--ports', '80', '--html', '-'], {}, "--html: must be the path of a file, got '-'"],
    [['--ports', '80', '--output-file', '-'], {}, "--output-file: must be the path of a file, got '-'"],
    [['--ports', '80'], { HAR_FILE: '-' }, "HAR_FILE: must be the path of a file, got '-'"],
    [
      ['--ports', '80', '--max-body-size', '1M'],
      {},
      "--max-body-size: must be a size in bytes, e.g. 1MiB or 1MB, got '1M'",
    ],
    [['--ports', '9000-8000'], {}, '--ports: the range ends before it begins; did you mean 8000-9000?'],
    [['--ports', '80', '--count', '0'], {}, '--count: must be an integer of at least 1, got 0'],
    [['--ports', '80', '--duration', '5'], {}, '--duration: must be a time with its unit, e.g. 5ms or 5s'],
    [['--ports', '80', '-r', 'a', '--duration', '5s'], {}, '--duration: limits a live capture'],
    [['--ports', '80', '--follow'], {}, '--follow: follows one file; name the one file that is still written'],
    [['interfaces', '--jsno'], {}, 'unknown option'],
  ])('%j with %j: one line, exit 1', async (args, env, words) => {
    const { code, stdout, log } = await run(args, env as Record<string, string>);
    expect(log).toMatchObject([{ level: 'error', message: expect.stringContaining(words) }]);
    expect(stdout).toBe('');
    expect(code).toBe(1);
  });

  it('interfaces, as a table and as JSON', async () => {
    const table = await run(['interfaces']);
    expect(table).toMatchObject({ code: 0, stderr: '' });
    expect(table.stdout.split('\n')).toEqual([
      'NAME  STATE                ADDRESSES       DESCRIPTION',
      'lo    up,running,loopback  127.0.0.1, ::1',
      'eth0  down                 -               wire',
      '',
    ]);
    const json = await run(['interfaces', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject([
      { name: 'lo', loopback: true },
      { name: 'eth0', up: false },
    ]);
  });
});

describe('a savefile', () => {
  it('comes out whole, in order, byte for byte; exit 0', async () => {
    const { code, stdout, log } = await run(['--ports', '80', '-r', 'messages-20000']);
    const lines = stdout.split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => JSON.parse(line).path)).toEqual(Array.from({ length: 20_000 }, (_, n) => `/${n}`));
    expect(code).toBe(0);
    expect(log.at(0)).toMatchObject({ message: 'capture started', pcapFile: 'messages-20000', ports: [80] });
    expect(log.at(-1)).toMatchObject({ message: 'capture stopped', outputs: { stdout: { delivered: 20_000 } } });
  });

  it('waits for a slow reader and loses nothing', () => {
    const stdout = shell('CLI --ports 80 --log-level error -r messages-20000 | (sleep 0.3; wc -l)');
    expect(stdout).toBe('20000\nstatus 0\n');
  });

  it('is read all the same where NET_RAW cannot be given up, which is said', async () => {
    const { code, stdout, log } = await run(['--ports', '80', '-r', 'messages-3'], { FAKE_KEEPS_NET_RAW: '1' });
    expect(code).toBe(0);
    expect(stdout.split('\n').length).toBe(3 + 1);
    const warnings = log.filter(({ level }) => level === 'warn');
    expect(warnings).toMatchObject([{ message: 'NET_RAW was not given up: the process goes on with it' }]);
  });

  it('is read for --ports auto after NET_RAW was given up, and until a signal', async () => {
    const env = { FAKE_KEEPS_NET_RAW: '1' };
    const given = 'NET_RAW was not given up: the process goes on with it';
    const { code, log } = await run(['--ports', 'auto', '-r', 'messages-3'], env);
    expect(code).toBe(0);
    expect(log.slice(0, 2)).toMatchObject([
      { message: given },
      { message: expect.stringContaining('--ports auto: HTTP was found on no port') },
    ]);
    const { child, ended } = command(['--ports', 'auto', '-r', 'endless-1'], env);
    await logged(child, given);
    child.kill('SIGTERM');
    const stopped = await ended;
    expect([stopped.code, stopped.signal]).toEqual([0, null]);
    expect(stopped.log.map(({ message }) => message)).toEqual([given, 'signal received: stopping']);
  });

  it('that is broken: what was readable, one line, exit 2', async () => {
    const { code, stdout, log } = await run(['--ports', '80', '--log-level', 'warn', '-r', 'broken-after-250']);
    expect(stdout.trimEnd().split('\n')).toHaveLength(250);
    expect(log).toMatchObject([
      { level: 'error', code: 'UNRECOVERABLE', message: 'savefile is broken after packet 250' },
    ]);
    expect(code).toBe(2);
  });

  it('that is not there: one line, exit 2', async () => {
    const { code, stdout, log } = await run(['--ports', '80', '-r', 'missing']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(log).toMatchObject([{ level: 'error', code: 'CAPTURE_OPEN_FAILED' }]);
  });

  it('is POSTed whole before the exit, and not written to stdout', async () => {
    const bodies: string[] = [];
    let auth: string | undefined;
    const server = createServer((request, response) => {
      let body = '';
      auth = request.headers.authorization;
      request
        .on('data', (chunk) => (body += chunk))
        .on('end', () => {
          bodies.push(body);
          response.end();
        });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { code, stdout, stderr } = await run(['--ports', '80', '-r', 'messages-500'], {
      OUTPUT_URL: url,
      OUTPUT_URL_AUTH_TOKEN: 'hunter2',
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(new Set(bodies.map((body) => JSON.parse(body).path)).size).toBe(500);
    expect(auth).toBe('Bearer hunter2');
    expect(stderr).not.toContain('hunter2');
  });
});

describe('live', () => {
  it('an open that fails: one line, exit 2', async () => {
    const { code, log } = await run(['--ports', '80', '--interface', 'nope0']);
    expect(log).toMatchObject([
      { level: 'error', code: 'INVALID_INTERFACE', message: expect.stringContaining('there are: lo') },
    ]);
    expect(code).toBe(2);
  });

  it('an open that fails is tried again where RETRY_OPEN_MS says so', async () => {
    const { child, ended } = command(['--ports', '80', '--interface', 'late0'], { RETRY_OPEN_MS: '50' });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGTERM');
    const { code, log } = await ended;
    expect(log.slice(0, 4)).toMatchObject([
      { level: 'error', code: 'INVALID_INTERFACE' },
      { level: 'warn', retryOpenMs: 50 },
      { level: 'error', code: 'INVALID_INTERFACE' },
      { level: 'info', message: 'capture started' },
    ]);
    expect(code).toBe(0);
  });

  it('a signal while it waits to try again: exit 0 at once', async () => {
    const { child, ended } = command(['--ports', '80', '--interface', 'nope0'], { RETRY_OPEN_MS: '60000' });
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
      if (said.includes('retryOpenMs')) child.kill('SIGTERM');
    });
    expect((await ended).code).toBe(0);
  });

  it.each([
    ['no user for Kafka', ['--output-kafka', 'kafka://127.0.0.1:1/http?sasl=scram-sha-512'], {}],
    ['a part of the topic', ['--output-kafka', 'kafka://127.0.0.1:1/http-{service}'], {}],
    ['headers of OTLP', ['--output-otlp', 'http://127.0.0.1:1'], { OTEL_EXPORTER_OTLP_HEADERS: 'Secr3t' }],
    ['the client of Kafka', ['--output-kafka', 'kafka://[::1]/a'], { NODE_OPTIONS: WITHOUT_KAFKA }],
    ['a token', ['--output-url', 'http://127.0.0.1:1'], { OUTPUT_URL_AUTH_TOKEN: 'Secr3t Secr3t' }],
  ])('%s is missing or wrong: it stays if it has RETRY_OPEN_MS, else it ends', async (_, flags, env) => {
    const args = ['--ports', '80', ...flags];
    expect((await run(args, env)).code).toBe(1);
    const { child, ended } = command(args, { ...env, RETRY_OPEN_MS: '20', FAKE_KEEPS_NET_RAW: '1' });
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
      // Several times as long as it would wait to try again.
      if (said.includes('nothing is captured')) setTimeout(() => child.kill('SIGTERM'), 100);
    });
    const { code, log, stderr } = await ended;
    expect(code).toBe(0);
    const givenUp = { message: expect.stringContaining('NET_RAW was not given up') };
    expect(log.slice(0, 3)).toMatchObject([{ code: 'INVALID_CONFIG' }, givenUp, { level: 'warn' }]);
    expect(stderr).not.toContain('Secr3t');
  });

  it.each([
    [['--ports', '80'], '0', /RETRY_OPEN_MS: must be an integer/],
    [['--ports', '80'], '5s', /RETRY_OPEN_MS: must be/],
    [['--ports', '0'], '50', /--ports/],
    [['--ports', '80', '-r', 'missing'], '50', /cannot open savefile/],
  ])('%j with RETRY_OPEN_MS=%s is not tried again', async (args, value, complaint) => {
    const { code, log } = await run(args, { RETRY_OPEN_MS: value });
    expect(log).toMatchObject([{ level: 'error', message: expect.stringMatching(complaint) }]);
    expect(code).toBe(args.includes('-r') ? 2 : 1);
  });

  it('KEEP_NET_RAW is true or false', async () => {
    const { code, log } = await run(['--ports', '80'], { KEEP_NET_RAW: 'perhaps' });
    expect(log).toMatchObject([
      { level: 'error', message: expect.stringMatching(/KEEP_NET_RAW: must be true or false/) },
    ]);
    expect(code).toBe(1);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s: log, whole lines only, exit 0', async (signal) => {
    const { child, ended } = command(['--interface', 'lo'], {
      PORTS: '80',
      POD_NAME: 'p',
      NAMESPACE: 'ns',
      NODE_NAME: 'n',
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill(signal);
    const { code, stdout, log } = await ended;
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines.pop()).toBe('');
    for (const line of lines) JSON.parse(line);
    expect(log[0]).toMatchObject({
      message: 'capture started',
      interface: 'lo',
      loopback: true,
      pod: 'p',
      namespace: 'ns',
      node: 'n',
    });
    expect(log).toContainEqual(expect.objectContaining({ signal, message: 'signal received: stopping' }));
    const counters = log.at(-1) as { engine: { messages: number }; outputs: { stdout: { delivered: number } } };
    expect(counters.outputs.stdout.delivered).toBe(lines.length);
    expect(counters.engine.messages).toBe(lines.length);
  });

  it('a signal while the open waits for a pipe is no failure', async () => {
    const { child, ended } = command(['--ports', '80', '--read', '-']);
    // The handlers are in place before the open; that it has begun cannot be seen from outside.
    setTimeout(() => child.kill('SIGTERM'), 1_000);
    const { code, log } = await ended;
    expect(code).toBe(0);
    expect(log.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  it('a second signal ends at once', async () => {
    const { child, ended } = command(['--ports', '80', '--interface', 'flood']);
    // There is no reader: stop() has to wait for stdout.
    child.stdout.pause();
    await logged(child, 'the reader of stdout is slower');
    const stopping = logged(child, 'signal received');
    child.kill('SIGTERM');
    await stopping;
    child.kill('SIGTERM');
    const exited = new Promise((resolve) => child.on('exit', (code) => resolve(code)));
    expect(await exited).toBe(2);
    child.stdout.resume();
    expect((await ended).log.at(-1)).toMatchObject({
      level: 'error',
      message: expect.stringContaining('second signal'),
    });
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s to the process and to its group is one', async (signal) => {
    const { child, ended } = command(['--ports', '80', '--interface', 'lo']);
    await logged(child, 'capture started');
    child.kill(signal);
    child.kill(signal);
    setTimeout(() => child.kill(signal), 10);
    const { code, log } = await ended;
    expect(code).toBe(0);
    expect(log.filter(({ message }) => `${message}`.includes('signal'))).toMatchObject([
      { signal, message: 'signal received: stopping' },
    ]);
  });

  it('SIGUSR1 opens no inspector', async () => {
    const { child, ended } = command(['--ports', '80', '--interface', 'lo']);
    await logged(child, 'capture started');
    child.kill('SIGUSR1');
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill('SIGTERM');
    const { code, log } = await ended;
    expect(code).toBe(0);
    expect(JSON.stringify(log)).not.toContain('Debugger');
  });

  it('`| head -1` ends it quietly, exit 0', () => {
    for (const source of ['', '-r messages-20000']) {
      const stdout = shell(`CLI --ports 80 --log-level warn ${source} | head -1 | wc -l`);
      expect(stdout).toBe('1\nstatus 0\n');
    }
  });

  it('a full disk is a failure: one line, exit 2', () => {
    const stdout = shell('CLI --ports 80 --log-level error >/dev/full');
    expect(stdout).toMatch(/^\{.*"message":"cannot write messages".*\}\nstatus 2\n$/);
  });
});
