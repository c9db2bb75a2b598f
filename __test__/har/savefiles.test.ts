/** The HAR of every savefile of fixtures/: what a validator accepts, with every exchange and its timings. */

import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { har as validate } from 'har-validator';
import { afterAll, describe, expect, test } from 'vitest';
import { createSniffer, type HttpMessage } from '../../dist/index.js';
import { FIXTURES, linesOf } from '../live/harness.js';
import { SAVEFILES } from '../savefiles.js';
import { complaintsAbout, type Entry, entriesOf } from './rules.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-har-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The entry that must be there, from the messages that are in the savefile. */
/** `endedAt`: when it was known that no response comes. */
function expectedOf(messages: HttpMessage[], endedAt: Map<string, string>): object {
  const request = messages.find(({ direction }) => direction === 'request');
  const responses = messages.filter(({ direction }) => direction === 'response');
  const response = responses.find(({ statusCode = 0 }) => statusCode >= 200 || statusCode === 101);
  const interim = responses.filter((one) => one !== response).map(({ statusCode }) => statusCode);
  const first = request ?? responses[0];
  const end = request === undefined ? undefined : endedAt.get(request.id);
  const lastedMs = end === undefined ? undefined : Date.parse(end) - Date.parse(request?.timestamp ?? '');
  return {
    method: request?.method ?? '',
    requestBody: request === undefined ? -1 : request.bodySize,
    status: response?.statusCode ?? 0,
    responseBody: response === undefined ? -1 : response.bodySize,
    text: response?.bodyText ?? response?.body,
    firstByte: response?.latencyMs ?? Math.floor(lastedMs ?? request?.durationMs ?? 0),
    receive: response?.durationMs ?? 0,
    // Of the others a comment says that the wait is not known.
    wait: response?.waitMs,
    server: first?.receiver.ip,
    incomplete: [request?.incomplete, response?.incomplete],
    interim,
    ...(request === undefined ? {} : { began: request.timestamp }),
  };
}

function actualOf({ request, response, timings, serverIPAddress, startedDateTime, _interim = [] }: Entry): object {
  const firstByte = Math.round((timings.send + timings.wait) * 1_000) / 1_000;
  return {
    method: request.method,
    requestBody: request.bodySize,
    status: response.status,
    responseBody: response.bodySize,
    text: response.content.text,
    // The timestamp of an end has whole milliseconds.
    firstByte: response.status === 0 ? Math.floor(firstByte) : firstByte,
    receive: timings.receive,
    wait: 'comment' in timings ? undefined : timings.wait,
    server: serverIPAddress,
    incomplete: [request._incomplete, response._incomplete],
    interim: _interim.map(({ status }) => status),
    ...(request.bodySize === -1 ? {} : { began: startedDateTime }),
  };
}

const byText = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

test('the validator is one', async () => {
  await expect(validate({ log: { version: '1.2', entries: [{}] } })).rejects.toThrow('validation failed');
});

describe('savefile to HAR', () => {
  test.each(SAVEFILES)('$name: every exchange, with its timings', async ({ name, file, ports, options }) => {
    const harFile = join(folder, `${name}.har`);
    const sniffer = createSniffer({ ports, ...options, harFile, pcapFile: join(FIXTURES, file), logLevel: 'silent' });
    const messages: HttpMessage[] = [];
    sniffer.on('message', (message) => messages.push(message));
    const endedAt = new Map<string, string>();
    sniffer.on('unanswered', ({ id, timestamp }) => timestamp !== undefined && endedAt.set(id, timestamp));
    const ended = once(sniffer, 'end');
    await sniffer.start();
    await ended;
    const byId = new Map<string, HttpMessage[]>();
    for (const message of messages) byId.set(message.id, [...(byId.get(message.id) ?? []), message]);
    const expected = [...byId.values()].map((exchange) => expectedOf(exchange, endedAt));
    const entries = await entriesOf(harFile);
    expect(entries.map(actualOf).sort(byText)).toEqual(expected.sort(byText));
    expect(messages.length).toBe(linesOf(readFileSync(join(FIXTURES, `${name}.jsonl`), 'utf8')).length);
    expect(sniffer.stats().outputs.har).toMatchObject({ delivered: messages.length, waiting: 0, dropped: 0 });
    expect(entries.flatMap(complaintsAbout)).toEqual([]);
  });
});
