/**
 * Who may see the page. In: heads of requests. Out: why a request is refused, and the cookie that a token is worth.
 *
 * Any page that a browser shows may send requests to this port, and a name that its owner points at this address makes them
 * look like its own (DNS rebinding). So the host is checked by name, the origin by equality, and both before the cookie.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Refusal } from '../../http-server/routes';

const SECRET_BYTES = 24;

interface GuardOptions {
  secure: boolean;
  port(): number;
  /** True of a name or address, without its port, by which the page may be asked for. */
  isOurName(host: string): boolean;
  /** The operator's own token, which may be used again; without it each token is made here and used once. */
  token?: string | undefined;
  /** A token was used; another takes its place. */
  onUsed(): void;
}

export class Guard {
  readonly #options: GuardOptions;
  readonly #session = randomBytes(SECRET_BYTES).toString('base64url');
  #token: string;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#token = options.token ?? newToken();
  }

  /** The token that the next URL has. */
  get token(): string {
    return this.#token;
  }

  /** Why a request is refused whatever it asks for. */
  refuse({ headers }: IncomingMessage): Refusal | undefined {
    const { host, origin, 'sec-fetch-site': site } = headers;
    if (host === undefined || !this.#isOurs(host)) {
      return { status: 421, text: 'the page is not known by that name\n' };
    }
    if (origin !== undefined && origin !== `${this.#options.secure ? 'https' : 'http'}://${host}`) {
      return { status: 403, text: 'not from another page\n' };
    }
    // Another port of this host is another site's business too, and SameSite does not tell them apart. `none`: typed or pasted.
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      return { status: 403, text: 'not from another page; paste the address into the address bar\n' };
    }
    return undefined;
  }

  /** The `Set-Cookie` of a token that is right. */
  exchange(token: string): string | undefined {
    if (!isEqual(token, this.#token)) return undefined;
    if (this.#options.token === undefined) {
      this.#token = newToken();
      this.#options.onUsed();
    }
    const secure = this.#options.secure ? '; Secure' : '';
    return `${this.#cookieName}=${this.#session}; HttpOnly; SameSite=Strict; Path=/${secure}`;
  }

  /** The request has the cookie. */
  isKnown({ headers: { cookie = '' } }: IncomingMessage): boolean {
    const prefix = `${this.#cookieName}=`;
    return cookie.split(';').some((pair) => {
      const text = pair.trim();
      return text.startsWith(prefix) && isEqual(text.slice(prefix.length), this.#session);
    });
  }

  /** Cookies do not tell ports apart (RFC 6265 §8.5): two pages of one host have cookies of two names. */
  get #cookieName(): string {
    return `tcp-sniffer-${this.#options.port()}`;
  }

  #isOurs(host: string): boolean {
    const found = /^(\[[\da-f:.]+\]|[^:[\]]+)(?::(\d+))?$/i.exec(host);
    if (found === null) return false;
    const [, name = '', port = this.#options.secure ? '443' : '80'] = found;
    return Number(port) === this.#options.port() && this.#options.isOurName(name.replace(/^\[|\]$/g, '').toLowerCase());
  }
}

function newToken(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/** In the same time whatever they are. */
function isEqual(given: string, secret: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(secret));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
