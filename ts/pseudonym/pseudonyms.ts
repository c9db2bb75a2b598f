/**
 * A word in, its pseudonym out: equal words have equal pseudonyms, in any place and of any message of a run. They are made with a
 * random key that is never written down, so that a word cannot be found from them. A pseudonym shows the form of its word: an
 * e-mail address, an IP address, a card number, letters and digits in their places.
 */

import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';

export type Kind = 'addresses' | 'hosts' | 'emails' | 'cards' | 'uuids' | 'dates' | 'numbers' | 'tokens' | 'words';

/** Pseudonyms that are remembered, to be quick; past it all are made again. */
const MAX_REMEMBERED = 20_000;
/** Longer words are not remembered. */
const MAX_REMEMBERED_UNITS = 256;
/** Longer words are nothing but letters and digits: an e-mail address has 254 at the most (RFC 5321 §4.5.3.1.3). */
const MAX_SHAPED_UNITS = 320;
/** From so many characters on, letters with digits are a token. */
const MIN_TOKEN_UNITS = 16;

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/;
const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;
const DAY = /^(?:1[89]|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;
const NAME = /^(?:[a-z\d_](?:[a-z\d_-]*[a-z\d_])?\.)+[a-z]{2,24}$/i;
const EMAIL = /^([^@]+)@([^@]+)$/;
/** Hexadecimal digits stay that, so that ids of traces stay ids of traces. */
const HEX = /^(?=.*\d)(?=.*[a-f])[\da-f]{8,}$|^(?=.*\d)(?=.*[A-F])[\dA-F]{8,}$/;
const HAS_DIGIT = /\p{N}/u;
const HAS_LETTER = /\p{L}/u;
const PART = /[\p{L}\p{N}\p{M}]/gu;
const HAS_PART = /[\p{L}\p{N}\p{M}]/u;
/** Nothing is known of them but that it is this host. */
const OWN_HOST = /^(?:127\.|0\.0\.0\.0$)/;
/** No issuer has it: 9 is for national use, and no country has the number 000 (ISO/IEC 7812-1, ISO 3166-1). */
const NO_ISSUER = '9000';
const DAYS = 36_525;
const DAY_MS = 86_400_000;

export class Pseudonyms {
  readonly #key = randomBytes(32);
  readonly #known = new Map<string, readonly [pseudonym: string, kind: Kind]>();
  /** How often each kind was replaced. */
  readonly counts: Record<Kind, number> = {
    addresses: 0,
    hosts: 0,
    emails: 0,
    cards: 0,
    uuids: 0,
    dates: 0,
    numbers: 0,
    tokens: 0,
    words: 0,
  };

  /** Letters, digits, and what stands between them; text without them as it is. */
  word(text: string): string {
    if (!HAS_PART.test(text)) return text;
    if (OWN_HOST.test(text) && IPV4.test(text)) return text;
    let known = this.#known.get(text);
    if (known === undefined) {
      known = text.length > MAX_SHAPED_UNITS ? [this.#shape(text), 'tokens'] : this.#make(text);
      if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
      // A text of its own: a slice would keep the body that it was taken from.
      if (text.length <= MAX_REMEMBERED_UNITS) this.#known.set(Buffer.from(text).toString(), known);
    }
    this.counts[known[1]]++;
    return known[0];
  }

  /** `text` is digits with blanks or hyphens between them. */
  card(text: string): string {
    const digits = text.replace(/\D/g, '');
    const stream = this.#stream(digits, digits.length);
    const body = NO_ISSUER + [...stream].map((byte) => byte % 10).join('');
    const front = body.slice(0, digits.length - 1);
    const all = `${front}${checkDigit(front)}`;
    this.counts.cards++;
    let at = 0;
    return text.replace(/\d/g, () => all.charAt(at++));
  }

  /** An address, with its dots or colons. */
  address(text: string): string {
    if (!isIPv6(text)) return this.word(text);
    if (text === '::1' || text === '::') return text;
    const [first, ...others] = this.#stream(text.toLowerCase(), 12);
    const groups = [first, ...others].flatMap((byte = 0, index, all) =>
      // No group begins with 0, so none is written shorter (RFC 5952 §4.1).
      index % 2 === 0 ? [((byte << 8) | (all[index + 1] ?? 0) | 0x1000).toString(16)] : [],
    );
    this.counts.addresses++;
    // For documentation (RFC 3849).
    return `2001:db8:${groups.join(':')}`;
  }

  #make(text: string): readonly [string, Kind] {
    if (IPV4.test(text)) {
      const [a = 0, b = 0, c = 0, d = 0] = this.#stream(text, 4);
      // Reserved, and no host's (RFC 1112 §4).
      return [`${240 + (a % 15)}.${b}.${c}.${d}`, 'addresses'];
    }
    if (UUID.test(text)) {
      const hex = this.#stream(text.toLowerCase(), 16).toString('hex');
      let at = 0;
      // The version and the variant stay (RFC 9562 §4).
      return [
        text.replace(/[\da-f]/gi, (digit, index) => (index === 14 || index === 19 ? digit : hex.charAt(at++))),
        'uuids',
      ];
    }
    if (DAY.test(text)) {
      const days = this.#stream(text, 4).readUInt32BE() % DAYS;
      const day = new Date(days * DAY_MS).toISOString().slice(0, 10);
      return [day === text ? '1969-12-31' : day, 'dates'];
    }
    const [, local, domain] = EMAIL.exec(text) ?? [];
    if (local !== undefined && domain !== undefined && NAME.test(domain))
      return [`${this.#shape(local)}@${this.#host(domain)}`, 'emails'];
    if (NAME.test(text)) return [this.#host(text), 'hosts'];
    if (!HAS_LETTER.test(text)) return [this.#shape(text), 'numbers'];
    return [this.#shape(text), text.length >= MIN_TOKEN_UNITS && HAS_DIGIT.test(text) ? 'tokens' : 'words'];
  }

  /** No other name ends so (RFC 2606 §3). */
  #host(name: string): string {
    const number = this.#stream(name.toLowerCase(), 8).readBigUInt64BE();
    return `h${number.toString(36).padStart(13, '0').slice(-10)}.example`;
  }

  /** Each letter a letter, each digit a digit. */
  #shape(text: string): string {
    // No turn would make another text of it: `!!` of `!!@shop.example`.
    if (!HAS_PART.test(text)) return text;
    const isHex = HEX.test(text);
    for (let turn = 0; ; turn++) {
      const stream = this.#stream(turn === 0 ? text : `${text}\0${turn}`, text.length);
      let at = 0;
      const shaped = text.replace(PART, (character) => {
        const byte = stream[at++] ?? 0;
        if (!isHex) return like(character, byte);
        const digit = (byte % 16).toString(16);
        return character >= 'A' && character <= 'F' ? digit.toUpperCase() : digit;
      });
      // A letter stays itself once in 26 times.
      if (shaped !== text) return shaped;
    }
  }

  /** As many bytes as wanted, all of which depend on all of the text. */
  #stream(text: string, length: number): Buffer {
    const seed = createHmac('sha256', this.#key).update(text).digest();
    if (length <= seed.length) return seed.subarray(0, length);
    return createCipheriv('aes-256-ctr', seed, Buffer.alloc(16)).update(Buffer.alloc(length));
  }
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz';

function like(character: string, byte: number): string {
  // A number without leading zeros has none afterwards.
  if (character === '0') return `${byte % 10}`;
  if (HAS_DIGIT.test(character)) return `${1 + (byte % 9)}`;
  const letter = LOWER.charAt(byte % LOWER.length);
  return /\p{Lu}/u.test(character) ? letter.toUpperCase() : letter;
}

/** True for the numbers of cards: their last digit follows from the others (ISO/IEC 7812-1 annex B). */
export function isCard(digits: string): boolean {
  return checkDigit(digits.slice(0, -1)) === digits.slice(-1);
}

function checkDigit(front: string): string {
  let sum = 0;
  for (let at = front.length - 1, doubles = true; at >= 0; at--, doubles = !doubles) {
    const digit = front.charCodeAt(at) - 48;
    sum += doubles ? (digit > 4 ? 2 * digit - 9 : 2 * digit) : digit;
  }
  return `${(10 - (sum % 10)) % 10}`;
}
