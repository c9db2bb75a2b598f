/** Files that are there whole or not at all, and whose they are. */

import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type FileKind, writeWhole } from '../../ts/command/whole-file';
import { ValidationError } from '../../ts/errors';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-whole-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NOTE: FileKind = { head: /^note/, name: 'note', field: 'output', flag: '--output' };
const file = (name: string, text: string, mode = 0o644): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};
const modeOf = (path: string): number => statSync(path).mode & 0o777;
const partials = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.partial'));

describe('writeWhole', () => {
  it('replaces a file of its kind, and leaves any other one', () => {
    const [own, other] = [file('own', 'note 1', 0o640), file('other', 'a letter')];
    writeWhole(own, 'note 2', NOTE, 0o600);
    expect([readFileSync(own, 'utf8'), modeOf(own)]).toEqual(['note 2', 0o600]);
    expect(() => writeWhole(other, 'note', NOTE, 0o600)).toThrow(ValidationError);
    expect([readFileSync(other, 'utf8'), partials()]).toEqual(['a letter', []]);
  });

  it('keeps who may read it where that is asked for, and a link', () => {
    const kept = file('kept', 'note 1', 0o640);
    const link = join(folder, 'link');
    symlinkSync(kept, link);
    writeWhole(link, 'note 2', NOTE, 0o666, { keepsMode: true });
    expect([readFileSync(kept, 'utf8'), modeOf(kept), lstatSync(link).isSymbolicLink()]).toEqual([
      'note 2',
      0o640,
      true,
    ]);
  });

  // Another user cannot give files away.
  it.runIf(process.getuid?.() === 0)('keeps its owner there, and not of what only the owner may read', () => {
    const [kept, own] = [file('of-another', 'note 1'), file('private', 'note 1')];
    for (const path of [kept, own]) chownSync(path, 4_321, 5_432);
    writeWhole(kept, 'note 2', NOTE, 0o666, { keepsMode: true });
    writeWhole(own, 'note 2', NOTE, 0o600);
    const ownerOf = (path: string): number[] => [statSync(path).uid, statSync(path).gid];
    expect(ownerOf(kept)).toEqual([4_321, 5_432]);
    expect(ownerOf(own)).toEqual([process.getuid?.(), process.getgid?.()]);
  });

  it('leaves a file alone that has the name of the part', () => {
    const path = join(folder, 'new');
    const there = file(`new.${process.pid}.partial`, 'not ours');
    expect(() => writeWhole(path, 'note', NOTE, 0o600)).toThrow('EEXIST');
    expect(readFileSync(there, 'utf8')).toBe('not ours');
    rmSync(there);
  });

  it('writes what is no regular file as it is', () => {
    writeWhole('/dev/null', 'note', NOTE, 0o600);
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });
});
