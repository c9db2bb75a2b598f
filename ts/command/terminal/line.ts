/** One exchange in one line: columns that stand one below the other and never take more than the terminal has. */

import { endpointText } from '../../exchange/endpoints';
import { outcomeOf } from '../../exchange/outcome';
import { uploadMsOf } from '../../exchange/times';
import type { Endpoint, HttpMessage } from '../../types';
import { day, timeOfDay } from './clock';
import { bytes, duration } from './quantities';
import type { Paint, Style } from './style';
import { printable, type Text } from './text';

/** The facts that a line shows of an exchange; of a request that may be long gone. */
export interface Facts {
  /** The id that `--show` takes. */
  id: string;
  /** When the request began, in ms since the epoch. */
  atMs: number;
  client: Endpoint;
  server: Endpoint;
  method: string;
  path: string;
  isTls: boolean;
  /** How long the request took to come, if it was seen whole. */
  uploadMs?: number | undefined;
  /** Of that, or of what was seen: it waited for late segments. */
  stallMs?: number | undefined;
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
/** OPTIONS and CONNECT are the longest of the usual methods. */
const METHOD = 7;
/** Three digits, or `g` and the one or two of gRPC, and the marks. */
const STATUS = 5;
/** After the status: the message ended early; it came in TLS. */
const EARLY = '!';
const TLS = '+';
const SIZE = 6;
const LATENCY = 6;
/** Of usual ids; a longer id takes its columns from the path, then from the peers, since an id that is cut is of no use. */
const ID = 4;
/** Two IPv4 endpoints with ports. */
const PEERS = '255.255.255.255:65535 → 255.255.255.255:65535'.length;
/** With less than this for both, the path has it all. */
const MIN_PATH_AND_PEERS = 36;
const PEERS_SHARE = 0.5;
/** A path that has less than this is no path: the peers go, then the id, then the time, then the size. */
const MIN_PATH = 16;
/** Before the time that a slow exchange took; no such time has more than five characters, but for hours. */
const SLOW = '*';

/** The columns of a line, by their widths; 0 is a column that there is no space for. */
interface Layout {
  time: number;
  path: number;
  size: number;
  id: number;
  peers: number;
}

export function factsOf(message: HttpMessage, asked: Pick<HttpMessage, 'method' | 'path'> = message): Facts {
  const { id, timestamp, destination, receiver, direction, tls } = message;
  const { method = '-', path = '-' } = asked;
  return {
    id,
    atMs: Date.parse(timestamp),
    client: destination,
    server: receiver,
    method: printable(method.slice(0, MAX_PATH_UNITS)),
    path: printable(path.slice(0, MAX_PATH_UNITS)),
    isTls: tls !== undefined,
    ...(direction === 'request' ? { uploadMs: uploadMsOf(message), stallMs: message.stallMs } : {}),
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
  /** Of the longest id so far. */
  #idColumns = ID;

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
    const cells = ['TIME', 'METHOD', 'PATH', 'STAT', 'SIZE', 'TOOK', 'CLIENT → SERVER', 'ID'] as const;
    return this.#paint('dim', this.#join(cells, (_, text) => text, false).trimEnd());
  }

  /** To which day the lines belong that follow. */
  day(atMs: number): string {
    return this.#paint('dim', this.#text.clip(day(atMs), lineColumns(this.columns)));
  }

  /** An interim or final response; `slow` if its exchange was. */
  response(message: HttpMessage, facts: Facts, slow = false): string {
    const { bodySize, latencyMs, incomplete } = message;
    const { text, statusCode } = outcomeOf(message);
    const status = incomplete === undefined ? text : text + EARLY;
    const took = latencyMs === undefined ? '-' : duration(latencyMs);
    return this.#line(
      facts,
      [status, bytes(bodySize), slow && took.length < LATENCY ? SLOW + took : took],
      incomplete === undefined ? styleOf(statusCode) : 'red',
      slow ? 'yellow' : undefined,
    );
  }

  /** A request without its response, and why it stands here. */
  request(facts: Facts, words: string, style: Style): string {
    return this.#line(facts, ['-', words], style, undefined);
  }

