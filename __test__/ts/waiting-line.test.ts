import { describe, expect, it } from 'vitest';
import { WaitingLine } from '../../ts/outputs/waiting-line';

const of = (...lines: string[]) => ({
  lines: Buffer.from(lines.map((line) => `${line}\n`).join('')),
  messages: lines.length,
});

describe('WaitingLine', () => {
  it.each([
    [1, Number.POSITIVE_INFINITY, ['a\n', 'bb\n', 'ccc\n', 'd\n']],
    [2, Number.POSITIVE_INFINITY, ['a\nbb\n', 'ccc\n', 'd\n']],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, ['a\nbb\nccc\n', 'd\n']],
    [Number.POSITIVE_INFINITY, 5, ['a\nbb\n', 'ccc\n', 'd\n']],
    [Number.POSITIVE_INFINITY, 6, ['a\nbb\n', 'ccc\n', 'd\n']],
    [Number.POSITIVE_INFINITY, 0, ['a\n', 'bb\n', 'ccc\n', 'd\n']],
  ])('gives whole lines from the front: %s messages, %s bytes', (maxMessages, maxBytes, expected) => {
    const line = new WaitingLine();
    line.push(of('a', 'bb', 'ccc'));
    line.push(of('d'));
    const taken: string[] = [];
    let messages = 0;
    for (let slice = line.take(maxMessages, maxBytes); slice !== undefined; slice = line.take(maxMessages, maxBytes)) {
      taken.push(slice.lines.toString());
      messages += slice.messages;
      expect(line.messages).toBe(4 - messages);
    }
    expect(taken).toEqual(expected);
    expect({ messages, left: line.messages, bytes: line.bytes, since: line.since }).toEqual({
      messages: 4,
      left: 0,
      bytes: 0,
      since: undefined,
    });
  });

  it('counts a batch until its last line is taken, and small ones for more than they are', () => {
    const line = new WaitingLine();
    line.push(of('a', 'b'), 7);
    const whole = line.bytes;
    expect(whole).toBeGreaterThan(500);
    expect(line.since).toBe(7);
    line.take(1, 0);
    expect(line).toMatchObject({ bytes: whole, messages: 1, frontBytes: 2 });
    line.take(1, 0);
    expect(line).toMatchObject({ bytes: 0, messages: 0, frontBytes: 0 });
  });

  it('never parts from the count that it was given, whatever the lines are', () => {
    const line = new WaitingLine();
    line.push({ lines: Buffer.from('a\nb'), messages: 5 });
    line.push({ lines: Buffer.alloc(0), messages: 0 });
    expect(line.take(1, 0)).toMatchObject({ messages: 1 });
    expect(line.take(1, 0)).toMatchObject({ messages: 4 });
    expect(line.take(1, 0)).toBeUndefined();
  });

  it('is emptied at once', () => {
    const line = new WaitingLine();
    for (let i = 0; i < 100; i++) line.push(of('a', 'b'));
    line.take(3, 100);
    expect(line.clear()).toBe(198);
    expect(line).toMatchObject({ messages: 0, bytes: 0 });
  });

  it('lets a large batch go when all its lines are taken and nobody needs one of them', () => {
    const line = new WaitingLine();
    let gone = 0;
    const large = () => ({ ...of('a', 'bb'), letGo: () => gone++ });
    line.push(large());
    const [first, second] = [line.take(1, 0), line.take(1, 0)];
    second?.letGo?.();
    expect(gone).toBe(0);
    first?.letGo?.();
    expect(gone).toBe(1);
    line.push(large());
    line.push(large());
    const taken = line.take(1, 0);
    line.clear();
    expect(gone).toBe(2);
    taken?.letGo?.();
    expect(gone).toBe(3);
    line.push({ lines: Buffer.alloc(0), messages: 0, letGo: () => gone++ });
    expect(gone).toBe(4);
  });
});
