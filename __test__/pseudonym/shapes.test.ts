/** The shapes of pseudonyms, and the parts that stay as they are. */

import { describe, expect, test } from 'vitest';
import { replaceBody } from '../../ts/pseudonym/body';
import { replaceFields } from '../../ts/pseudonym/fields';
import { PseudonymizedLines } from '../../ts/pseudonym/lines';
import { isCard } from '../../ts/pseudonym/pseudonyms';
import { Replacer } from '../../ts/pseudonym/replacer';
import { isName, isSecretName } from '../../ts/pseudonym/text';
import type { HttpMessage } from '../../ts/types';
import { expectLinear } from '../growth';

const replacer = new Replacer();
const value = (text: string): string => replacer.value(text);

describe('a pseudonym has the shape of', () => {
  test.each([
    ['an e-mail address', 'anna.b@shop.test', /^[a-z]{4}\.[a-z]@h[\da-z]{10}\.example$/],
    ['an IPv4 address', '10.1.2.3', /^2[45]\d\.\d+\.\d+\.\d+$/],
    ['an IPv6 address', 'fe80::1', /^2001:db8(:[\da-f]{4}){6}$/],
    ['a host', 'api.shop.test', /^h[\da-z]{10}\.example$/],
    ['a UUID', '0190163d-8694-739b-aea5-966c26f8ad91', /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-a[\da-f]{3}-[\da-f]{12}$/],
    ['a card', '4111 1111 1111 1111', /^9000 \d{4} \d{4} \d{4}$/],
    ['a day', '1980-02-29', /^(19[67]|20)\d+-\d\d-\d\d$|^19[89]\d-\d\d-\d\d$/],
    ['a token', 'sk_live_4eC39HqLyjWD', /^[a-z]{2}_[a-z]{4}_\d[a-z][A-Z]\d\d[A-Z][a-z][A-Z][a-z]{2}[A-Z]{2}$/],
    ['an id of a trace', '4bf92f3577b34da6a3ce929d0e0e4736', /^[\da-f]{32}$/],
    ['a sentence', 'Hello, world 12!', /^[A-Z][a-z]{4}, [a-z]{5} [1-9]{2}!$/],
  ])('%s', (_, text, shape) => {
    expect(value(text)).toMatch(shape);
    expect(value(text)).not.toBe(text);
    expect(value(text)).toBe(value(text));
  });

  test('a card, whose last digit fits, and which no issuer has', () => {
    const card = value('4111-1111-1111-1111').replaceAll('-', '');
    expect([isCard(card), card.startsWith('9000')]).toEqual([true, true]);
    expect(value('4111111111111111')).toBe(card);
    expect(replacer.json('[4111111111111111]')).toBe(`[${card}]`);
  });
});

/** A reader of JSON that sees numbers one after the other would keep each, since it is short. */
test.each(['4111-1111-1111-1111', '4111 1111 1111 1111', '555-1234', '555 1234', '1 2 3-4', 'true 4111-1111'])(
  'numbers side by side are no JSON: %s',
  (text) => {
    for (const whole of [text, `[${text}]`, `{"a":${text}}`, `{"a":1}\n${text}`])
      for (const type of ['', 'application/json', 'text/plain', 'text/event-stream'])
        expect(replaceBody(whole, type, replacer)).not.toContain(text);
  },
);

test('JSON texts in lines of their own stay JSON, and so do lists of numbers', () => {
  for (const text of [
    '{"a":1}\n{"a":2}\n',
    '1\n2\n',
    '[1,2,3]',
    '\u001e1\u001e2',
    '[1, 2, {"a": 3}, 4]',
    '{"a":1}{"b":2}',
  ])
    expect(replaceBody(text, '', replacer)).toBe(text);
});

describe('equal in', () => {
  test('texts and values, JSON in JSON, URLs and hosts', () => {
    const token = value('s3cr3tT0ken');
    expect(value('Bearer s3cr3tT0ken.')).toContain(token);
    expect(value('{"a":"{\\"b\\":\\"s3cr3tT0ken\\"}"}')).toBe(`{"a":"{\\"b\\":\\"${token}\\"}"}`);
    const host = value('shop.test');
    expect(value('https://shop.test:8443/v1/a?b=s3cr3tT0ken')).toBe(`https://${host}:8443/v1/a?b=${token}`);
    expect(replacer.authority('SHOP.test:80')).toBe(`${host}:80`);
    expect(value('x@shop.test').split('@')[1]).toBe(host);
  });
});

