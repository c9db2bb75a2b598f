// Builds by profile: that a profile which is not used is found, and that zig gets the words that it knows.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
// @ts-expect-error scripts have no types
import { checkProfile } from '../packaging/profile.mjs';

const ROOT = resolve(__dirname, '..');
const missing = (name: string) =>
  `warning: tcp_sniffer.62dd1710f4f64aa3-cgu.0: no profile data available for function ${name} Hash = 74 up to 0 count discarded`;
const WRITES_LINES = '_ZN11tcp_sniffer6encode7Encoder9push_line17hee0c95be857adeacE';

describe('a build by profile', () => {
  it('goes on without data for code that the training does not reach', () => {
    const said = `   Compiling tcp-sniffer\n${missing('_ZN11tcp_sniffer7binding4init17h0E')}\n\n    Finished`;
    expect(checkProfile(said)).toBe('   Compiling tcp-sniffer\n\n    Finished');
  });

  it('is refused without data for the code that writes each line', () => {
    expect(() => checkProfile(`   Compiling tcp-sniffer\n${missing(WRITES_LINES)}`)).toThrow('of other code');
    // As it is named in the source.
    expect(readFileSync(join(ROOT, 'src/encode/mod.rs'), 'utf8')).toMatch(
      /^impl Encoder \{$[\s\S]*?^ {4}pub fn push_line\(/m,
    );
  });

  it('is refused for the image by the same name', () => {
    const name = WRITES_LINES.match(/Encoder9push_line/)?.[0];
    for (const file of ['packaging/profile.mjs', 'docker/Dockerfile'])
      expect(readFileSync(join(ROOT, file), 'utf8')).toContain(name);
  });

  it('trains with traffic that there is', () => {
    const [, kinds = ''] =
      /<<'KINDS'\n([\s\S]*?)\nKINDS\n/.exec(readFileSync(join(ROOT, 'packaging/profile.sh'), 'utf8')) ?? [];
    const known = readFileSync(join(ROOT, 'examples/traffic.rs'), 'utf8');
    const names = kinds.split('\n').map((line) => line.split(' ')[0]);
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) expect(known).toContain(`"${name}" => `);
  });

  it('gives zig the symbol of -u in the form that it knows, and all else as it is', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-zig-'));
    const python = join(folder, 'python');
    writeFileSync(python, '#!/bin/sh\nfor word do printf "%s\\n" "$word"; done\n', { mode: 0o755 });
    try {
      const words = ['-m', 'ziglang', 'cc', '-u', 'a b', '', '-o', 'out'];
      const args = execFileSync(join(ROOT, 'packaging/zig.sh'), words, {
        encoding: 'utf8',
        env: { ...process.env, ZIG_PYTHON: python },
      });
      expect(args.split('\n')).toEqual(['-m', 'ziglang', 'cc', '-Wl,-u,a b', '', '-o', 'out', '']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
