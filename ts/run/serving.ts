/** `/metrics` of a sniffer, with what is counted for it. In: a config with a port for it, and the state of the sniffer. Out: the server. */

import type { ValidatedConfig } from '../config';
import { MetricsServer } from '../http-server/server';
import type { SnifferStats } from '../types';
import { VERSION } from '../version';
import { createEndpoints, endpointsText } from './endpoint-metrics';
import { metricsText } from './metrics';
import { processText } from './process-metrics';
import type { Observer } from './session';

interface State {
  live: boolean;
  now(): number;
  stats(): SnifferStats;
  source(): string;
  isRunning(): boolean;
  isHealthy(): boolean;
  isReady(): boolean;
}

export interface Serving {
  server: MetricsServer;
  /** Counts by endpoint, if that is asked for. */
  count: Observer | undefined;
}

export function createServing(
  config: ValidatedConfig,
  { live, now, stats, source, isRunning, isHealthy, isReady }: State,
): Serving {
  const { metricsPort: port = 0, metricsHost: host } = config;
  const endpoints = createEndpoints(config, { live, now });
  const text = (): string => {
    const capturing = { running: isRunning(), version: VERSION, source: source() };
    const byEndpoint = endpoints === undefined ? '' : endpointsText(endpoints);
    return metricsText(stats(), capturing) + byEndpoint + processText();
  };
  return { server: new MetricsServer({ port, host, text, isHealthy, isReady }), count: endpoints?.read };
}