describe('stays:', () => {
  test.each([
    '',
    'active',
    'OK',
    '17',
    '-3',
    '19.99',
    '2024-05-17T14:02:58.006Z',
    '[REDACTED]',
    '127.0.0.1',
    '::1',
    '*',
  ])('the value %j', (text) => expect(value(text)).toBe(text));

  test.each(['active', '17', '19.99', '***'])('but not in a secret field: %j', (text) => {
    expect(replacer.valueOf('password', text)).not.toBe(text);
  });

  test.each([
    'userId',
    'x-api-version',
    '$ref',
    'soap:Envelope',
    'shop.v1.Cart',
    'items[]',
    'index.html',
    'addressLine1',
    'shippingAddressOfCustomer',
    'ORDER_STATUS_NOTIFICATIONS',
    'X-Amz-SignedHeaders',
    'com.example.shop.v1.CartServiceStub',
  ])('the name %j', (name) => expect(isName(name)).toBe(true));

  test.each([
    'anna@shop.test',
    'sk_live_4eC39HqLyjWD3Xk',
    'two words',
    '123456',
    'shop.test',
    '10.0.0.1',
    'ASIAEJJAWDUPSSUAEYCK',
    'HEFCMSwpYvYp-_wh_qTseZ',
    'D33JK-K9aQZzB-FEvHW2n',
    'Nty16_yrFq_YrqejrClms',
    'kdg2bwJ_NzqjBLsmMojgn',
    'sk_live_QtEnPddcAfodzjFyiOipmoUL',
    'c0-3c-db-ac-f8-e2',
  ])('not the name %j', (name) => expect(isName(name)).toBe(false));

  test('the path, where it is words', () => {
    expect(replacer.target('/v1/orders/17/items.json?page=2&sort=asc')).toBe(
      '/v1/orders/17/items.json?page=2&sort=asc',
    );
    expect(replacer.target('/users/anna%40shop.test')).toMatch(/^\/users\/[a-z]{4}%40h[\da-z]{10}\.example$/);
    expect(replacer.target('/o/4bf92f3577b34da6?x')).toMatch(/^\/o\/[\da-f]{16}\?[a-z]$/);
    expect(replacer.target('/reset/hunter')).toMatch(/^\/reset\/hunter$/);
    expect(replacer.target('/token/hunter')).not.toContain('hunter');
  });
});

test('nothing of a secret field stays, whatever form it has', () => {
  const LEFT = /open|2024|14:02|14%3A02|006Z/;
  // A pseudonym may have four such digits by chance: what stays, stays with every key.
  const replacers = [replacer, new Replacer(), new Replacer(), new Replacer()];
  for (const text of [
    'https://open.test/open?open=open&open#open',
    'open-1 2024-05-17T14:02:58.006Z',
    '2024-05-17T14:02:58.006Z',
    'open://open',
    '{"a":"ftp://open/open"}',
  ]) {
    for (const replace of [
      (each: Replacer) => each.valueOf('password', text),
      (each: Replacer) => each.pairs(`password=${encodeURIComponent(text)}`),
      // No percent-encoding of UTF-8.
      (each: Replacer) => each.pairs(`password=%ff ${text}`),
      (each: Replacer) => each.path(`/token/${encodeURIComponent(text)}`),
      (each: Replacer) => each.path(`/token/%ff${text.replaceAll('/', ':')}`),
      (each: Replacer) => each.json(JSON.stringify({ password: [text] })) ?? '',
    ]) {
      const outs = replacers.map(replace);
      expect(
        outs.every((out) => LEFT.test(out)),
        `${text}: ${outs.join(' ')}`,
      ).toBe(false);
    }
  }
});

test('names of secret fields', () => {
  expect(isSecretName(`${'a'.repeat(100)}_password`)).toBe(true);
  expect(isSecretName(`password_${'a'.repeat(100)}`)).toBe(true);
  for (const name of ['password', 'Pass_Word', 'x-api-key', 'sessionId', 'user_token', 'cvv', 'clientSecret'])
    expect(isSecretName(name), name).toBe(true);
  for (const name of ['id', 'author', 'keyboard', 'description', 'state']) expect(isSecretName(name), name).toBe(false);
});

test('all that belongs to a secret member is replaced, and nothing after it', () => {
  expect(replacer.json('{"credentials":{"pin":1234,"list":["open",[true]]},"state":"open","pin":4}')).toMatch(
    /^\{"credentials":\{"pin":[1-9]{4},"list":\["(?!open)[a-z]{4}",\[true\]\]\},"state":"open","pin":[1-9]\}$/,
  );
});

