import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RotatingFile, type RotatingFileOptions } from '../../ts/outputs/file/rotating-file';

let folder: string;
let path: string;

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'tcp-sniffer-file-'));
  path = join(folder, 'messages.jsonl');
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** 2026-11-29T13:14:59.123Z */
const START = 1_795_958_099_123;

function rotating(options: Partial<RotatingFileOptions> = {}) {
  const said: unknown[] = [];
  const clock = { ms: START };
  const file = new RotatingFile({
    path,
    maxBytes: 1_000,
    maxAgeMs: 0,
    maxFiles: 100,
    compression: 'none',
    date: () => clock.ms,
    onCut: (bytes) => said.push(['cut', bytes]),
    onTorn: () => said.push('torn'),
    onUntended: (error) => said.push(error.message),
    ...options,
  });
  return { file, said, clock };
}

const line = (id: number | string, bytes = 20): string => `${`{"id":"${id}"}`.padEnd(bytes - 1)}\n`;

/** By name, and of finished files by age; the last is what is written to. */
function contents(): Record<string, string> {
  const read = (name: string): string => {
    const bytes = fs.readFileSync(join(folder, name));
    return (name.endsWith('.gz') ? zlib.gunzipSync(bytes) : bytes).toString();
  };
  return Object.fromEntries(
    fs
      .readdirSync(folder)
      .sort()
      .map((name) => [name, read(name)]),
  );
}

async function write(file: RotatingFile, ...lines: string[]): Promise<void> {
  for (const each of lines) await file.append(Buffer.from(each));
}

