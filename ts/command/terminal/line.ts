/** One exchange in one line: columns that stand one below the other and never take more than the terminal has. */

import { endpointText } from '../../exchange/endpoints';
import { outcomeOf } from '../../exchange/outcome';
import { uploadMsOf } from '../../exchange/times';
import type { Endpoint, HttpMessage } from '../../types';
import { day, timeOfDay } from './clock';
import { bytes, duration } from './quantities';
import type { Paint, Style } from './style';
import { printable, type Text } from './text';

/** What a line says of an exchange; of a request that may be long gone. */
export interface Facts {
  /** When the request began, in ms since the epoch. */
  atMs: number;
  client: Endpoint;
  server: Endpoint;
  method: string;
  path: string;
  /** How long the request took to come, if it was seen whole. */
  uploadMs?: number | undefined;
}

/** Longer targets are cut at any width. */
const MAX_PATH_UNITS = 1_024;
const WIDE_COLUMNS = 100;
/** Of the columns in a file, where the longest path is not known beforehand. */
const FILE_COLUMNS = 133;
/** More than any line has that is not cut: paths and bodies are looked at up to less. */
const UNCUT_COLUMNS = 1_024 * 1_024;
/** Where the terminal is so wide that the line has milliseconds. */
const TIME = { wide: 'HH:MM:SS.mmm'.length, narrow: 'HH:MM:SS'.length };
/** OPTIONS and CONNECT are the longest of the usual ones. */
const METHOD = 7;
/** Three digits, or `g` and the one or two of gRPC, and the mark of an incomplete message. */
const STATUS = 4;
const SIZE = 6;
const LATENCY = 6;
/** Two IPv4 endpoints with ports. */
const PEERS = '255.255.255.255:65535 → 255.255.255.255:65535'.length;
/** With less than this for both, the path has it all. */
const MIN_PATH_AND_PEERS = 30;
const PEERS_SHARE = 0.46;

export function factsOf(message: HttpMessage, asked: Pick<HttpMessage, 'method' | 'path'> = message): Facts {
  const { timestamp, destination, receiver, direction } = message;
  const { method = '-', path = '-' } = asked;
  return {
    atMs: Date.parse(timestamp),
    client: destination,
    server: receiver,
    method: printable(method.slice(0, MAX_PATH_UNITS)),
    path: printable(path.slice(0, MAX_PATH_UNITS)),
    uploadMs: direction === 'request' ? uploadMsOf(message) : undefined,
  };
}

/** Of a response whose request was not kept. When that began follows from the latency. */
export function factsOfResponse(message: HttpMessage): Facts {
  const { request = { method: '-', path: '(request not seen)' }, latencyMs = 0 } = message;
  const facts = factsOf(message, request);
  return { ...facts, atMs: facts.atMs - Math.round(latencyMs) };
}

export class Lines {
  readonly #text: Text;
  readonly #paint: Paint;
  readonly #columns: (() => number) | undefined;

  /** Without `columns` nothing is cut: a file is as wide as its lines. */
  constructor(text: Text, paint: Paint, columns?: () => number) {
    this.#text = text;
    this.#paint = paint;
    this.#columns = columns;
  }

  /** Of what is below a line too. */
  get columns(): number {
    return this.#columns?.() ?? UNCUT_COLUMNS;
  }

  heading(): string {
    const cells = ['TIME', 'METHOD', 'PATH', 'STAT', 'SIZE', 'TOOK', 'CLIENT → SERVER'] as const;
    return this.#paint('dim', this.#join(cells, (_, text) => text, false).trimEnd());
  }

  /** To which day the lines belong that follow. */
  day(atMs: number): string {
    return this.#paint('dim', this.#text.clip(day(atMs), lineColumns(this.columns)));
  }

