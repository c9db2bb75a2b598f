/** Everything of the injector put together: starts, serves, stops. */

import { MetricsServer } from '../http-server/server';
import { errorFields, type Log } from '../logger';
import { VERSION } from '../version';
import { PairFiles, type PairSink, type PairSource } from './certificates/files';
import type { CheckedPair } from './certificates/pair';
import { SelfManagedPair } from './certificates/self';
import { createCounters, injectorText } from './counters';
import { MAX_BODY_BYTES } from './exchange';
import type { KubeApi } from './kube-api';
import { NativeSidecars } from './native-sidecars';
import type { InjectorConfig } from './operator-config';
import { OwnerEvents } from './owner-events';
import { leaveAlone, type Reviewer, review } from './review';
import { WebhookServer } from './server';

export interface InjectorDeps {
  log: Log;
  /** `undefined` outside of a cluster. */
  api: KubeApi | undefined;
  /** The sidecar runs in production: its URL must be https. */
  production: boolean;
  /** PEM of `clientCa`. */
  clientCa?: string;
}

/** The time until every API server knows that this replica is gone; well inside the 30 s of a pod. */
const DRAIN_MS = 5_000;
/** Requests that are under way then are answered within milliseconds. */
const CLOSE_MS = 5_000;

export class Injector {
  readonly #config: InjectorConfig;
  readonly #log: Log;
  readonly #clientCa: { clientCa?: string };
  readonly #counters = createCounters();
  readonly #native: NativeSidecars;
  readonly #pairs: PairSource;
  readonly #health: MetricsServer;
  readonly #reviewer: Reviewer;
  #server: WebhookServer | undefined;
  #listening: Promise<void> | undefined;
  #notAfter = 0;
  #ready = false;
  #stopping: Promise<void> | undefined;
  /** Rejects when the webhook's port cannot be had. */
  readonly failed: Promise<never>;
  #fail: (error: Error) => void = () => {};

  constructor(config: InjectorConfig, { log, api, production, clientCa }: InjectorDeps) {
    this.#config = config;
    this.#log = log;
    this.#clientCa = clientCa === undefined ? {} : { clientCa };
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {});
    this.#native = new NativeSidecars(config.native, api, log);
    const counters = this.#counters;
    const events =
      config.events && api !== undefined
        ? new OwnerEvents({ api, log, counters, now: () => performance.now() })
        : undefined;
    this.#reviewer = {
      ...{ config, production, log, counters },
      nativeAvailable: () => this.#native.available,
      ...(events === undefined ? {} : { tellOwner: (...words) => events.tell(...words) }),
    };
    const sink: PairSink = { onPair: (pair) => this.#use(pair), onBadPair: (complaint) => this.#refuse(complaint) };
    this.#pairs =
      config.certificates === 'self'
        ? new SelfManagedPair(config, { api, log, sink, counters, now: Date.now })
        : new PairFiles(config.tlsDir, sink);
    this.#health = new MetricsServer({
      port: config.healthPort,
      host: '',
      text: () => this.metrics(),
      isHealthy: () => true,
      isReady: () => this.isReady(),
      complaints: { healthz: '', readyz: 'no valid certificate, or stopping' },
    });
  }

  /** Resolves once all is under way; the webhook listens as soon as there is a certificate. Rejects without its health port. */
  async start(): Promise<void> {
    await this.#health.listen();
    const { image, native, certificates, namespace, healthPort } = this.#config;
    this.#log.info({ version: VERSION, image, native, certificates, namespace, healthPort }, 'injector started');
    // First: what is injected before the version is known would be the wrong kind.
    await this.#native.start();
    await this.#pairs.start();
    await this.#listening;
  }

  isReady(): boolean {
    return this.#ready && this.#stopping === undefined && Date.now() < this.#notAfter;
  }

  metrics(): string {
    const certificateExpiry = Math.floor(this.#notAfter / 1_000);
    return injectorText(this.#counters, { version: VERSION, native: this.#native.available, certificateExpiry });
  }

  /** Not ready at once; serves on for a while, since API servers learn of it late. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#native.stop();
    this.#server?.drain();
    if (this.#ready) await new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
    this.#pairs.stop();
    await this.#server?.close(CLOSE_MS);
    await this.#health.close();
    this.#log.info({ injected: this.#counters.injected }, 'injector stopped');
  }

  #use(pair: CheckedPair): void {
    try {
      if (this.#server === undefined) this.#listening = this.#listen(pair);
      else this.#server.use(pair);
    } catch (error) {
      this.#refuse(errorFields(error).error as string);
      return;
    }
    this.#notAfter = pair.notAfter;
    this.#counters.certificates.loaded++;
    this.#log.info({ notAfter: new Date(pair.notAfter).toISOString() }, 'certificate loaded');
  }

  async #listen(pair: CheckedPair): Promise<void> {
    const answer = (body: Buffer, entry: Parameters<typeof review>[1]) => review(body, entry, this.#reviewer);
    const answerTooLong = (beginning: Buffer) =>
      leaveAlone(beginning, `the body has more than ${MAX_BODY_BYTES} bytes`, this.#reviewer);
    const onThrown = (error: unknown) =>
      this.#log.error(errorFields(error), 'a request was refused because of an error of the injector');
    const { port } = this.#config;
    const options = { port, ...this.#clientCa, counters: this.#counters, answer, answerTooLong, onThrown };
    this.#server = new WebhookServer(options, pair);
    try {
      await this.#server.listen();
      this.#ready = true;
      this.#log.info({ port }, 'webhook is served');
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #refuse(complaint: string): void {
    this.#counters.certificates.refused++;
    const serving =
      this.#server === undefined ? 'nothing is served until there is a certificate' : 'the certificate before stays';
    this.#log.error({ complaint }, `no good certificate: ${serving}`);
  }
}
