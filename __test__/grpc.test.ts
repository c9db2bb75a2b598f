/** gRPC by a savefile: messages as JSON by the user's descriptors. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createSniffer, ENGINE_ERROR_CODES, type HttpMessage, type StreamMessage } from '../dist/index.js';
import { Random } from './differential/random.js';
import { savefile } from './differential/savefile.js';
import { messagesOf, runCli } from './live/harness.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-grpc-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A field of Protocol Buffers that has a length. */
const field = (number: number, ...values: (string | Buffer)[]): Buffer => {
  const value = Buffer.concat(values.map((each) => Buffer.from(each)));
  return Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), value]);
};
const number = (name: number, value: number): Buffer => Buffer.from([name << 3, value]);

const LABEL_OPTIONAL = 1;
const TYPE_STRING = 9;
/** `package shop; message Item { string name = 1; } service Shop { rpc Get (Item) returns (Item); }` (descriptor.proto). */
const DESCRIPTORS = field(
  1,
  field(1, 'shop.proto'),
  field(2, 'shop'),
  field(
    4,
    field(1, 'Item'),
    field(2, field(1, 'name'), number(3, 1), number(4, LABEL_OPTIONAL), number(5, TYPE_STRING)),
  ),
  field(6, field(1, 'Shop'), field(2, field(1, 'Get'), field(2, '.shop.Item'), field(3, '.shop.Item'))),
  field(12, 'proto3'),
);
const descriptors = join(folder, 'shop.pb');
writeFileSync(descriptors, DESCRIPTORS);

/** Flag, length, data. */
const framed = (data: Buffer, flag = 0): Buffer => Buffer.concat([Buffer.from([flag, 0, 0, 0, data.length]), data]);
const sent = (start: string, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const head = `${start}\r\nContent-Type: application/grpc-web+proto\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
};
const pcapFile = join(folder, 'calls.pcap');
writeFileSync(
  pcapFile,
  savefile(
    [
      {
        clientPort: 40_000,
        turns: ['Get', 'Other'].flatMap((method) => [
          { from: 'client', bytes: sent(`POST /shop.Shop/${method} HTTP/1.1`, framed(field(1, 'tea'))) },
          {
            from: 'server',
            bytes: sent(
              'HTTP/1.1 200 OK',
              framed(field(1, 'grün "é"')),
              framed(Buffer.from([0xff])),
              framed(Buffer.from('grpc-status: 0\r\n'), 0x80),
            ),
          },
        ]),
      },
    ],
    new Random(1),
  ),
);

const base64 = (data: Buffer): string => data.toString('base64');

test('messages of the services in protoDescriptors are JSON, all others base64', async () => {
  const run = await runCli(['--ports', '80', '--read', pcapFile, '--proto-descriptors', descriptors]);
  expect(run.code).toBe(0);
  const messages: HttpMessage[] = messagesOf(run.stdout);
  const [tea, green] = [field(1, 'tea'), field(1, 'grün "é"')];
  expect(messages.map(({ grpcMessages }) => grpcMessages)).toEqual([
    [{ size: tea.length, json: { name: 'tea' } }],
    [
      { size: green.length, json: { name: 'grün "é"' } },
      { size: 1, data: '/w==' },
    ],
    [{ size: tea.length, data: base64(tea) }],
    [
      { size: green.length, data: base64(green) },
      { size: 1, data: '/w==' },
    ],
  ]);
  expect(messages.map(({ grpc }) => [grpc?.service, grpc?.method, grpc?.statusName, grpc?.messageCount])).toEqual([
    ['shop.Shop', 'Get', undefined, 1],
    ['shop.Shop', 'Get', 'OK', 2],
    ['shop.Shop', 'Other', undefined, 1],
    ['shop.Shop', 'Other', 'OK', 2],
  ]);
});

test('so are those that come out as they pass, unless a value of theirs is hidden', async () => {
  const args = ['--ports', '80', '--read', pcapFile, '--proto-descriptors', descriptors, '--stream-messages'];
  const [tea, green] = [field(1, 'tea'), field(1, 'grün "é"')];
  const at = (method: string, direction: string, sequence: number) => {
    return { stream: 'grpc', direction, sequence, grpc: { service: 'shop.Shop', method } };
  };
  const plain = (data: Buffer) => ({ data: base64(data), dataEncoding: 'base64', dataSize: data.length });
  const others = [
    { ...at('Other', 'request', 1), ...plain(tea) },
    { ...at('Other', 'response', 1), ...plain(green) },
    { ...at('Other', 'response', 2), ...plain(Buffer.from([0xff])) },
  ];
  for (const hidden of [false, true]) {
    const run = await runCli([...args, ...(hidden ? ['--redact-body', 'name'] : [])]);
    expect(run.code).toBe(0);
    const lines: (HttpMessage | StreamMessage)[] = messagesOf(run.stdout);
    const inside = lines.filter((line): line is StreamMessage => 'stream' in line);
    const shown = (data: Buffer, name: string) =>
      hidden
        ? { data: '[REDACTED]', dataSize: data.length, json: { name: '[REDACTED]' } }
        : { ...plain(data), json: { name } };
    expect(inside.map(({ id, receiver, destination, timestamp, ...rest }) => rest)).toEqual([
      { ...at('Get', 'request', 1), ...shown(tea, 'tea') },
      { ...at('Get', 'response', 1), ...shown(green, 'grün "é"') },
      // It does not fit its type, and may hold the value all the same.
      { ...at('Get', 'response', 2), ...(hidden ? { data: '[REDACTED]', dataSize: 1 } : plain(Buffer.from([0xff]))) },
      ...others,
    ]);
    const whole = lines.filter((line): line is HttpMessage => !('stream' in line));
    expect(whole.map(({ streamedMessages }) => streamedMessages)).toEqual([1, 2, 1, 2]);
    // Each stands before the end of its own side.
    expect(lines.map((line) => ('stream' in line ? 'm' : 'E')).join('')).toBe('mEmmEmEmmE');
  }
});

test.each([
  ['as text', []],
  ['in base64', ['--binary-bodies', 'base64']],
])('a value that is hidden in a message is not in the body %s', async (_, flags) => {
  const args = ['--ports', '80', '--read', pcapFile, '--proto-descriptors', descriptors, '--redact-body', 'name'];
  const run = await runCli([...args, ...flags]);
  const [asked, answered]: HttpMessage[] = messagesOf(run.stdout);
  const hidden = { body: '[REDACTED]', bodyRedacted: 'all' };
  expect(asked).toMatchObject({ ...hidden, grpcMessages: [{ json: { name: '[REDACTED]' } }] });
  // Bytes that are no text are not shown in any case.
  expect(answered).toMatchObject(flags.length > 0 ? hidden : { bodyEncoding: 'binary' });
  expect(answered?.grpcMessages).toMatchObject([{ json: { name: '[REDACTED]' } }, { data: '[REDACTED]' }]);
});

test.each([
  ['that is not there', join(folder, 'none.pb')],
  ['that is none', pcapFile],
])('a file %s is an error at the start that names it', async (_, file) => {
  const sniffer = createSniffer({ ports: [80], pcapFile, protoDescriptors: file, logLevel: 'silent' });
  const error = await sniffer.start().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: ENGINE_ERROR_CODES.CAPTURE_OPEN_FAILED, message: expect.stringContaining(file) });
  expect(sniffer.isRunning()).toBe(false);
});
