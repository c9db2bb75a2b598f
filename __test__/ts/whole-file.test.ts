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
import { type FileKind, refuseOthers, writeWhole } from '../../ts/command/whole-file';
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

  it.each([
    ['the group alone can be kept: the mode too', false, 0o664],
    ['neither can be kept: its group may do no more than others', true, 0o644],
  ])('where %s', (name, groupToo, mode) => {
    const kept = file(name, 'note 1', 0o664);
    const { uid, gid } = statSync(kept);
    const asked: number[][] = [];
    const chown = (_: number, owner: number, group: number): void => {
      asked.push([owner, group]);
      if (owner !== -1 || groupToo) throw new Error('EPERM');
    };
    writeWhole(kept, 'note 2', NOTE, 0o666, { keepsMode: true, chown });
    expect([readFileSync(kept, 'utf8'), modeOf(kept)]).toEqual(['note 2', mode]);
    expect(asked).toEqual([
      [uid, gid],
      [-1, gid],
    ]);
  });

  it('takes nothing from others for its group', () => {
    const kept = file('for-others', 'note 1', 0o657);
    writeWhole(kept, 'note 2', NOTE, 0o666, {
      keepsMode: true,
      chown: () => {
        throw new Error('EPERM');
      },
    });
    expect(modeOf(kept)).toBe(0o657);
  });

  it('writes to the file that it made, though another one has its name meanwhile', () => {
    const [kept, victim] = [file('swapped', 'note 1', 0o666), file('victim', 'a secret', 0o600)];
    const chown = (): void => {
      const [partial = ''] = partials();
      rmSync(join(folder, partial));
      symlinkSync(victim, join(folder, partial));
    };
    writeWhole(kept, 'note 2', NOTE, 0o666, { keepsMode: true, chown });
    expect([readFileSync(victim, 'utf8'), modeOf(victim)]).toEqual(['a secret', 0o600]);
    rmSync(kept);
  });

  it('leaves the part of another process alone, with the same number too', () => {
    const path = join(folder, 'new');
    const there = file(`new.${process.pid}.partial`, 'not ours');
    writeWhole(path, 'note', NOTE, 0o600);
    expect([readFileSync(path, 'utf8'), readFileSync(there, 'utf8')]).toEqual(['note', 'not ours']);
    rmSync(there);
  });

  it('refuses a link to a file that is not there', () => {
    const link = join(folder, 'dangling');
    symlinkSync(join(folder, 'nowhere'), link);
    expect(() => writeWhole(link, 'note', NOTE, 0o600)).toThrow('is a link to a file that is not there');
    expect(() => refuseOthers(link, NOTE)).toThrow(ValidationError);
    expect([lstatSync(link).isSymbolicLink(), partials()]).toEqual([true, []]);
  });

  it('writes what is no regular file as it is', () => {
    writeWhole('/dev/null', 'note', NOTE, 0o600);
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });
});