test('fields: those of the protocol stay, with what names one thing replaced', () => {
  const fields = replaceFields(
    {
      accept: 'text/html, */*;q=0.8',
      'content-type': 'multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW',
      date: 'Fri, 17 May 2024 14:02:58 GMT',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      'cache-control': 'max-age=3600, no-cache',
      authorization: 'Basic YW5uYTpodW50ZXIy',
      'set-cookie': 'a=open; Path=/cart; SameSite=Lax; Domain=.shop.test',
    },
    replacer,
  );
  expect(fields).toMatchObject({
    accept: 'text/html, */*;q=0.8',
    date: 'Fri, 17 May 2024 14:02:58 GMT',
    'cache-control': 'max-age=3600, no-cache',
  });
  expect(fields['content-type']).toMatch(/^multipart\/form-data; boundary=----(?!WebKit)\w+$/);
  expect(fields.traceparent).toMatch(/^00-(?!4bf9)[\da-f]{32}-(?!00f0)[\da-f]{16}-01$/);
  expect(fields['set-cookie']).toMatch(/^a=(?!open)[a-z]{4}; Path=\/cart; SameSite=Lax; Domain=\.h\w{10}\.example$/);
  const pair = Buffer.from(fields.authorization?.slice('Basic '.length) ?? '', 'base64').toString();
  expect(pair).toBe(`${value('anna')}:${value('hunter2')}`);
});

describe('the field', () => {
  const field = (name: string, text: string): string | undefined => replaceFields({ [name]: text }, replacer)[name];
  const file = replacer.text('anna-smith.pdf');

  test.each([
    ['attachment; filename="anna-smith.pdf"', `attachment; filename="${file}"`],
    ['Attachment;filename = anna-smith.pdf', `Attachment;filename = ${file}`],
    ["inline; filename*=UTF-8''anna-smith.pdf", `inline; filename*=UTF-8''${file}`],
    ['form-data; name="a;b"; filename="a\\";anna=anna-smith.pdf"', undefined],
    ["inline; filename*=UTF-8''anna%2Dsm%69th.pdf; filename=anna-smith.pdf", undefined],
    ['anna', value('anna')],
    ['; anna; filename="anna-smith.pdf', `; ${value('anna')}; filename="${file}`],
    ['inline; filename="anna\\', `inline; filename="${value('anna')}\\`],
  ])('Content-Disposition: %s keeps its type and the names of its parameters', (text, expected) => {
    const out = field('content-disposition', text);
    if (expected !== undefined) expect(out).toBe(expected);
    expect(out).not.toMatch(/anna|smith/);
    expect(out?.replace(/[^;]/g, '')).toBe(text.replace(/[^;]/g, ''));
  });

  test.each(['utf-8', 'UTF-8', 'utf8', 'utf-16le', 'iso-8859-15', 'windows-1252', 'us-ascii', 'shift_jis', 'gb2312'])(
    'Content-Type keeps the character set %s',
    (charset) => {
      for (const type of [`text/html;charset=${charset}`, `text/html; charset="${charset}"`])
        expect(field('content-type', type)).toBe(type);
    },
  );

  test.each(['sec-websocket-protocol', 'x-requested-with'])('%s says nothing', (name) => {
    expect(field(name, 'hunter, com.shop.anna')).toBe(`${value('hunter')}, ${value('com.shop.anna')}`);
  });
});

describe('a body', () => {
  test('of events keeps the names of its lines', () => {
    const text = 'event: order\ndata: {"user":"anna"}\n\n';
    expect(replaceBody(text, 'text/event-stream', replacer)).toBe(
      `event: ${value('order')}\ndata: {"user":"${value('anna')}"}\n\n`,
    );
  });

  test('in parts keeps the names of its fields, and its boundary fits', () => {
    const text = [
      '--b0undary12345678',
      'Content-Disposition: form-data; name="user"; filename="anna.png"',
      'Content-Type: image/png',
      '',
      'anna',
      '--b0undary12345678--',
      '',
    ].join('\r\n');
    const out = replaceBody(text, 'multipart/form-data; boundary=b0undary12345678', replacer);
    const boundary = value('b0undary12345678');
    expect(out.split('\r\n')).toEqual([
      `--${boundary}`,
      expect.stringMatching(/^Content-Disposition: form-data; name="user"; filename="[^"]*"$/),
      'Content-Type: image/png',
      '',
      value('anna'),
      `--${boundary}--`,
      '',
    ]);
    expect(out).not.toContain('anna');
  });

  test.each(['hunter', '----hunter', '123', 'active', 'a--', '4111111111111111', '2024-05-17T14:02:58Z', "a:b'c d"])(
    'in parts has the boundary %j of its field',
    (boundary) => {
      const type = `multipart/form-data; Boundary="${boundary}"; a=b`;
      const out = replaceFields({ 'content-type': type }, replacer)['content-type'] ?? '';
      const text = replacer.text(boundary);
      expect(out).toBe(type.replace(boundary, text));
      expect(replaceBody(`--${boundary}\r\n\r\n1\r\n--${boundary}--\r\n`, type, replacer)).toBe(
        `--${text}\r\n\r\n1\r\n--${text}--\r\n`,
      );
      if (/[\w]/.test(boundary) && !boundary.includes('T14')) expect(out).not.toContain(`"${boundary}"`);
    },
  );

  test.each(['"', '[1,', '{"a":1', '"\\x"', '}', '[1}x', '\u0001'])('%j is no JSON', (text) => {
    expect(replacer.json(text)).toBeUndefined();
  });

  test.each(['a', '"', '[', '!a', ':1', '1-', 'a@', 'http://'])(
    'of many characters is replaced in a time in proportion: %s',
    (piece) => {
      const textOf = (times: number): string => piece.repeat(times);
      expectLinear(1 << 13, textOf, (text) => {
        const out = replaceBody(text, '', new Replacer());
        // Nothing is hidden of what has no letter and no digit, except in JSON.
        if (/[a1]/.test(text)) expect([out.length > text.length / 4, out === text]).toEqual([true, false]);
      });
    },
  );

  test('of many backslashes is replaced in a time in proportion', () => {
    const textOf = (times: number): string => `"${'\\\\'.repeat(times)}"`;
    expectLinear(1 << 13, textOf, (text) => replaceBody(text, '', new Replacer()));
  });
});

