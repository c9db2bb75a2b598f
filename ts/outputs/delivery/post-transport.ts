/** Parcels as POSTs to one URL. Marks each as our own; what an answer means is said by its owner. */

import { type Answer, describeFailure, type HttpClient } from './http-client';
import { gzipParcel, leaveRoom, type Parcel } from './parcel';
import type { Outcome, Transport } from './transport';

/** A captured POST is known by this field (`MARKER_FIELD` in the engine). */
const MARKER = 'tcp-sniffer-output';

interface PostOptions {
  client: HttpClient;
  version: string;
  /** Of each POST. */
  headers: Readonly<Record<string, string>>;
  gzip: boolean;
  /** Returns the proof that a body is our own: with that it is known after a proxy too. */
  seal(body: Buffer): string;
  outcomeOf(answer: Answer, parcel: Parcel): Outcome;
}

export class PostTransport implements Transport {
  readonly #options: PostOptions;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(options: PostOptions) {
    this.#options = options;
    this.#headers = {
      ...options.headers,
      'user-agent': `tcp-sniffer/${options.version}`,
      ...(options.gzip ? { 'content-encoding': 'gzip' } : {}),
    };
  }

  async prepare(parcel: Parcel): Promise<void> {
    const { gzip, seal, version } = this.#options;
    if (gzip) await gzipParcel(parcel);
    else leaveRoom(parcel);
    parcel.headers = { ...this.#headers, [MARKER]: `${version} ${seal(parcel.body)}` };
  }

  async send(parcel: Parcel, signal: AbortSignal): Promise<Outcome> {
    const { client, outcomeOf } = this.#options;
    return outcomeOf(await client.post(parcel.body, parcel.headers, signal), parcel);
  }

  describe(error: unknown): string {
    return describeFailure(error);
  }

  close(): void {
    this.#options.client.close();
  }
}
