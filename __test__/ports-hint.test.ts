// A live capture that sees nothing on its ports says which ports are listened on.

import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Listener, listenersHere } from '../ts/command/listening';
import { PortsHint } from '../ts/command/ports-hint';
import type { Log } from '../ts/logger';
import { describeLive, linesOf, startCli } from './live/harness.js';
import { freePort } from './ports';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-proc-'));
afterAll(() => rmSync(folder, { recursive: true }));

const row = (address: string, state: string, inode: number): string =>
  `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0`;
const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';

describe('programs that listen', () => {
  const proc = (name: string): string => {
    const path = join(folder, name);
    mkdirSync(join(path, 'self', 'net'), { recursive: true });
    return path;
  };

  it('are found in the tables of the kernel, without those of this process', () => {
    const path = proc('whole');
    const table = (name: string, ...rows: string[]): void =>
      writeFileSync(join(path, 'self', 'net', name), [HEAD, ...rows, ''].join('\n'));
    table(
      'tcp',
      row('00000000:1F90', '0A', 11),
      row('0100007F:0BB8', '0A', 12),
      row('0100007F:1538', '0A', 13),
      // An open connection, and a listener of the process itself.
      row('0100007F:1F91', '01', 14),
      row('0100007F:0BB8', '06', 0),
      row('0100007F:2328', '0A', 15),
    );
    table(
      'tcp6',
      row('00000000000000000000000001000000:0BB8', '0A', 16),
      row('00000000000000000000000000000000:1538', '0A', 17),
      row('0000000000000000FFFF00000100007F:0051', '0A', 18),
    );
    for (const [pid, name, inode] of [
      ['7', 'node', 12],
      ['8', 'postgres', 17],
      ['9', 'this', 15],
    ] as const) {
      mkdirSync(join(path, pid, 'fd'), { recursive: true });
      writeFileSync(join(path, pid, 'comm'), `${name}\n`);
      symlinkSync(`socket:[${inode}]`, join(path, pid, 'fd', '3'));
      symlinkSync('/dev/null', join(path, pid, 'fd', '4'));
    }
    expect(listenersHere(path, '9')).toEqual([
      { port: 3000, isLoopback: true, isUsed: true, program: 'node' },
      { port: 81, isLoopback: true, isUsed: false },
      { port: 5432, isLoopback: false, isUsed: false, program: 'postgres' },
      { port: 8080, isLoopback: false, isUsed: false },
    ]);
  });

  it('are found before a great number of connections', () => {
    const path = proc('large');
    const connections = new Array(40_000).fill(row('0100007F:0050', '06', 0));
    writeFileSync(join(path, 'self', 'net', 'tcp'), [HEAD, row('0100007F:0050', '0A', 1), ...connections].join('\n'));
    expect(listenersHere(path, '9')).toEqual([{ port: 80, isLoopback: true, isUsed: true }]);
  });

  it.each(['', 'nonsense', `${HEAD}\n   0: x`, `${HEAD}\n${row('', '0A', 1)}`])('of %j there are none', (text) => {
    const path = proc(`odd-${text.length}`);
    writeFileSync(join(path, 'self', 'net', 'tcp'), text);
    expect(listenersHere(path, '1')).toEqual([]);
    expect(listenersHere(join(path, 'nothing'), '1')).toEqual([]);
  });
});

describe('the hint', () => {
  const said = (found: Listener[], options: { interface?: string; segments?: number } = {}): unknown[] => {
    const lines: unknown[] = [];
    const hint = new PortsHint({
      ports: [8080],
      interface: options.interface ?? '',
      segments: () => options.segments ?? 0,
      log: { warn: (fields: object, message: string) => lines.push([message, fields]) } as unknown as Log,
      listeners: () => found,
    });
    hint.say();
    hint.say();
    return lines;
  };
  const node = { port: 3000, isLoopback: true, isUsed: true, program: 'node' };

  it('names other ports, once', () => {
    expect(said([node, { port: 9000, isLoopback: false, isUsed: false }])).toEqual([
      [
        'nothing came with one of the ports; programs here listen on others',
        { ports: [8080], code: 'NOTHING_ON_PORTS', listening: ['3000 (node, on lo, with connections)', '9000'] },
      ],
    ]);
    const many = Array.from({ length: 20 }, (_, port) => ({ port, isLoopback: false, isUsed: false }));
    expect(said(many)).toEqual([[expect.anything(), expect.objectContaining({ listening: expect.any(Array) })]]);
    expect(JSON.stringify(said(many))).toContain('"11","and 8 more"');
  });

  it('names the loopback interface, if the port is right', () => {
    const ours = { port: 8080, isLoopback: false, isUsed: false };
    expect(said([ours, node])).toEqual([
      [expect.stringContaining('pass lo; --interface lo, or any'), expect.anything()],
    ]);
    expect(said([{ ...ours, isLoopback: true }])).toEqual([
      [expect.stringContaining('on loopback addresses alone; --interface lo'), expect.anything()],
    ]);
    expect(said([ours], { interface: 'any' })).toEqual([]);
  });

  it('is not said where something came, or nothing is known', () => {
    expect(said([node], { segments: 1 })).toEqual([]);
    expect(said([])).toEqual([]);
  });
});

describeLive('a capture on another port', () => {
  it('ends with the ports that are listened on', async () => {
    const server = createServer((_, response) => response.end('tea')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const agent = new Agent({ keepAlive: true });
    try {
      const command = startCli(['--ports', String(await freePort()), '--interface', 'lo', '--duration', '5s']);
      await command.logged('capture started');
      const [response] = await once(get({ port, host: '127.0.0.1', agent }), 'response');
      await once(response.resume(), 'end');
      const { code, stderr } = await command.done;
      expect(code).toBe(0);
      const hints = linesOf(stderr)
        .map((line) => JSON.parse(line))
        .filter((line) => line.code === 'NOTHING_ON_PORTS');
      expect(hints).toHaveLength(1);
      const { listening } = hints[0] as { listening: string[] };
      // Of which not all are shown.
      expect(listening.some((text) => text.startsWith(`${port} (`)) || listening.length > 12).toBe(true);
    } finally {
      agent.destroy();
      server.close();
    }
  });
});
