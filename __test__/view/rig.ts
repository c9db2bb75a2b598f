// A page with its server and without a capture: messages are written to it as the engine writes them.

import { request } from 'node:http';
import { join } from 'node:path';
import { schedule } from '../../ts/outputs/output';
import { type ViewOptions, ViewOutput } from '../../ts/outputs/view/output';
import type { HttpMessage, HttpRequest, HttpResponse, StreamMessage } from '../../ts/types';

export const ASSETS = join(process.env.TEST_DIST as string, 'page');

export interface Opened {
  view: ViewOutput;
  /** Those that were said, the newest last. */
  urls: string[];
  origin: string;
  port: number;
  write(...messages: (HttpMessage | StreamMessage)[]): void;
  /** The cookie that the present token is worth. */
  logIn(): Promise<string>;
}

export async function openView(options: Partial<ViewOptions> = {}): Promise<Opened> {
  const urls: string[] = [];
  const view = new ViewOutput({
    listening: { port: 0, host: '127.0.0.1', certFile: undefined, keyFile: undefined, token: undefined },
    ports: [8080],
    lossless: false,
    source: 'eth0',
    engineStats: () => ({ gapBytes: 7 }),
    say: (url) => urls.push(url),
    schedule,
    now: () => performance.now(),
    assets: ASSETS,
    ...options,
  });
  await view.open();
  const { origin, port } = new URL(urls[0] as string);
  const write = (...messages: (HttpMessage | StreamMessage)[]): void => {
    const lines = Buffer.from(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
    view.write({ lines, messages: messages.length });
  };
  const logIn = async (): Promise<string> => {
    const { status, headers } = await ask(urls.at(-1) as string);
    if (status !== 303) throw new Error(`status ${status}`);
    return String(headers['set-cookie']).split(';')[0] as string;
  };
  return { view, urls, origin, port: Number(port), write, logIn };
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** Any head and body, which `fetch` would not send. */
export function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false, setHost: headers.host === undefined }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => {
        text += piece;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      response.on('error', reject);
    });
    sent.on('error', reject).end(body);
  });
}

const ENDS = {
  receiver: { ip: '10.0.0.5', port: 8080 },
  destination: { ip: '10.0.0.9', port: 40_000 },
  httpVersion: '1.1',
};

export function requestOf(id: string, changes: Partial<HttpRequest> = {}): HttpRequest {
  const timestamp = new Date(Date.UTC(2026, 0, 1) + Number(id.split('.')[1] ?? 0)).toISOString();
  const head = { method: 'GET', path: `/items/${id}`, headers: { host: 'shop.test' } };
  return { id, ...ENDS, direction: 'request', timestamp, ...head, body: '', bodySize: 0, ...changes };
}

export function responseOf(id: string, changes: Partial<HttpResponse> = {}): HttpResponse {
  const { method = '', path = '', timestamp } = requestOf(id);
  const content = { headers: { 'content-type': 'text/plain' }, body: 'hello', bodySize: 5 };
  const timing = { request: { method, path }, latencyMs: 2.5, waitMs: 2 };
  return { id, ...ENDS, direction: 'response', timestamp, statusCode: 200, ...content, ...timing, ...changes };
}

/** Of a WebSocket. */
export function streamedOf(id: string, sequence: number, changes: Partial<StreamMessage> = {}): StreamMessage {
  const { httpVersion: _, ...ends } = ENDS;
  const { timestamp } = requestOf(id);
  const data = { data: `text ${sequence}.`, dataSize: 7, opcode: 'text' as const };
  return { stream: 'websocket', id, sequence, ...ends, direction: 'response', timestamp, ...data, ...changes };
}

export function exchange(
  id: string,
  request: Partial<HttpRequest> = {},
  response: Partial<HttpResponse> = {},
): HttpMessage[] {
  const asked = requestOf(id, request);
  const { method = '', path = '' } = asked;
  return [asked, responseOf(id, { request: { method, path }, ...response })];
}