describe('a message', () => {
  const lines = new PseudonymizedLines();
  const read = (message: Partial<HttpMessage> & Record<string, unknown>): HttpMessage => {
    const base = {
      id: '1.1',
      receiver: { ip: '10.0.0.5', port: 80 },
      destination: { ip: '10.0.0.9', port: 4_000 },
      headers: {},
    };
    const out = lines.replace(Buffer.from(`${JSON.stringify({ ...base, ...message })}\n`));
    return JSON.parse(out.lines.toString()) as HttpMessage;
  };

  test('without what is binary or cut', () => {
    expect(read({ body: 'AAEC', bodyEncoding: 'base64', bodySize: 3 })).toMatchObject({
      bodyEncoding: 'binary',
      bodySize: 3,
    });
    expect(read({ body: 'AAEC', bodyEncoding: 'base64', bodySize: 3 })).not.toHaveProperty('body');
    expect(read({ body: 'hunter2', bodyTruncated: true, bodySize: 9 })).toMatchObject({
      body: '',
      bodyTruncated: true,
    });
    expect(read({ body: 'hunter2', incomplete: 'closed', bodySize: 9 })).toMatchObject({
      body: '',
      bodyTruncated: true,
    });
    expect(read({ grpcMessages: [{ size: 3, data: 'AAEC' }] }).grpcMessages).toEqual([{ size: 3 }]);
    expect(lines.leftOut).toEqual({ binaryBodies: 3, cutBodies: 2, longBodies: 0, brokenLines: 0 });
  });

  test('without members that are not known', () => {
    expect(read({ note: 'hunter2', tls: { version: '1.3', cipher: 'hunter2', sni: 'x' } } as never)).toMatchObject({
      tls: { version: '1.3' },
    });
    expect(JSON.stringify(read({ note: 'hunter2' }))).not.toContain('hunter2');
  });

  test('inside a stream', () => {
    const inside = { stream: 'websocket', sequence: 1, opcode: 'text', data: '{"a":"hunter2"}', dataSize: 15 };
    expect(read(inside as never)).toMatchObject({
      stream: 'websocket',
      opcode: 'text',
      data: expect.stringMatching(/^\{"a":"[a-z]{6}[1-9]"\}$/),
    });
    expect(read({ ...inside, data: 'AAEC', dataEncoding: 'base64' } as never)).toMatchObject({
      data: '',
      truncated: true,
    });
  });

  test('and an event inside a stream has the pseudonym that it has in the body', () => {
    const { event } = read({ stream: 'sse', data: '', dataSize: 0, event: 'orderOfAnna' } as never) as never;
    expect(event).not.toBe('orderOfAnna');
    const type = { headers: { 'content-type': 'text/event-stream' } };
    expect(read({ ...type, body: 'event: orderOfAnna\n\n' }).body).toBe(`event: ${event}\n\n`);
  });

  test('and a line that is none goes', () => {
    expect(lines.replace(Buffer.from('hunter2\nnull\n')).messages).toBe(0);
  });

  test('and a line with a member of another type goes, alone', () => {
    const given = [{ tls: { serverName: 5 } }, { bodyRedacted: 5 }, { stream: 'sse', event: 5 }, { path: '/a' }];
    const some = new PseudonymizedLines();
    const out = some.replace(Buffer.from(given.map((each) => `${JSON.stringify(each)}\n`).join('')));
    expect([out.messages, out.lines.toString(), some.leftOut.brokenLines]).toEqual([1, '{"path":"/a"}\n', 3]);
  });
});
