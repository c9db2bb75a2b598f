/**
 * Exchanges that became WebSockets: they wait for their messages until both sides have closed, as many as there is room for.
 * The messages stand in their entry as Chromium writes them, `_webSocketMessages`; control frames are left out as there.
 */

import type { Exchange } from '../../exchange/pairing';
import type { HttpMessage, StreamMessage } from '../../types';

/** WebSockets that are open at one time; past it the oldest is written as it is. */
const MAX_SOCKETS = 1_000;
/** Memory of their messages, as far as it is known. */
const MAX_SOCKET_BYTES = 16 * 1024 * 1024;

/** Opcodes of RFC 6455 §5.2. */
const OPCODES = new Map([
  ['text', 1],
  ['binary', 2],
]);

export interface SocketMessage {
  type: 'send' | 'receive';
  /** Seconds since the epoch. */
  time: number;
  opcode: number;
  /** Of binary messages in base64. */
  data: string;
  _truncated?: true;
}

/** The part of a WebSocket that is written. */
export interface Socket<Message> {
  exchange: Exchange<Message>;
  /** How many messages it is made of, those inside it included. */
  messages: number;
  inside: SocketMessage[];
}

interface Waiting<Message> extends Socket<Message> {
  bytes: number;
  closedBy: Set<string>;
}

export class Sockets<Message extends HttpMessage> {
  readonly #onOver: (socket: Socket<Message>) => void;
  /** By id, the oldest first. */
  readonly #open = new Map<string, Waiting<Message>>();
  #bytes = 0;

  constructor(onOver: (socket: Socket<Message>) => void) {
    this.#onOver = onOver;
  }

  /** An exchange is whole; `messages`: how many it is made of. False if it is no WebSocket. */
  take(exchange: Exchange<Message>, messages: number, bytes: number): boolean {
    const { request, response } = exchange;
    if (response === undefined || !isSocket(request, response)) return false;
    this.#open.set(response.id, { exchange, messages, inside: [], bytes, closedBy: new Set() });
    this.#bytes += bytes;
    this.#keepLimits();
    return true;
  }

  /** A message inside; `bytes`: what it takes in memory. False if its WebSocket is not here. */
  add(message: StreamMessage, bytes: number): boolean {
    const socket = this.#open.get(message.id);
    if (socket === undefined) return false;
    socket.messages++;
    const shown = socketMessageOf(message);
    if (shown !== undefined) {
      socket.inside.push(shown);
      socket.bytes += bytes;
      this.#bytes += bytes;
    }
    if (message.opcode === 'close') socket.closedBy.add(message.direction);
    if (socket.closedBy.size === 2) this.#settle(message.id, socket);
    else this.#keepLimits();
    return true;
  }

  /** Lets the oldest go as it is; returns true if there was one. */
  settleOldest(): boolean {
    const [oldest] = this.#open;
    if (oldest !== undefined) this.#settle(...oldest);
    return oldest !== undefined;
  }

  #keepLimits(): void {
    while (this.#open.size > MAX_SOCKETS || this.#bytes > MAX_SOCKET_BYTES) this.settleOldest();
  }

  #settle(id: string, socket: Waiting<Message>): void {
    this.#open.delete(id);
    this.#bytes -= socket.bytes;
    this.#onOver(socket);
  }
}

/** By a 101 (RFC 6455 §4.2.2), or over HTTP/2 (RFC 8441 §5). */
export function isSocket(request?: HttpMessage, response?: HttpMessage): boolean {
  const { statusCode = 0, headers = {} } = response ?? {};
  if (statusCode === 101) return /(^|[\s,])websocket/i.test(headers.upgrade ?? '');
  return request?.protocol === 'websocket' && statusCode >= 200 && statusCode < 300;
}

/** Undefined for a control frame, and for what is in no WebSocket. */
export function socketMessageOf(message: StreamMessage): SocketMessage | undefined {
  const { direction, timestamp, opcode, data, truncated } = message;
  const code = OPCODES.get(opcode ?? '');
  if (code === undefined) return undefined;
  return {
    type: direction === 'request' ? 'send' : 'receive',
    time: Date.parse(timestamp) / 1000,
    opcode: code,
    data,
    ...(truncated === undefined ? {} : { _truncated: truncated }),
  };
}
