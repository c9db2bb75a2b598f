/** Parcels of lines as requests to produce. One at a time: the order within a connection is that of its lines. */

import { leaveRoom, type Parcel } from '../delivery/parcel';
import type { Outcome, Transport } from '../delivery/transport';
import type { Schedule } from '../output';
import type { KafkaProducer, KafkaRecord } from './client';
import { failureOf } from './failures';
import type { Records } from './records';

/** At the end, for connections to brokers that do not answer. */
const CLOSE_MS = 1_000;
/** Clients that were given up and have not let go of their connections: to brokers that take nothing. More are not begun. */
export const MAX_CLOSING = 4;

interface KafkaTransportOptions {
  connect(): Promise<KafkaProducer>;
  records: Records;
  schedule: Schedule;
}

export class KafkaTransport implements Transport {
  readonly #options: KafkaTransportOptions;
  #producer: KafkaProducer | undefined;
  #closing = 0;

  constructor(options: KafkaTransportOptions) {
    this.#options = options;
  }

  prepare(parcel: Parcel): void {
    leaveRoom(parcel);
  }

  async send(parcel: Parcel, signal: AbortSignal): Promise<Outcome> {
    // Before the first wait: the lines stay where they are until then.
    const records = this.#options.records.of(parcel.body);
    const producer = this.#producer ?? (await this.#options.connect());
    this.#producer = producer;
    try {
      return await untilAborted(produce(producer, records, signal), signal);
    } catch (error) {
      if (signal.aborted) this.#letGo(producer);
      // The broker that led a partition may be gone: the next attempt asks who does.
      else producer.forget();
      throw error;
    }
  }

  describe(error: unknown): string {
    return failureOf(error).reason;
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    if (producer === undefined) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.schedule(CLOSE_MS, resolve);
      const done = (): void => {
        cancel();
        resolve();
      };
      producer.close().then(done, done);
    });
  }

  /** An attempt that was called off goes on in its client, so the next has another. */
  #letGo(producer: KafkaProducer): void {
    if (this.#producer !== producer || this.#closing >= MAX_CLOSING) return;
    this.#producer = undefined;
    this.#closing++;
    const done = (): void => {
      this.#closing--;
    };
    producer.close().then(done, done);
  }
}

/** Halves what is too large until it passes or is a single record; the halves go in their order. */
async function produce(producer: KafkaProducer, records: KafkaRecord[], signal: AbortSignal): Promise<Outcome> {
  try {
    await producer.send(records);
    return { sent: true };
  } catch (error) {
    const { reason, again } = failureOf(error);
    if (again === 'later') throw error;
    if (again === 'never' || records.length === 1) return { sent: false, reason, again: false };
  }
  const middle = Math.ceil(records.length / 2);
  let rejected = 0;
  for (const half of [records.slice(0, middle), records.slice(middle)]) {
    if (signal.aborted) throw new Error('called off');
    const outcome = await produce(producer, half, signal);
    rejected += outcome.sent ? (outcome.rejected ?? 0) : half.length;
  }
  return { sent: true, rejected };
}

function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error('called off'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
