/**
 * The output file on a file system that has no room (ENOSPC), by the command: a tmpfs in a mount namespace. It also has a network of its
 * own, since without root's rights nothing is captured on that of others.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Random } from './differential/random.js';
import { savefile } from './differential/savefile.js';
import { CLI, linesOf, messagesOf, type Process, start } from './live/harness.js';
import { expectBalance, loggedLedger, type Pacer, startPacer } from './live/paced.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-'));
const disk = mkdtempSync(join(folder, 'disk-'));
const FILE = join(disk, 'messages.jsonl');
const BALLAST = join(disk, 'ballast');
afterAll(() => rmSync(folder, { recursive: true }));

const DISK_BYTES = 4 * 1024 * 1024;
const ROOM_BYTES = 128 * 1024;
const PORT = 8080;

const NAMESPACES = ['unshare', '--map-root-user', '--mount', '--net'];
/** Mounts the disk and fills it but for some room, then becomes the command. */
const ON_DISK = `mount -t tmpfs -o size=${DISK_BYTES} disk '${disk}' && ip link set lo up &&
head -c ${DISK_BYTES - ROOM_BYTES} /dev/zero >'${BALLAST}' && "$@"`;

const mayMount = spawnSync('unshare', [...NAMESPACES.slice(1), 'mount', '-t', 'tmpfs', 'disk', disk]).status === 0;

/** Where no namespace can be made these tests are skipped and say so; under CI they run, and fail. */
function describeOnDisk(name: string, tests: () => void): void {
  if (mayMount || process.env.CI) describe(name, tests);
  else describe.skip(`${name} (skipped: this user may not mount a tmpfs in a namespace)`, tests);
}

const onDisk = (script: string, args: string[]): Process =>
  start([...NAMESPACES, 'bash', '-c', script, 'bash', process.execPath, CLI, ...args, '--output-file', FILE]);

describeOnDisk('a disk without room', () => {
  test('and a savefile: one line says so, exit 2, whole lines, and all are counted', { timeout: 60_000 }, async () => {
    const path = join(folder, 'many.pcap');
    const turns = Array.from({ length: 1_000 }, (_, n) => [
      { from: 'client' as const, bytes: Buffer.from(`GET /${n} HTTP/1.1\r\nhost: a\r\n\r\n`) },
      { from: 'server' as const, bytes: Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok') },
    ]).flat();
    writeFileSync(path, savefile([{ clientPort: 10_000, turns }], new Random(12)));
    // The content of the disk is shown before it is gone with its namespace.
    const script = `${ON_DISK}; code=$?; cat '${FILE}'; exit $code`;
    const { code, stdout, stderr } = await onDisk(script, ['--ports', '80', '--read', path]).done;
    expect(code, stderr).toBe(2);
    expect(linesOf(stderr).filter((line) => line.includes('ENOSPC'))).toHaveLength(1);
    const written = messagesOf(stdout);
    const { accepted = 0, delivered, droppedBy } = loggedLedger(stderr).outputs.file ?? {};
    expect(accepted).toBeGreaterThan(written.length);
    expect([delivered, droppedBy]).toEqual([written.length, { closed: accepted - written.length }]);
  });

  describe('live', () => {
    /** A sniffer on the disk and its traffic, until the disk is full, and on. */
    async function fill(): Promise<{ cli: Process; pacer: Pacer; sent: number; file: number; root: string }> {
      const cli = onDisk(`${ON_DISK.replace(/"\$@"$/, 'exec "$@"')}`, ['--ports', `${PORT}`, '--interface', 'lo']);
      await cli.logged('capture started');
      const { pid } = cli.child;
      const within = ['nsenter', '--target', `${pid}`, '--user', '--net', '--preserve-credentials'];
      const pacer = await startPacer(200, PORT, within);
      let sent = await pacer.run(2);
      await cli.logged('ENOSPC');
      sent += await pacer.run(1);
      const root = `/proc/${pid}/root`;
      // Of a tmpfs that is gone it can still be read.
      return { cli, pacer, sent, file: openSync(join(root, FILE), 'r'), root };
    }

    test('stops nothing, and what waited is written when it has room', { timeout: 90_000 }, async () => {
      const { cli, pacer, sent, file, root } = await fill();
      rmSync(join(root, BALLAST));
      await cli.logged('messages are written to the output file again');
      const exchanges = sent + (await pacer.run(1));
      cli.child.kill('SIGTERM');
      const { code, stderr } = await cli.done;
      pacer.stop();
      expect(code, stderr).toBe(0);
      expect(linesOf(stderr).filter((line) => line.includes('ENOSPC'))).toHaveLength(1);
      const ledger = loggedLedger(stderr);
      expectBalance(ledger);
      expect(ledger.outputs.file).toMatchObject({ delivered: 2 * exchanges, dropped: 0 });
      expect(messagesOf(readFileSync(file, 'utf8'))).toHaveLength(2 * exchanges);
    });

    test('to the end: whole lines, and what is not there is counted', { timeout: 90_000 }, async () => {
      const { cli, pacer, sent, file } = await fill();
      cli.child.kill('SIGTERM');
      const { stderr } = await cli.done;
      pacer.stop();
      const ledger = loggedLedger(stderr);
      expectBalance(ledger);
      const written = messagesOf(readFileSync(file, 'utf8')).length;
      expect(written).toBeGreaterThan(0);
      expect(written).toBeLessThan(2 * sent);
      expect(ledger.outputs.file).toMatchObject({
        accepted: 2 * sent,
        delivered: written,
        droppedBy: { abandoned: 2 * sent - written },
      });
    });
  });
});
