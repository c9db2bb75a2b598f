/** Which outputs a config turns on: decided here and nowhere else. */

import type { OutputName } from '../types';
import type { Option } from './option';
import { OPTIONS } from './options';
import type { SnifferConfig } from './types';

/** The options that turn an output on, each with its output. */
const ROWS = Object.entries<Option>(OPTIONS).flatMap(([field, { output }]): [string, OutputName][] =>
  output === undefined ? [] : [[field, output]],
);

/** By name. An empty path, URL or list turns nothing on; neither does a switch that is off. */
export function configuredOutputs(config: Partial<SnifferConfig>): ReadonlySet<OutputName> {
  const given = config as Readonly<Record<string, unknown>>;
  return new Set(ROWS.filter(([field]) => isOn(given[field])).map(([, output]) => output));
}

/** True if `/metrics` counts by endpoint, for which messages are read. */
export function countsEndpoints({ metricsByEndpoint, metricsPort }: Partial<SnifferConfig>): boolean {
  return metricsByEndpoint === true && metricsPort !== undefined;
}

/** True if messages go anywhere without a `message` listener. */
export function hasOutputConfigured(config: SnifferConfig): boolean {
  return configuredOutputs(config).size > 0;
}

/** True if an option turns an output on or off; else the command turns stdout on. */
export function mentionsOutput(config: Partial<SnifferConfig>): boolean {
  const given = config as Readonly<Record<string, unknown>>;
  return ROWS.some(([field]) => given[field] !== undefined);
}

function isOn(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== null && value !== false && value !== '';
}