  #line(
    facts: Facts,
    answer: readonly [string, string, string] | readonly [string, string],
    style: Style,
    took: Style | undefined,
  ): string {
    const { atMs, method, path, isTls, id } = facts;
    const [outcome, size, latency = ''] = answer;
    const status = isTls ? outcome + TLS : outcome;
    const cells = [timeOfDay(atMs), method, path, status, size, latency, facts, printable(id)] as const;
    const merged = answer.length === 2;
    const styles: (Style | undefined)[] = [
      'dim',
      'bold',
      undefined,
      style,
      merged ? style : undefined,
      took,
      'dim',
      'dim',
    ];
    return this.#join(
      cells,
      (index, text) => {
        const own = styles[index];
        return own === undefined ? text : this.#paint(own, text);
      },
      merged,
    );
  }

  /** `merged`: words in place of size and latency. */
  #join(
    cells: readonly [string, string, string, string, string, string, string | Facts, string],
    paint: (index: number, text: string) => string,
    merged: boolean,
  ): string {
    const [time, method, path, status, size, latency, peers, id] = cells;
    this.#idColumns = Math.max(this.#idColumns, id.length);
    const text = this.#text;
    const isCut = this.#columns !== undefined;
    const layout = layoutOf(this.#columns?.() ?? FILE_COLUMNS, this.#idColumns, isCut);
    const row: [number, string][] = [];
    if (layout.time > 0) row.push([0, time.slice(0, layout.time).padEnd(layout.time)]);
    row.push([1, text.fit(method, METHOD)]);
    row.push([2, isCut ? text.fit(path, layout.path) : this.#filled(path, layout.path)]);
    // Without a column for the size its words need that of the status, of which they have the mark.
    const isShort = merged && layout.size === 0;
    if (!isShort) row.push([3, status.slice(0, STATUS).padEnd(STATUS)]);
    const mark = isShort ? status.slice(1) : '';
    const wordColumns = isShort ? STATUS + 1 + LATENCY : SIZE + 1 + LATENCY;
    if (merged) row.push([4, text.fit(size, wordColumns - mark.length, 'right') + mark]);
    else {
      if (layout.size > 0) row.push([4, size.padStart(SIZE)]);
      row.push([5, latency.padStart(LATENCY)]);
    }
    if (layout.peers > 0) {
      const between = typeof peers === 'string' ? peers : this.#peers(peers, isCut ? layout.peers : UNCUT_COLUMNS);
      row.push([6, isCut ? text.fit(between, layout.peers) : this.#filled(between, layout.peers)]);
    }
    if (layout.id > 0) row.push([7, id]);
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

  /** At least so many columns. */
  #filled(words: string, columns: number): string {
    return words + ' '.repeat(Math.max(0, columns - this.#text.width(words, columns)));
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

function layoutOf(columns: number, wanted: number, isCut: boolean): Layout {
  const wide = columns < WIDE_COLUMNS ? TIME.narrow : TIME.wide;
  const gaps = 6;
  const all = lineColumns(columns) - wide - METHOD - STATUS - SIZE - LATENCY - ID - gaps;
  if (all >= MIN_PATH_AND_PEERS) {
    const peers = Math.min(PEERS, Math.floor((all - 1) * PEERS_SHARE));
    const path = all - 1 - peers - wanted + ID;
    if (path >= MIN_PATH || !isCut)
      return { time: wide, path: Math.max(MIN_PATH, path), size: SIZE, id: wanted, peers };
  }
  let path = lineColumns(columns) - METHOD - STATUS - LATENCY - 3;
  const take = (cell: number): number => {
    if (path - cell - 1 < MIN_PATH) return 0;
    path -= cell + 1;
    return cell;
  };
  const [id, time, size] = [take(wanted), take(wide), take(SIZE)];
  return { time, path: Math.max(1, path), size, id, peers: 0 };
}

function endpoint(peer: Endpoint): string {
  return printable(endpointText(peer));
}

function styleOf(status: number): Style {
  if (status >= 500) return 'red';
  if (status >= 400) return 'yellow';
  return status >= 300 || status < 200 ? 'cyan' : 'green';
}
