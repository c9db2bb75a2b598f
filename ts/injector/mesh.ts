/**
 * Pods with the proxy of a service mesh. The proxy takes over the pod's connections, so that `eth0` has the mesh's TLS, and the
 * plain text is on the loopback, between proxy and application. Pure.
 */

import { type Container, type Pod, runningContainers } from './pod';

export interface Mesh {
  /** For warnings. */
  name: string;
  /** The containers beside the proxy: the application. */
  others: Container[];
}

interface Kind {
  name: string;
  /** The container that the mesh adds. */
  proxy: string;
  /** Where a pod asks for it, the stronger place first. The mesh's own webhook, which may run after ours, acts on that. */
  wish: { key: string; on: readonly ('labels' | 'annotations')[]; values: readonly string[] };
  /** A label that asks for it with any value, where the wish is not there. */
  revision?: string;
}

export const MESHES: readonly Kind[] = [
  {
    name: 'Istio',
    proxy: 'istio-proxy',
    wish: { key: 'sidecar.istio.io/inject', on: ['labels', 'annotations'], values: ['true'] },
    revision: 'istio.io/rev',
  },
  {
    name: 'Linkerd',
    proxy: 'linkerd-proxy',
    wish: { key: 'linkerd.io/inject', on: ['annotations'], values: ['enabled', 'ingress'] },
  },
  {
    name: 'Kuma',
    proxy: 'kuma-sidecar',
    wish: { key: 'kuma.io/sidecar-injection', on: ['labels', 'annotations'], values: ['enabled', 'true'] },
  },
];
const PROXIES = MESHES.map(({ proxy }) => proxy);

/** `undefined` where the pod has no proxy and asks for none. */
export function meshOf(pod: Pod): Mesh | undefined {
  // The rules that lead connections to a proxy are never made on the network of a node.
  if (pod.spec.hostNetwork === true) return undefined;
  const running = runningContainers(pod);
  const others = running.filter(({ name }) => !PROXIES.includes(name));
  // A proxy by itself is a gateway of the mesh: its clients are on eth0.
  if (others.length === 0) return undefined;
  const mesh =
    MESHES.find(({ proxy }) => running.some(({ name }) => name === proxy)) ??
    MESHES.find((kind) => isWanted(pod, kind));
  return mesh === undefined ? undefined : { name: mesh.name, others };
}

function isWanted({ metadata }: Pod, { wish, revision = '' }: Kind): boolean {
  const wishes = wish.on.flatMap((place) => metadata?.[place]?.[wish.key] ?? []);
  return wishes[0] === undefined ? (metadata?.labels?.[revision] ?? '') !== '' : wish.values.includes(wishes[0]);
}