  /** An interim or final response. */
  response(message: HttpMessage, facts: Facts): string {
    const { bodySize, latencyMs, incomplete } = message;
    const { text, statusCode } = outcomeOf(message);
    const status = `${text}${incomplete === undefined ? '' : '!'}`;
    return this.#line(
      facts,
      [status, bytes(bodySize), latencyMs === undefined ? '-' : duration(latencyMs)],
      incomplete === undefined ? styleOf(statusCode) : 'red',
    );
  }

  /** A request without its response, and why it stands here. */
  request(facts: Facts, words: string, style: Style): string {
    return this.#line(facts, ['-', words], style);
  }

  #line(facts: Facts, answer: readonly [string, string, string] | readonly [string, string], style: Style): string {
    const { atMs, method, path } = facts;
    const [status, size, latency = ''] = answer;
    const cells = [timeOfDay(atMs), method, path, status, size, latency, facts] as const;
    const styles: (Style | undefined)[] = ['dim', 'bold', undefined, style, answer.length === 2 ? style : undefined];
    return this.#join(
      cells,
      (index, text) => {
        const own = index === 6 ? 'dim' : styles[index];
        return own === undefined ? text : this.#paint(own, text);
      },
      answer.length === 2,
    );
  }

  /** `merged`: words in place of size and latency. */
  #join(
    cells: readonly [string, string, string, string, string, string, string | Facts],
    paint: (index: number, text: string) => string,
    merged: boolean,
  ): string {
    const [time, method, path, status, size, latency, peers] = cells;
    const { time: timeColumns, path: pathColumns, peers: peersColumns } = layout(this.#columns?.() ?? FILE_COLUMNS);
    const text = this.#text;
    const isCut = this.#columns !== undefined;
    const row: [number, string][] = [
      [0, time.slice(0, timeColumns).padEnd(timeColumns)],
      [1, text.fit(method, METHOD)],
      [
        2,
        isCut
          ? text.fit(path, pathColumns)
          : path + ' '.repeat(Math.max(0, pathColumns - text.width(path, pathColumns))),
      ],
      [3, status.slice(0, STATUS).padEnd(STATUS)],
    ];
    if (merged) row.push([4, text.fit(size, SIZE + 1 + LATENCY, 'right')]);
    else row.push([4, size.padStart(SIZE)], [5, latency.padStart(LATENCY)]);
    const peersRoom = isCut ? peersColumns : UNCUT_COLUMNS;
    if (peersColumns > 0)
      row.push([6, text.clip(typeof peers === 'string' ? peers : this.#peers(peers, peersRoom), peersRoom)]);
    // A terminal narrower than the fixed columns: what fits of them, from the left.
    let left = lineColumns(this.columns);
    let line = '';
    for (const [index, cell] of row) {
      const gap = line === '' ? '' : ' ';
      const shown = text.clip(cell, left - gap.length);
      if (shown === '') break;
      line += gap + paint(index, shown);
      left -= gap.length + text.width(shown);
    }
    return line;
  }

  /** The longest way to say it that fits; the client's address is what the line is for. */
  #peers({ client, server }: Facts, columns: number): string {
    const clientIp = printable(client.ip);
    const ways = [
      `${endpoint(client)} → ${endpoint(server)}`,
      `${endpoint(client)} → :${server.port}`,
      `${clientIp} → :${server.port}`,
    ];
    const fitting = ways.find((way) => way.length <= columns);
    if (fitting !== undefined) return fitting;
    const tail = ` → :${server.port}`;
    return `${this.#text.clip(clientIp, columns - tail.length)}${tail}`;
  }
}

/** The last column stays free: some terminals wrap when it is filled. */
export function lineColumns(columns: number): number {
  return Math.max(1, columns - 1);
}

function layout(columns: number): { time: number; path: number; peers: number } {
  const time = columns < WIDE_COLUMNS ? TIME.narrow : TIME.wide;
  const gaps = 5;
  const rest = lineColumns(columns) - time - METHOD - STATUS - SIZE - LATENCY - gaps;
  if (rest < MIN_PATH_AND_PEERS) return { time, path: Math.max(1, rest), peers: 0 };
  const peers = Math.min(PEERS, Math.floor((rest - 1) * PEERS_SHARE));
  return { time, path: rest - 1 - peers, peers };
}

function endpoint(peer: Endpoint): string {
  return printable(endpointText(peer));
}

function styleOf(status: number): Style {
  if (status >= 500) return 'red';
  if (status >= 400) return 'yellow';
  return status >= 300 || status < 200 ? 'cyan' : 'green';
}
