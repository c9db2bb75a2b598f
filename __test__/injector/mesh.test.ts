// The variables of the sidecar of a pod in a mesh. The whole patches are golden.

import { expect, it } from 'vitest';
import { IN_A_MESH, OUTSIDE_OF_A_MESH } from './mesh-pods';
import { annotated, web } from './parts';
import { ask, type Json, patched } from './rig';

type Sidecar = { name: string; env: { name: string; value: string }[] };

function watched({ pod, name: _, ...asked }: (typeof OUTSIDE_OF_A_MESH)[number]): [string?, string?] {
  const { spec } = patched(pod as { spec: Json }, ask(pod, asked).operations);
  const containers = [...((spec.initContainers ?? []) as Sidecar[]), ...(spec.containers as Sidecar[])];
  const { env } = containers.find(({ name }) => name === 'tcp-sniffer') as Sidecar;
  const valueAt = (variable: string) => env.find(({ name }) => name === variable)?.value;
  return [valueAt('INTERFACE'), valueAt('PORTS')];
}

const OF_THEIR_OWN: Record<string, [string, string]> = {
  'mesh-with-a-port-of-its-own': ['lo', '9000'],
  'mesh-with-an-interface-of-its-own': ['any', '8080'],
  'mesh-with-defaults-of-the-injector': ['eth0', '8080'],
  'mesh-gateway': ['', '8443'],
  'mesh-with-both-of-its-own': ['', '9000'],
};

it.each(IN_A_MESH)('$name', (each) => {
  expect(watched(each)).toEqual(OF_THEIR_OWN[each.name] ?? ['lo', '8080']);
});

it.each(OUTSIDE_OF_A_MESH)('$name', (each) => {
  expect(watched(each)).toEqual(OF_THEIR_OWN[each.name] ?? ['', '8080']);
});

it('warns of the mesh beside another warning', () => {
  const env = {
    INJECTOR_SIDECAR_OUTPUT_URL: 'https://collector.example/in',
    INJECTOR_SIDECAR_AUTH_SECRET: 'sniffer/token',
  };
  const pod = annotated(
    { 'tcp-sniffer/output-url': 'https://other.example/' },
    { containers: [web, { ...web, name: 'istio-proxy' }] },
  );
  expect(ask(pod, { env }).response.warnings).toEqual([
    expect.stringContaining('tcp-sniffer/auth-secret'),
    expect.stringContaining('in a mesh (Istio)'),
  ]);
});
