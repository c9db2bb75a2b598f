/** Which outputs a config turns on: decided here and nowhere else. */

import type { Option } from './option';
import { OPTIONS } from './options';
import type { SnifferConfig } from './types';

const ROWS = Object.entries<Option>(OPTIONS).filter(([, { output }]) => output !== undefined);

/** By name. An empty path, URL or list turns nothing on; neither does a switch that is off. */
export function configuredOutputs(config: Partial<SnifferConfig>): ReadonlySet<string> {
  const given = config as Readonly<Record<string, unknown>>;
  return new Set(ROWS.filter(([field]) => isOn(given[field])).map(([, { output = '' }]) => output));
}

/** Whether messages go anywhere without a `message` listener. */
export function hasOutputConfigured(config: SnifferConfig): boolean {
  return configuredOutputs(config).size > 0;
}

/** Whether an output is turned on or off by its option; where none is, the command has one of its own. */
export function mentionsOutput(config: Partial<SnifferConfig>): boolean {
  const given = config as Readonly<Record<string, unknown>>;
  return ROWS.some(([field]) => given[field] !== undefined);
}

function isOn(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== null && value !== false && value !== '';
}
