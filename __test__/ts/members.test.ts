import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Members } from '../../ts/exchange/members';

/** An object as its reader finds it: strings unescaped, numbers, objects; what else there is stays out. */
function read(text: string): Record<string, unknown> {
  const bytes = Buffer.from(text);
  const members = new Members();
  members.begin(bytes, bytes.toString('latin1'), 0);
  return readObject(members);
}

function readObject(members: Members): Record<string, unknown> {
  const found: [string, unknown][] = [];
  while (members.next()) {
    // Known names only, as in the engine's lines.
    const name = NAMES.find((each) => members.is(each));
    expect(NAMES.filter((each) => each.length === members.nameLength && members.is(each))).toHaveLength(name ? 1 : 0);
    if (name === undefined) continue;
    if (members.enter()) {
      found.push([name, readObject(members)]);
      members.leave();
    } else if (name.startsWith('n')) found.push([name, members.number()]);
    else found.push([name, unescaped(members.string())]);
  }
  return Object.fromEntries(found);
}

const unescaped = (json: string): string => JSON.parse(`"${Buffer.from(json, 'latin1').toString()}"`);

const NAMES = ['s', 'text', 'n', 'number', 'o', 'object'];

const text = fc.string({ unit: 'binary', maxLength: 80 }).map((each) => each.replace(/[\ud800-\udfff]/g, '\\"'));
const { object } = fc.letrec<{ object: Record<string, unknown> }>((tie) => ({
  object: fc.record(
    {
      s: text,
      text,
      n: fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0),
      number: fc.integer(),
      o: tie('object'),
      object: tie('object'),
      other: fc.jsonValue(),
      '"': text,
    },
    { requiredKeys: [] },
  ),
}));

/** The same without what is not read. */
function known(value: Record<string, unknown>): Record<string, unknown> {
  const pairs = Object.entries(value).filter(([name]) => NAMES.includes(name));
  return Object.fromEntries(
    pairs.map(([name, each]) => [
      name,
      typeof each === 'object' ? known(each as Record<string, unknown>) : Object.is(each, -0) ? 0 : each,
    ]),
  );
}

it('reads what JSON.parse reads', () => {
  fc.assert(
    fc.property(object, (value) => {
      expect(read(JSON.stringify(value))).toEqual(known(value));
    }),
  );
});

it('finds the end of a long string by what follows it, or by itself', () => {
  const part = fc.constantFrom('"', ',', '\\', '}', ':', 'a', '",', '","', 'x'.repeat(60), 'ü');
  const long = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''));
  const follows = fc.record({ t: long, u: fc.record({ v: long, w: long }), n: fc.nat() }, { requiredKeys: [] });
  fc.assert(
    fc.property(long, follows, long, (body, rest, later) => {
      const line = JSON.stringify({ s: 1, body, ...rest });
      const bytes = Buffer.from(`${line}\n${JSON.stringify({ body: later, s: '' })}\n`);
      const members = new Members();
      members.begin(bytes, bytes.toString('latin1'), 0);
      const found: Record<string, string> = {};
      while (members.next()) {
        if (members.is('body')) found.body = unescaped(members.longString(Buffer.byteLength(line)));
        else if (members.is('t')) found.t = unescaped(members.string());
      }
      expect(found).toEqual(rest.t === undefined ? { body } : { body, t: rest.t });
    }),
  );
});

it('comes to an end with any bytes', () => {
  const broken = fc.tuple(object, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
    const bytes = Buffer.from(JSON.stringify(value));
    bytes[at % bytes.length] = byte;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(broken, fc.uint8Array().map(Buffer.from)), (bytes) => {
      const members = new Members();
      let count = 0;
      try {
        members.begin(bytes, bytes.toString('latin1'), 0);
        while (members.next()) count++;
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
      expect(count).toBeLessThanOrEqual(bytes.length);
    }),
  );
});

it('is cut at every byte without a wrong member', () => {
  const whole = '{"s":"a\\"b","n":-1.5e3,"o":{"text":"\\\\","n":2},"object":{},"other":[{"s":"x"},"]"]}';
  expect(read(whole)).toEqual({ s: 'a"b', n: -1500, o: { text: '\\', n: 2 }, object: {} });
  for (let end = 0; end < whole.length; end++) expect(() => read(whole.slice(0, end))).toThrow();
});