describe('a file that rotates', () => {
  it('is finished by its size, under the time at which it was, and goes on in a new one', async () => {
    const { file, clock } = rotating({ maxBytes: 45 });
    await file.open();
    await write(file, line(1), line(2));
    clock.ms += 1_877;
    await write(file, line(3), line(4, 60), line(5));
    await file.close(false);
    expect(contents()).toEqual({
      'messages.20261129T131501000Z.jsonl': line(1) + line(2),
      'messages.20261129T131501001Z.jsonl': line(3),
      'messages.20261129T131501002Z.jsonl': line(4, 60),
      'messages.jsonl': line(5),
    });
  });

  it('holds every line once, whole and in order, whatever the sizes, the clock and the restarts are', async () => {
    const step = fc.record({
      bytes: fc.integer({ min: 16, max: 300 }),
      clock: fc.integer({ min: -5_000, max: 5_000 }),
      restart: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 25 }),
        fc.constantFrom('none', 'gzip'),
        async (steps, compression) => {
          folder = fs.mkdtempSync(join(tmpdir(), 'tcp-sniffer-file-'));
          path = join(folder, 'messages.jsonl');
          const make = (ms: number) => {
            const { file, clock } = rotating({ compression: compression as 'none' | 'gzip' });
            clock.ms = ms;
            return { file, clock };
          };
          let { file, clock } = make(START);
          await file.open();
          for (const [id, { bytes, clock: ms, restart }] of steps.entries()) {
            clock.ms += ms;
            await write(file, line(id, bytes));
            if (!restart) continue;
            await file.close(false);
            ({ file, clock } = make(clock.ms));
            await file.open();
          }
          await file.close(false);
          const files = contents();
          fs.rmSync(folder, { recursive: true });
          const { 'messages.jsonl': last = '', ...finished } = files;
          const all = [...Object.values(finished), last];
          expect(all.join('')).toBe(steps.map(({ bytes }, id) => line(id, bytes)).join(''));
          for (const text of all) expect(text.length).toBeLessThanOrEqual(1_000);
        },
      ),
      { numRuns: 40 },
    );
    folder = fs.mkdtempSync(join(tmpdir(), 'tcp-sniffer-file-'));
  });

  it('is finished by its age, counted from its first line', async () => {
    const { file, clock } = rotating({ maxAgeMs: 60_000 });
    await file.open();
    clock.ms += 1_000_000;
    expect(file.dueInMs).toBeUndefined();
    await write(file, line(1));
    expect(file.dueInMs).toBe(60_000);
    clock.ms += 59_999;
    expect(file.dueInMs).toBe(1);
    clock.ms += 1;
    expect(file.dueInMs).toBe(0);
    await file.rotate();
    expect(file.dueInMs).toBeUndefined();
    await write(file, line(2));
    await file.close(false);
    expect(Object.values(contents())).toEqual([line(1), line(2)]);
  });

  it('keeps so many finished files, also those of an earlier process, and touches no other file', async () => {
    const others = ['messages.txt', 'messages.2026.jsonl', 'other.20201129T131459123Z.jsonl', 'messages.jsonl.bak'];
    for (const name of others) fs.writeFileSync(join(folder, name), 'theirs');
    const early = ['messages.20201129T131459123Z.jsonl', 'messages.20211129T131459123Z.jsonl.gz'];
    for (const name of early) fs.writeFileSync(join(folder, name), name.endsWith('gz') ? zlib.gzipSync('old') : 'old');
    const { file } = rotating({ maxBytes: 20, maxFiles: 2 });
    await file.open();
    await write(file, line(1), line(2), line(3));
    await file.close(false);
    const left = Object.keys(contents());
    expect(left).toEqual(expect.arrayContaining(others));
    expect(left.filter((name) => !others.includes(name))).toEqual([
      'messages.20261129T131459123Z.jsonl',
      'messages.20261129T131459124Z.jsonl',
      'messages.jsonl',
    ]);
  });

  it.each(['gzip', 'zstd'] as const)('compresses finished files: %s', async (compression) => {
    if (compression === 'zstd' && !('zstdDecompressSync' in zlib)) return;
    // A file that was being compressed when an earlier process ended.
    fs.writeFileSync(join(folder, 'messages.20211129T131459123Z.jsonl.gz.tmp'), 'half');
    fs.writeFileSync(join(folder, 'messages.20211129T131459123Z.jsonl'), line(0));
    const { file, said } = rotating({ maxBytes: 20, compression });
    await file.open();
    await write(file, line(1), line(2));
    await file.close(false);
    const suffix = compression === 'gzip' ? 'gz' : 'zst';
    const names = [
      `messages.20211129T131459123Z.jsonl.${suffix}`,
      `messages.20261129T131459123Z.jsonl.${suffix}`,
      'messages.jsonl',
    ];
    expect(fs.readdirSync(folder).sort()).toEqual(names);
    expect(fs.statSync(join(folder, names[1] ?? '')).mode & 0o777).toBe(0o600);
    const decompress =
      compression === 'gzip'
        ? zlib.gunzipSync
        : (zlib as never as Record<string, typeof zlib.gunzipSync>).zstdDecompressSync;
    expect(names.slice(0, 2).map((name) => decompress?.(fs.readFileSync(join(folder, name))).toString())).toEqual([
      line(0),
      line(1),
    ]);
    expect(said).toEqual([]);
  });

  it('what cannot be compressed stays as it is, and that is said', async () => {
    const { file, said } = rotating({ maxBytes: 20, compression: 'gzip' });
    await file.open();
    // A folder stands where the compressed file is to be.
    fs.mkdirSync(join(folder, 'messages.20261129T131459123Z.jsonl.gz'));
    await write(file, line(1), line(2));
    await file.close(false);
    expect(said).toHaveLength(1);
    expect(fs.readFileSync(join(folder, 'messages.20261129T131459123Z.jsonl'), 'utf8')).toBe(line(1));
  });

  it('may be read by its owner only', async () => {
    const mask = process.umask(0);
    try {
      const { file } = rotating();
      await file.open();
      await file.close(false);
    } finally {
      process.umask(mask);
    }
    expect(fs.statSync(path).mode & 0o777).toBe(0o600);
  });

  it('goes on after the lines of an earlier process, without the one that it did not finish', async () => {
    fs.writeFileSync(path, `${line(1)}${line(2, 200_000)}{"id":"3","bo${'x'.repeat(100_000)}`);
    const { file, said } = rotating({ maxBytes: 1_000_000 });
    await file.open();
    await write(file, line(4));
    await file.close(false);
    expect(fs.readFileSync(path, 'utf8')).toBe(line(1) + line(2, 200_000) + line(4));
    expect(said).toEqual([['cut', 100_013]]);
  });

  it.each([
    ['other JSON', '{\n  "name": "x"\n}'],
    ['JSON in one line without its end', '{"name":"x"}'],
    ['text', 'hello'],
  ])('refuses a file that holds %s', async (_, text) => {
    fs.writeFileSync(path, text);
    await expect(rotating().file.open()).rejects.toThrow('does not hold messages');
    expect(fs.readFileSync(path, 'utf8')).toBe(text);
  });

  it('follows no symbolic link, and is no FIFO, no socket, no device, no folder', async () => {
    const target = join(folder, 'target');
    for (const make of [() => {}, () => fs.writeFileSync(target, '')]) {
      make();
      fs.symlinkSync(target, path);
      await expect(rotating().file.open()).rejects.toThrow('symbolic link');
      fs.rmSync(path);
    }
    expect(fs.readFileSync(target, 'utf8')).toBe('');
    execFileSync('mkfifo', [path]);
    await expect(rotating().file.open()).rejects.toThrow('not a regular file');
    fs.rmSync(path);
    const server = createServer().listen(path);
    await once(server, 'listening');
    await expect(rotating().file.open()).rejects.toThrow('not a regular file');
    server.close();
    await once(server, 'close');
    fs.mkdirSync(path);
    await expect(rotating().file.open()).rejects.toThrow();
    path = '/dev/full';
    await expect(rotating().file.open()).rejects.toThrow();
    path = join(folder, 'missing', 'messages.jsonl');
    await expect(rotating().file.open()).rejects.toThrow('ENOENT');
  });

  it.each([
    ['renamed', () => fs.renameSync(path, `${path}.1`)],
    ['removed', () => fs.rmSync(path)],
  ])('writes to a new file when the old one was %s', async (_, meddle) => {
    const { file } = rotating();
    await file.open();
    await write(file, line(1));
    meddle();
    await write(file, line(2));
    await file.close(false);
    expect(fs.readFileSync(path, 'utf8')).toBe(line(2));
  });

  it('goes on at the end of a file that was emptied', async () => {
    const { file } = rotating();
    await file.open();
    await write(file, line(1));
    fs.truncateSync(path, 0);
    await write(file, line(2));
    await file.close(false);
    expect(fs.readFileSync(path, 'utf8')).toBe(line(2));
  });

  it('takes a file away that was never begun, if it has made it', async () => {
    const { file } = rotating();
    await file.open();
    await file.close(true);
    expect(fs.readdirSync(folder)).toEqual([]);
    fs.writeFileSync(path, '');
    const { file: another } = rotating();
    await another.open();
    await another.close(true);
    expect(fs.readdirSync(folder)).toEqual(['messages.jsonl']);
  });
});
