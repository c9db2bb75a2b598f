// The decisions of the release script.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
// @ts-expect-error scripts have no types
import { repositoryOf, withAbsoluteLinks } from '../packaging/readme.mjs';
// @ts-expect-error scripts have no types
import * as release from '../scripts/release.mjs';

const { bumped, changelogComplaint, repositoryComplaint, versionComplaint, withRepository } = release;
const ROOT = join(__dirname, '..');
const text = (path: string) => readFileSync(join(ROOT, path), 'utf8');

describe('the changelog', () => {
  const good =
    '# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-11-24\n\n### Added\n\n- More.\n\n## [1.2.2] - 2026-01-01\n';
  it.each([
    ['says what is new', good, undefined],
    ['has no such section', good.replace('[1.2.3]', '[1.2.30]'), 'no section'],
    ['has no date', good.replace(' - 2026-11-24', ''), 'no date'],
    ['says nothing', good.replace('- More.', ''), 'says nothing'],
    ['is empty', '', 'no section'],
  ])('%s', (_, changelog, word) => {
    const complaint = changelogComplaint(changelog, '1.2.3');
    if (word === undefined) expect(complaint).toBeUndefined();
    else expect(complaint).toContain(word);
  });
});

it.each([
  ['1.2.3', '1.2.3', undefined],
  ['1.10.0', '1.9.9', undefined],
  ['1.2.2', '1.2.3', 'older'],
  ['1.2', '1.1.0', 'no version'],
  ['1.2.3-rc.1', '1.1.0', 'no version'],
])('version %s after %s', (version, current, word) => {
  const complaint = versionComplaint(version, current);
  if (word === undefined) expect(complaint).toBeUndefined();
  else expect(complaint).toContain(word);
});

describe('a bump changes the version of ours, there and back, and nothing else', () => {
  const { version } = JSON.parse(text('package.json'));
  const npm = readdirSync(join(ROOT, 'npm')).map((folder) => `npm/${folder}/package.json`);
  const cargo = ['Cargo.toml', 'Cargo.lock', 'launcher/Cargo.toml', 'fuzz/Cargo.lock'];
  const deploy = ['deploy/helm/tcp-sniffer/Chart.yaml', 'deploy/kustomize/injector.yaml'];
  it.each(['package.json', 'package-lock.json', ...cargo, ...npm, ...deploy])('%s', (path) => {
    const after = bumped(path, text(path), version, '98.76.54');
    expect(after).not.toBe(text(path));
    expect(bumped(path, after, '98.76.54', version)).toBe(text(path));
  });

  it('and fails where a file does not say it', () => {
    expect(() => bumped('Cargo.toml', '[package]\n', '1.0.0', '1.0.1')).toThrow('Cargo.toml');
  });
});

describe('where the project lives', () => {
  const manifest = text('package.json');
  const filled = withRepository(manifest, 'https://git.example/team/sniffer');

  it('stands in three fields, and a release asks for it', () => {
    const { repository, homepage, bugs } = JSON.parse(filled);
    expect(repository.url).toBe('git+https://git.example/team/sniffer.git');
    expect(homepage).toBe('https://git.example/team/sniffer#readme');
    expect(bugs).toBe('https://git.example/team/sniffer/issues');
    expect(repositoryComplaint(filled)).toBeUndefined();
    expect(repositoryComplaint(withRepository(manifest, 'https://github.com/OWNER/tcp-sniffer'))).toContain(
      '--repository',
    );
  });

  it.each(['', 'git@git.example:team/sniffer', 'http://git.example/team/sniffer', 'https://git.example/'])(
    'not %s',
    (url) => {
      expect(() => withRepository(manifest, url)).toThrow('https address');
    },
  );

  it('the README on npm has absolute links only', () => {
    const readme = withAbsoluteLinks(text('README.md'), repositoryOf(JSON.parse(filled)), '1.2.3');
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target);
    expect(links).toContain('https://git.example/team/sniffer/blob/v1.2.3/docs/messages.md');
    expect(links).toContain('https://git.example/team/sniffer/raw/v1.2.3/docs/terminal.svg');
    expect(links.filter((target) => !/^(https:|#)/.test(target ?? ''))).toEqual([]);
  });
});
