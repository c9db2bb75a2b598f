/** Several writers on one terminal that takes their text slowly: a pipe that is full most of the time. */

import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TerminalStream } from '../../ts/command/terminal/stream';

const ERASE = '\r\x1b[K';
const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-stream-'));
let reader = -1;
let terminal: TerminalStream;
let shown = '';

beforeEach(() => {
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  terminal = new TerminalStream(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
  rmSync(fifo);
  shown = '';
});
afterEach(() => {
  terminal.destroy();
  closeSync(reader);
});

/** So much of what is there; whether there was something. */
function look(bytes = 1 << 20): boolean {
  const buffer = Buffer.alloc(bytes);
  try {
    const count = readSync(reader, buffer);
    shown += buffer.toString('latin1', 0, count);
    return count > 0;
  } catch {
    return false;
  }
}

async function lookUntil(settled: Promise<unknown>, bytes?: number): Promise<void> {
  let over = false;
  void settled.then(() => {
    over = true;
  });
  while (!over) {
    look(bytes);
    await sleep(1);
  }
  while (look());
}

describe('one terminal', () => {
  it('never has a status or a word in the middle of a line', async () => {
    const rows = Array.from({ length: 5_000 }, (_, n) => `line ${n} ${'x'.repeat(n % 90)}`);
    const written = new Promise<void>((resolve) => {
      for (let n = 0; n < rows.length; n += 500) {
        const lines = rows.slice(n, n + 500).map((row) => `${row}\n`);
        terminal.write(lines.join(''), () => {
          if (n + 500 === rows.length) resolve();
        });
      }
    });
    let ticks = 0;
    const timer = setInterval(() => {
      terminal.showStatus(`status ${++ticks}`);
      terminal.say(`word ${ticks}\n`);
    }, 5);
    await lookUntil(written, 3_000);
    clearInterval(timer);
    terminal.showStatus('');
    await lookUntil(terminal.drained(1_000));
    expect(ticks).toBeGreaterThan(10);
    expect(shown).toMatch(/\nstatus \d+\r/);
    // As the terminal shows it: a status is written over from its first column on.
    const stay = shown.split('\n').map((row) => row.slice(row.lastIndexOf(ERASE) + 1).replace('\x1b[K', ''));
    expect(stay.filter((row) => row.startsWith('line'))).toEqual(rows);
    expect(stay.filter((row) => row.startsWith('word')).length).toBe(ticks);
    expect(stay.length).toBe(rows.length + ticks + 1);
    expect(stay.at(-1)).toBe('');
  });

  it('has the status again behind what is written over it, and none when it is taken away', async () => {
    terminal.showStatus('1%');
    await new Promise((resolve) => terminal.write('word\n', resolve));
    terminal.showStatus('2%');
    terminal.showStatus('');
    terminal.showStatus('');
    look();
    expect(shown).toBe(`${ERASE}1%${ERASE}word\n1%${ERASE}2%${ERASE}`);
  });

  it('that is stopped holds nobody up: words are lost past a limit, and the end waits so long', async () => {
    const words = `${'w'.repeat(999)}\n`;
    for (let n = 0; n < 10_000; n++) terminal.say(words);
    expect(terminal.writableLength).toBeLessThan(2 * 1024 * 1024);
    await terminal.drained(50);
    look();
    expect(shown.startsWith(words)).toBe(true);
  });

  it('that is gone is no error', async () => {
    closeSync(reader);
    terminal.say('word\n');
    await sleep(10);
    terminal.say('word\n');
    terminal.showStatus('1%');
    await terminal.drained(50);
    expect(terminal.destroyed).toBe(true);
    reader = openSync('/dev/null', 'r');
  });
});
