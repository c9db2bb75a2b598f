/**
 * Whether the cluster has native sidecars. A server without them drops `restartPolicy` of an init container silently, and the
 * pod then waits for the sidecar to end: so never unless it is known.
 */

import { errorFields, type Log } from '../logger';
import type { KubeApi } from './kube-api';
import type { NativeMode } from './operator-config';
import { isObject } from './pod';

/** The first minor version where they are on by default (KEP-753). */
const FIRST_MINOR = 29;
/** A cluster may be upgraded under us. */
const REFRESH_MS = 5 * 60_000;
const RETRY_MS = 10_000;

export class NativeSidecars {
  readonly #mode: NativeMode;
  readonly #api: KubeApi | undefined;
  readonly #log: Log;
  #available: boolean;
  #known = '';
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(mode: NativeMode, api: KubeApi | undefined, log: Log) {
    this.#mode = mode;
    this.#api = api;
    this.#log = log;
    this.#available = mode === 'always';
  }

  get available(): boolean {
    return this.#available;
  }

  /** Resolves after the first answer or failure; asks again from then on. Never rejects. */
  async start(): Promise<void> {
    if (this.#mode !== 'auto') return;
    const api = this.#api;
    if (api === undefined) {
      this.#log.warn({}, 'not in a cluster: its version is not known, so sidecars are classic containers');
      return;
    }
    const delay = (await this.#ask(api)) ? REFRESH_MS : RETRY_MS;
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.start(), delay);
    this.#timer.unref();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** A server that does not answer is taken for what it was the last time. */
  async #ask(api: KubeApi): Promise<boolean> {
    try {
      const { status, body } = await api.send('GET', '/version');
      const version = isObject(body) ? `${body.major}.${body.minor}` : '';
      const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
      if (status !== 200 || minor === undefined) throw new Error(`/version was answered with ${status}`);
      this.#available = Number(major) > 1 || (Number(major) === 1 && Number(minor) >= FIRST_MINOR);
      if (version !== this.#known) {
        this.#log.info({ kubernetes: version, native: this.#available }, 'version of the cluster is known');
      }
      this.#known = version;
      return true;
    } catch (error) {
      this.#log.warn({ native: this.#available, ...errorFields(error) }, 'cannot ask for the version of the cluster');
      return false;
    }
  }
}
