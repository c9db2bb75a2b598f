/** The counts of the injector, also as Prometheus text. */

import { Exposition } from '../http-server/exposition';
import { SKIP_REASONS, type SkipReason } from './decide';

/** Requests that are no review, by their answer. */
const REFUSALS = [400, 404, 405, 413, 415, 500, 503] as const;
export type Refusal = (typeof REFUSALS)[number];

export interface Counters {
  injected: number;
  skipped: Record<SkipReason, number>;
  refused: Record<Refusal, number>;
  /** Connections that ended without an answer: TLS did not come about, or there were too many at one time. */
  failedConnections: { handshake: number; limit: number };
  /** Seconds, over all reviews, from the whole body to the answer. */
  reviewSeconds: number;
  certificates: { loaded: number; refused: number };
  /** The self-managed mode: attempts to bring Secret and webhook configuration in order. */
  upkeep: { done: number; failed: number };
  /** Events on owners: `repeated` was told before, `dropped` were too many at one time. */
  events: { sent: number; failed: number; repeated: number; dropped: number };
}

export function createCounters(): Counters {
  return {
    injected: 0,
    skipped: zeros(SKIP_REASONS),
    refused: zeros(REFUSALS),
    failedConnections: { handshake: 0, limit: 0 },
    reviewSeconds: 0,
    certificates: { loaded: 0, refused: 0 },
    upkeep: { done: 0, failed: 0 },
    events: { sent: 0, failed: 0, repeated: 0, dropped: 0 },
  };
}

interface Gauges {
  version: string;
  native: boolean;
  /** End of the certificate that is served, in seconds since 1970; 0 before there is one. */
  certificateExpiry: number;
}

export function injectorText(counters: Counters, { version, native, certificateExpiry }: Gauges): string {
  const out = new Exposition();
  const skips = SKIP_REASONS.map((reason): Sample => [{ result: 'skipped', reason }, counters.skipped[reason]]);
  const injected: Sample = [{ result: 'injected', reason: '' }, counters.injected];
  const refused = REFUSALS.map((status): Sample => [{ status: `${status}` }, counters.refused[status]]);
  const { certificates, events, failedConnections, upkeep } = counters;
  out.metric('injector_info', 'gauge', 'What runs here.', [[{ version }, 1]]);
  out.metric('injector_reviews_total', 'counter', 'Pods reviewed, by what came of it.', [injected, ...skips]);
  out.metric('injector_refused_total', 'counter', 'Requests that were no review, by status.', refused);
  out.metric('injector_connections_failed_total', 'counter', 'Connections that ended without an answer, by why.', [
    [{ reason: 'handshake' }, failedConnections.handshake],
    [{ reason: 'limit' }, failedConnections.limit],
  ]);
  out.metric('injector_review_seconds_total', 'counter', 'Time spent on reviews.', [[{}, counters.reviewSeconds]]);
  out.metric('injector_native_sidecars', 'gauge', '1 where native sidecars are made.', [[{}, native ? 1 : 0]]);
  out.metric(
    'injector_certificate_expiry_timestamp_seconds',
    'gauge',
    'End of the certificate; 0 if there is no certificate yet.',
    [[{}, certificateExpiry]],
  );
  out.metric('injector_certificates_total', 'counter', 'Certificates that were read, by what came of it.', [
    [{ result: 'loaded' }, certificates.loaded],
    [{ result: 'refused' }, certificates.refused],
  ]);
  out.metric('injector_upkeep_total', 'counter', 'Looks after the Secret and caBundle in self mode.', [
    [{ result: 'done' }, upkeep.done],
    [{ result: 'failed' }, upkeep.failed],
  ]);
  out.metric(
    'injector_events_total',
    'counter',
    'Warning events on the owners of pods that were left without sidecar, by what came of it.',
    Object.entries(events).map(([result, count]): Sample => [{ result }, count]),
  );
  return out.toString();
}

type Sample = [Record<string, string>, number];

function zeros<Key extends string | number>(keys: readonly Key[]): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>;
}
