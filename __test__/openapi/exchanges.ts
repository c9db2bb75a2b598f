/** Exchanges as lines, and the two ways in which they meet a document. */

import { Check } from '../../ts/openapi/check.js';
import { Contract } from '../../ts/openapi/contract.js';
import { type Document, documentOf } from '../../ts/openapi/document.js';
import type { Finding } from '../../ts/openapi/findings.js';
import { Inference, type InferenceOptions } from '../../ts/openapi/inference.js';
import { knownPathsOf, merged } from '../../ts/openapi/merge.js';
import { requireAjv, Validators } from '../../ts/openapi/validators.js';

const ENDS = { receiver: { ip: '10.0.0.5', port: 80 }, destination: { ip: '10.0.0.9', port: 4_000 } };
const COMMON = { ...ENDS, httpVersion: '1.1', timestamp: '2024-05-17T14:02:58.006Z' };

export interface Shown {
  method?: string;
  /** With its query. */
  path: string;
  status?: number;
  /** Any JSON; `undefined`: no body. */
  asked?: unknown;
  answered?: unknown;
  /** In place of JSON. */
  form?: string;
  headers?: Record<string, string>;
  host?: string;
  /** Further fields of either message. */
  request?: object;
  response?: object;
}

let ids = 0;

/** Two lines. */
export function linesOf(exchanges: readonly Shown[]): Buffer {
  return Buffer.from(exchanges.map(linesOfOne).join(''));
}

function linesOfOne(shown: Shown): string {
  const { method = 'GET', path, status = 200, asked, answered, form, headers, host = 'shop.test' } = shown;
  const id = `${++ids}.1`;
  const json = { 'content-type': 'application/json' };
  const bodyOf = (value: unknown): object => {
    const body = value === undefined ? '' : JSON.stringify(value);
    return { body, bodySize: body.length };
  };
  const request = {
    ...COMMON,
    ...{ id, direction: 'request', method, path },
    headers: {
      host,
      ...(form !== undefined
        ? { 'content-type': 'application/x-www-form-urlencoded' }
        : asked === undefined
          ? {}
          : json),
      ...headers,
    },
    ...(form === undefined ? bodyOf(asked) : { body: form, bodySize: form.length }),
    ...shown.request,
  };
  const response = {
    ...COMMON,
    ...{ id, direction: 'response', statusCode: status, request: { method, path } },
    headers: answered === undefined ? {} : json,
    ...bodyOf(answered),
    ...shown.response,
  };
  return `${JSON.stringify(request)}\n${JSON.stringify(response)}\n`;
}

export function infer(lines: Buffer, options: InferenceOptions = {}): { document: Document; inference: Inference } {
  const inference = new Inference(options);
  inference.read(lines);
  return { document: documentOf(inference.end()), inference };
}

/** As the command does it, from one text to another. */
export function mergeInto(earlier: Document, lines: Buffer): Document {
  const there = JSON.parse(JSON.stringify(earlier)) as Document;
  return merged(there, infer(lines, { known: knownPathsOf(there) }).document, '--merge');
}

export interface Checked {
  findings: Finding[];
  check: Check;
}

export async function checked(document: object, lines: Buffer): Promise<Checked> {
  const contract = new Contract(JSON.parse(JSON.stringify(document)), '--openapi');
  const check = new Check(contract, new Validators(await requireAjv('--openapi'), contract.schemas.definitions));
  check.read(lines);
  check.end();
  return { findings: check.findings.all(), check };
}
