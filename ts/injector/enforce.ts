/**
 * The operator's policy on what a pod asks for. A pod that asks for more than it may is left without a sidecar, with a warning;
 * what must be redacted is added to what the pod asks for, since more redaction harms nothing.
 */

import { readKafkaUrl } from '../config/kafka';
import { OPTIONS } from '../config/options';
import { PREFIX } from './names';
import type { Policy } from './operator-config';
import type { Pod } from './pod';
import type { Settings } from './settings';
import { variableFor } from './sniffer-text';

/** A pod asks for what the policy refuses. The message may be shown and has no value of an annotation. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

/** The options whose value names hosts that messages are sent to, and those hosts. */
const HOSTS = {
  outputUrl: hostOf,
  outputOtlp: hostOf,
  outputKafka: brokersOf,
} satisfies { [Field in keyof typeof OPTIONS]?: (url: string) => string[] };

/**
 * Adds what must be redacted.
 * @throws {PolicyError} for the first thing that the policy refuses
 */
export function enforce(policy: Policy, pod: Pod, settings: Settings, defaults: Settings): void {
  const asked = Object.keys(pod.metadata?.annotations ?? {});
  const locked = policy.locked.find((name) => asked.includes(PREFIX + name));
  if (locked !== undefined) throw new PolicyError(`annotation ${PREFIX}${locked} is locked`);
  if (settings.image !== defaults.image && !matchesAny(policy.images, withoutTag(settings.image))) {
    throw new PolicyError(`annotation ${PREFIX}image: this image is not allowed`);
  }
  if (settings.tlsKeys && !policy.tlsKeylog) {
    throw new PolicyError(`annotation ${PREFIX}tls-keylog: the operator has not switched this on`);
  }
  for (const field of Object.keys(HOSTS)) checkHosts(policy, field as keyof typeof HOSTS, settings, defaults);
  checkCeiling(policy.maxBodySize, 'maxBodySize', settings);
  checkCeiling(policy.maxSampleRate, 'sampleRate', settings);
  redact(policy, settings);
}

function checkHosts({ outputHosts }: Policy, field: keyof typeof HOSTS, settings: Settings, defaults: Settings) {
  const name = variableFor(field);
  const url = settings.env[name];
  if (outputHosts === undefined || url === undefined || url === defaults.env[name]) return;
  const hosts = HOSTS[field](url).map((host) => host.replace(/\.$/, '').toLowerCase());
  // Of one dot alone or two at its end nothing is left that a name server knows.
  if (!hosts.every((host) => /[^.]$/.test(host) && matchesAny(outputHosts, host))) {
    throw new PolicyError(`the host of ${name} is not allowed`);
  }
  if (field !== 'outputKafka') settings.env[name] = withPlainHost(url);
}

/** The parser's spelling where the host was written in another spelling: the locks of the chart compare hosts as they are written. */
function withPlainHost(url: string): string {
  const { hostname, href } = new URL(url);
  const [, written = ''] = /^https?:\/\/(\[[^\]]*\]|[^/?#:]*)/i.exec(url) ?? [];
  return written.toLowerCase() === hostname ? url : href;
}

/** A value that is not set is the default of the sniffer. */
function checkCeiling(most: number | undefined, field: 'maxBodySize' | 'sampleRate', settings: Settings): void {
  if (most === undefined) return;
  const name = variableFor(field);
  const text = settings.env[name];
  if (text === undefined) {
    if (OPTIONS[field].default > most) settings.env[name] = `${most}`;
  } else if (!(Number(OPTIONS[field].parse(text)) <= most)) {
    throw new PolicyError(`${name} must be at most ${most}`);
  }
}

/** Adds the names that must be redacted to those that the pod wants redacted or the sniffer redacts by itself. */
function redact(policy: Policy, { env }: Settings): void {
  for (const field of ['redactHeaders', 'redactQuery', 'redactBody'] as const) {
    if (policy[field].length === 0) continue;
    const { check, parse, default: byItself } = OPTIONS[field];
    const text = env[variableFor(field)];
    const names = text === undefined ? byItself : (check(parse(text), field, false) as string[]);
    env[variableFor(field)] = [...new Set([...names, ...policy[field]])].join(',');
  }
  if (policy.redact === 'strict') env[variableFor('redact')] = policy.redact;
}

/** The parser that the output itself uses, so that no other host can be feigned. IPv6 goes without brackets. */
function hostOf(url: string): string[] {
  return [new URL(url).hostname.replace(/^\[|\]$/g, '')];
}

function brokersOf(url: string): string[] {
  return readKafkaUrl(url, 'outputKafka').brokers.map(({ host }) => host);
}

/** The registry, its port and the path. */
function withoutTag(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
}

function matchesAny(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => {
    const [first = '', ...others] = pattern.toLowerCase().split('*');
    if (others.length === 0) return text === first;
    const last = others.pop() ?? '';
    if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
    let rest = text.slice(first.length, text.length - last.length);
    for (const part of others) {
      const at = rest.indexOf(part);
      if (at < 0) return false;
      rest = rest.slice(at + part.length);
    }
    return true;
  });
}
