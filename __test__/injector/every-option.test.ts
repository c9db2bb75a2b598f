// Every option of the table reaches a sidecar, by a pod's annotation and by the operator's option. deploy/check.mjs has the same pods
// made by policy.

import { expect, it } from 'vitest';
import { ANNOTATION_NAMES } from '../../ts/injector/settings';
import { OTHER_SAMPLES, SAMPLES, WITH_ALL_OPTIONS, WITH_EACH_OPTION } from './option-pods';
import { pod } from './parts';
import { ask, type Json, patched } from './rig';

type Variables = Record<string, unknown>;

function sidecarOf(answered: ReturnType<typeof ask>, given: Json = pod()): Json & { env: Variables } {
  const { spec } = patched(given, answered.operations) as { spec: Record<string, Json[] | undefined> };
  const all = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const sidecar = all.find(({ name }) => name === 'tcp-sniffer') as Json & { env: Json[] };
  const env = sidecar.env.map(({ name, value, valueFrom }) => [name, value ?? valueFrom]);
  return { ...sidecar, env: Object.fromEntries(env) };
}

const plain = sidecarOf(ask(pod()));

it('has a pod for every annotation that there is', () => {
  const covered = [...SAMPLES.map(({ annotation }) => annotation), ...Object.keys(OTHER_SAMPLES)];
  expect(covered.sort()).toEqual([...ANNOTATION_NAMES].sort());
});

it.each(SAMPLES)('tcp-sniffer/$annotation: $text', ({ annotation, variable, text }) => {
  const each = WITH_EACH_OPTION.find(({ name }) => name === `each-${annotation}`);
  const answered = ask(each?.pod);
  expect(answered.response.warnings).toBeUndefined();
  expect(sidecarOf(answered, each?.pod)).toEqual({ ...plain, env: { ...plain.env, [variable]: text } });
});

it.each(Object.keys(OTHER_SAMPLES))('tcp-sniffer/%s', (annotation) => {
  const each = WITH_EACH_OPTION.find(({ name }) => name === `each-${annotation}`);
  expect(ask(each?.pod).counters.injected).toBe(1);
});

it.each(WITH_ALL_OPTIONS)('the options of the injector: $name', ({ pod: given, name: _, ...asked }) => {
  const options: Record<string, string> = JSON.parse(asked.env?.INJECTOR_SIDECAR_OPTIONS ?? '');
  const expected = SAMPLES.filter(({ annotation }) => Object.hasOwn(options, annotation));
  expect(expected.length).toBeGreaterThan(0);
  const { env } = sidecarOf(ask(given, asked), given);
  expect(env).toMatchObject(Object.fromEntries(expected.map(({ variable, text }) => [variable, text])));
});
