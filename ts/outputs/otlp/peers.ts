/**
 * Both ends of a request as attributes. A connection has many requests, and says the same of its ends in nearly all of them: the text
 * is built once and kept.
 */

import type { Encoding } from './encoding';
import { addressOf, firstOf, forwardedPart, hostAndPort } from './forwarded';
import { KEYS } from './keys';
import type { MessageLine } from './line';

/** Connections whose text is kept, some KiB each at the most; past it all are forgotten. */
const MAX_KEPT = 1_024;
/** A longer `Host` is none that is worth to be kept. */
const MAX_HOST_CHARS = 1_024;

/** The values that the text is made of, if no proxy has said anything. */
interface Kept {
  readonly clientIp: string;
  readonly clientPort: number;
  readonly serverIp: string;
  readonly serverPort: number;
  readonly httpVersion: string;
  readonly host: string;
  readonly text: string;
}

export class Peers {
  readonly #encoding: Encoding;
  /** By the id of the connection. */
  readonly #kept = new Map<string, Kept>();

  constructor(encoding: Encoding) {
    this.#encoding = encoding;
  }

  attributesOf(line: MessageLine): string {
    if (isSpecial(line)) return peerAttributes(line, this.#encoding);
    const connection = line.id.slice(0, line.id.indexOf('.'));
    const kept = this.#kept.get(connection);
    if (kept !== undefined && isSame(kept, line)) return kept.text;
    const { clientIp, clientPort, serverIp, serverPort, httpVersion, host } = line;
    const text = own(peerAttributes(line, this.#encoding));
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(own(connection), {
      clientIp: own(clientIp),
      clientPort,
      serverIp: own(serverIp),
      serverPort,
      httpVersion: own(httpVersion),
      host: own(host),
      text,
    });
    return text;
  }
}

/** A proxy, or the target itself, says who the ends are. */
function isSpecial({ forwarded, forwardedFor, forwardedHost, proxiedIp, target, host }: MessageLine): boolean {
  if (forwarded !== '' || forwardedFor !== '' || forwardedHost !== '' || proxiedIp !== '') return true;
  return !target.startsWith('/') || host.length > MAX_HOST_CHARS;
}

function isSame(kept: Kept, line: MessageLine): boolean {
  return (
    kept.clientPort === line.clientPort &&
    kept.serverPort === line.serverPort &&
    kept.host === line.host &&
    kept.clientIp === line.clientIp &&
    kept.serverIp === line.serverIp &&
    kept.httpVersion === line.httpVersion
  );
}

/** Not cut out of the piece of lines that it came in, which it would keep. */
function own(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** Both ends, as the client names them and as the packets do. */
function peerAttributes(line: MessageLine, encoding: Encoding): string {
  const { clientIp, clientPort, serverIp, serverPort, httpVersion, proxiedIp, proxiedPort } = line;
  const authority = authorityOf(line);
  let text = encoding.text(KEYS.serverAddress, authority.host);
  if (authority.port > 0) text += encoding.number(KEYS.serverPort, authority.port);
  const forwarded = forwardedAddress(line);
  text += encoding.text(KEYS.clientAddress, forwarded || proxiedIp || clientIp);
  // The port of another client than that of the address would be wrong.
  if (forwarded === '') text += encoding.number(KEYS.clientPort, proxiedIp === '' ? clientPort : proxiedPort);
  text += encoding.text(KEYS.peerAddress, clientIp) + encoding.number(KEYS.peerPort, clientPort);
  text += encoding.text(KEYS.localAddress, serverIp) + encoding.number(KEYS.localPort, serverPort);
  text += encoding.text(KEYS.protocolName, 'http');
  if (httpVersion !== '') text += encoding.text(KEYS.protocolVersion, httpVersion === '2.0' ? '2' : httpVersion);
  return text;
}

function forwardedAddress({ forwarded, forwardedFor }: MessageLine): string {
  if (forwarded !== '') return addressOf(forwardedPart(forwarded, 'for'));
  return forwardedFor === '' ? '' : addressOf(firstOf(forwardedFor));
}

/** The name that the client uses for the server; if the client says nothing, the server's own address. */
function authorityOf(line: MessageLine): { host: string; port: number } {
  const { target, host, forwarded, forwardedHost, serverIp, serverPort } = line;
  const isPlain = forwarded === '' && forwardedHost === '' && target.startsWith('/');
  const authorities = isPlain
    ? [host]
    : [forwardedPart(forwarded, 'host'), firstOf(forwardedHost), authorityIn(target), host];
  for (const authority of authorities) {
    const found = hostAndPort(authority);
    if (found.host !== '') return found;
  }
  return { host: serverIp, port: serverPort };
}

/** Of a target in absolute form (RFC 9112 §3.2.2). */
function authorityIn(target: string): string {
  return /^https?:\/\/(?:[^/?#@]*@)?([^/?#]*)/i.exec(target)?.[1] ?? '';
}
