// The help: one screen first, every flag in one topic, nothing wider than the terminal that it is made for.

import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ALL_FLAGS } from '../../ts/command/flags';
import { SCREEN_ROWS, screen, topic } from '../../ts/command/help';
import { OPTIONS } from '../../ts/config/options';
import { TOPICS } from '../../ts/config/topics';
import { KEY_NAMES, parseFilter } from '../../ts/filter';

const CLI = join(process.env.TEST_DIST as string, 'cli.js');
const run = (...args: string[]): string => execFileSync(process.execPath, [CLI, ...args], { encoding: 'utf8' });
const widest = (text: string): number => Math.max(...text.split('\n').map((row) => row.length));

describe('the help', () => {
  it('is one screen first, with a row for the prompt', () => {
    expect(run('help')).toBe(screen());
    expect(screen().split('\n').length).toBeLessThanOrEqual(SCREEN_ROWS);
    expect(widest(screen())).toBeLessThanOrEqual(80);
    expect(run('--help').startsWith(screen())).toBe(true);
  });

  it('has each flag in one topic, and each topic has flags', () => {
    const all = run('help', 'all');
    expect(run('--help')).toBe(all);
    for (const name of Object.keys(TOPICS)) expect(ALL_FLAGS.filter((flag) => flag.topic === name)).not.toEqual([]);
    const groups = all.slice(screen().length).match(/^ {2}-[\w-]*(?:, --[\w-]+)?/gm) ?? [];
    for (const { flag } of ALL_FLAGS) {
      const [name = ''] = flag.match(/^-[\w-]*(?:, --[\w-]+)?/) ?? [];
      expect(groups.filter((found) => found.trim() === name)).toHaveLength(1);
    }
    expect(widest(all)).toBeLessThanOrEqual(80);
  });

  it('forgets no option that has a flag', () => {
    for (const [field, row] of Object.entries(OPTIONS)) expect([field, 'topic' in row]).toEqual([field, 'help' in row]);
  });

  it.each(Object.keys(TOPICS))('explains %s', (name) => {
    const text = run('help', name);
    for (const { flag } of ALL_FLAGS.filter((each) => each.topic === name)) expect(text).toContain(`  ${flag}`);
    expect(widest(text)).toBeLessThanOrEqual(80);
  });

  it('keeps words off the examples', () => {
    for (const name of Object.keys(TOPICS)) expect(topic(name)).not.toMatch(/\.pcap\w/);
    expect(topic('reading')).toContain('--follow capture.pcap  while it is written\n');
  });

  it('shows filters that are right, of every key', () => {
    const text = topic('filter');
    expect(text).toBe(run('--help', 'filters'));
    const [keys = ''] = text.split('filters: ');
    const examples = [...keys.matchAll(/^ {2}(\w[\w.]*) .* {3}(.*)$/gm)].map(([, , example = '']) => example);
    expect(examples).toHaveLength(KEY_NAMES.length);
    for (const example of examples) parseFilter(example);
    for (const [, example = ''] of keys.matchAll(/--filter '(.*)'/g)) parseFilter(example);
  });

  it('explains a flag, and a command', () => {
    expect(run('help', 'max-body-size')).toContain('default: 1048576');
    expect(run('help', '-r')).toContain("'-' is stdin");
    expect(run('help', 'interfaces')).toContain('Usage: tcp-sniffer interfaces');
    expect(run('help', 'injector')).toContain('--tls-dir');
  });

  it.each([
    [['help', 'fromats'], "help has nothing about 'fromats'; did you mean formats?"],
    [['help', 'quark'], "help has nothing about 'quark'; there are: reading, filters"],
    [['help', 'tls', 'filter'], 'help takes one topic, got 2'],
    [['hlep'], 'did you mean help?'],
  ])('%j: %s', (args, words) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([1, '']);
    expect(JSON.parse(stderr)).toMatchObject({ message: expect.stringContaining(words) });
  });
});
