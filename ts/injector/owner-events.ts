/**
 * Warning events on the owner of a pod that was left without a sidecar. The pods of a Deployment are created by a controller, which
 * gets the warnings of the webhook and shows them to no person; `kubectl describe` and `kubectl get events` show these.
 *
 * A person who reaches the webhook's port can send a review of any namespace and of any owner. So what is written is bounded in number and
 * size. The message of an event is the warning of the webhook: sentences of the injector with words of the review in them, e.g. names and
 * values of annotations and names of volumes; it is cut and printable ASCII, so that it can forge no line on a terminal. Owner and namespace are
 * the review's too, and may be untrue: they are strings of a bounded length in JSON, which the API server validates, and the
 * namespace is checked before it becomes part of a path. Nothing reads an event back.
 */

import { randomBytes } from 'node:crypto';
import { errorFields, type Log } from '../logger';
import type { Counters } from './counters';
import type { KubeApi } from './kube-api';
import { LABEL_NAME } from './names';
import { isObject, type Pod } from './pod';

export interface Owner {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
}

interface OwnerEventsDeps {
  api: KubeApi;
  log: Log;
  counters: Counters;
  /** In ms; only differences of it count, so it must be a clock that is never set. */
  now(): number;
}

/** A controller tries again and again, and its owner is told once in so long. Events are kept for an hour by default. */
export const REPEAT_MS = 10 * 60_000;
/** A rollout of so many workloads is told at once; after that it is one event a second, so that nothing floods the API server. */
export const BURST = 50;
const REFILL_MS = 1_000;
/** Events that are remembered, about 300 bytes each: all that may have been sent in REPEAT_MS. */
const MAX_TOLD = BURST + REPEAT_MS / REFILL_MS;
/** The API server's own bounds of names and the like are smaller or the same. */
const MAX_FIELD_CHARS = 253;
/** Validation of events.k8s.io (`NoteLengthLimit`). */
const MAX_MESSAGE_CHARS = 1_024;

const COMPONENT = 'tcp-sniffer-injector';
const REASON = 'SidecarNotInjected';

export class OwnerEvents {
  readonly #deps: OwnerEventsDeps;
  readonly #told = new Map<string, number>();
  readonly #waiting: (() => Promise<void>)[] = [];
  #tokens = BURST;
  #refilledAt: number;
  #sending = false;
  #works = true;

  constructor(deps: OwnerEventsDeps) {
    this.#deps = deps;
    this.#refilledAt = deps.now();
  }

  /** Returns at once. At most `BURST` events wait at one time. */
  tell(namespace: string, owner: Owner, message: string): void {
    const { counters, now } = this.#deps;
    const key = `${owner.uid} ${message}`;
    const last = this.#told.get(key);
    if (last !== undefined && now() - last < REPEAT_MS) {
      counters.events.repeated++;
      return;
    }
    // The token comes last: what is not sent anyway takes none from an event that is.
    if (!LABEL_NAME.test(namespace) || this.#waiting.length >= BURST || !this.#takeToken()) {
      counters.events.dropped++;
      return;
    }
    this.#told.delete(key);
    this.#told.set(key, now());
    const [oldest] = this.#told.keys();
    if (this.#told.size > MAX_TOLD && oldest !== undefined) this.#told.delete(oldest);
    this.#waiting.push(() => this.#send(namespace, owner, message));
    if (!this.#sending) void this.#sendAll();
  }

  #takeToken(): boolean {
    const now = this.#deps.now();
    const refilled = Math.floor((now - this.#refilledAt) / REFILL_MS);
    if (refilled > 0) {
      this.#tokens = Math.min(BURST, this.#tokens + refilled);
      this.#refilledAt += refilled * REFILL_MS;
    }
    if (this.#tokens === 0) return false;
    this.#tokens--;
    return true;
  }

  /** One after the other: events are the least of what an API server has to do. */
  async #sendAll(): Promise<void> {
    this.#sending = true;
    for (let send = this.#waiting.shift(); send !== undefined; send = this.#waiting.shift()) await send();
    this.#sending = false;
  }

  /** Is not tried again: the controller creates the next pod soon, and the answer to it is told anew. */
  async #send(namespace: string, owner: Owner, message: string): Promise<void> {
    const { api, counters, log } = this.#deps;
    try {
      const { status } = await api.send(
        'POST',
        `/api/v1/namespaces/${namespace}/events`,
        event(namespace, owner, message),
      );
      if (status !== 201) throw new Error(`the event was answered with ${status}`);
      counters.events.sent++;
      this.#works = true;
    } catch (error) {
      counters.events.failed++;
      this.#told.delete(`${owner.uid} ${message}`);
      // Said once until it works again; the counter has the number.
      if (this.#works) log.warn({ namespace, ...errorFields(error) }, 'cannot create events');
      this.#works = false;
    }
  }
}

/** The object whose controller makes the pod. */
export function ownerOf({ metadata }: Pod): Owner | undefined {
  const references = Array.isArray(metadata?.ownerReferences) ? metadata.ownerReferences : [];
  const found = references.find((reference) => isObject(reference) && reference.controller === true);
  const { apiVersion, kind, name, uid } = (found ?? {}) as Record<string, unknown>;
  return isField(apiVersion) && isField(kind) && isField(name) && isField(uid)
    ? { apiVersion, kind, name, uid }
    : undefined;
}

function isField(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_FIELD_CHARS;
}

function event(namespace: string, owner: Owner, message: string) {
  const time = new Date().toISOString().replace(/\.\d+/, '');
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${COMPONENT}.${randomBytes(8).toString('hex')}`, namespace },
    involvedObject: { ...owner, namespace },
    type: 'Warning',
    reason: REASON,
    message: message.slice(0, MAX_MESSAGE_CHARS),
    source: { component: COMPONENT },
    reportingComponent: COMPONENT,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
}
