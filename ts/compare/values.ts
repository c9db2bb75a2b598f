/**
 * The values of one field, in bounded memory. In: values, as messages have them. Out: the value that nearly all of them have, if there is
 * one. Refuses what must not be shown, and what says nothing of a service.
 */

import { ownText } from '../exchange/routes';
import { isSecretName } from '../pseudonym/text';

/** Longer values are not compared: no setting that people read is so long, but for a few policies. */
export const MAX_VALUE_UNITS = 512;
/** Of a field, the first values. A field of which there are more has hardly a value that nearly all messages have. */
export const MAX_VALUES = 4;
/** Of all endpoints together, some 16 MiB; past it values are counted, and not compared. */
export const MAX_KEPT_UNITS = 8 * 1024 * 1024;
/** Names of fields of all endpoints together, some 800 bytes each with the counts of both captures. */
export const MAX_KEPT_NAMES = 32_768;
/** So large a share of the messages that have a field has the same value. */
export const STABLE_SHARE = 0.95;

/** The text of a value that is hidden. */
const REDACTED = '[REDACTED]';

/** They say when, or who asked, or by which name; in a short capture they are the same in each message. */
const NEVER = new Set(
  (
    'date age expires last-modified if-modified-since if-unmodified-since host ' +
    'forwarded x-forwarded-for x-real-ip x-client-ip x-original-forwarded-for x-envoy-external-address true-client-ip cf-connecting-ip ' +
    'traceparent tracestate b3 x-b3-traceid x-b3-spanid x-b3-parentspanid x-request-id x-correlation-id x-amzn-trace-id ' +
    'x-cloud-trace-context cf-ray'
  ).split(' '),
);

/** False for what is secret by its name, and for times, addresses and ids of requests. */
export function isCompared(name: string): boolean {
  return !NEVER.has(name) && !isSecretName(name);
}

/** The rest of the memory for names and values. */
export class Room {
  #units = MAX_KEPT_UNITS;
  #names = MAX_KEPT_NAMES;

  /** Returns false if there is no room for one more name. */
  takeName(): boolean {
    if (this.#names === 0) return false;
    this.#names--;
    return true;
  }

  /** So many names are not needed any more. */
  freeNames(count: number): void {
    this.#names += count;
  }

  /** A text of its own, or `undefined` if there is no room. */
  copy(value: string): string | undefined {
    if (this.#units < value.length) return undefined;
    this.#units -= value.length;
    return ownText(value);
  }

  /** A copy is not needed any more. */
  free(value: string): void {
    this.#units += value.length;
  }
}

/** A value, and how many of the messages that have its field have it. */
interface Stable {
  value: string;
  hits: number;
}

export class Values {
  /** Messages that have the field. */
  count = 0;
  readonly #counts = new Map<string, number>();

  /** Returns false if the value is too long or there is no room for it, so that it is not told apart. */
  add(value: string, room: Room): boolean {
    this.count++;
    const known = this.#counts.get(value);
    if (known !== undefined) {
      this.#counts.set(value, known + 1);
      return true;
    }
    if (this.#counts.size >= MAX_VALUES) return true;
    const own = value.length > MAX_VALUE_UNITS ? undefined : room.copy(value);
    if (own === undefined) return false;
    this.#counts.set(own, 1);
    return true;
  }

  /** The other has nothing any more. */
  takeOver(other: Values, room: Room): void {
    this.count += other.count;
    for (const [value, count] of other.#counts) {
      const known = this.#counts.get(value);
      if (known !== undefined || this.#counts.size >= MAX_VALUES) room.free(value);
      if (known !== undefined || this.#counts.size < MAX_VALUES) this.#counts.set(value, (known ?? 0) + count);
    }
    other.#counts.clear();
  }

  hits(value: string): number {
    return this.#counts.get(value) ?? 0;
  }

  /** `undefined`: there is no such value, or it is hidden. */
  get stable(): Stable | undefined {
    for (const [value, hits] of this.#counts)
      if (hits >= STABLE_SHARE * this.count) return value.includes(REDACTED) ? undefined : { value, hits };
    return undefined;
  }
}
