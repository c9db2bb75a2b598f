// Pods in a mesh: with the proxy as a container or a native sidecar, and such that the mesh's webhook gives one afterwards.

import { annotated, type PodCase, pod, web } from './parts';
import type { Json } from './rig';

const proxy = (name: string, ...ports: number[]): Json => ({
  name,
  image: `registry.example/${name}:1`,
  ports: ports.map((containerPort) => ({ containerPort })),
});
const istio = proxy('istio-proxy', 15_090);
const linkerd = proxy('linkerd-proxy', 4143, 4191);
const native = (container: Json): Json => ({ ...container, restartPolicy: 'Always' });
const labelled = (labels: Json): Json => pod({}, { labels: { 'tcp-sniffer/inject': 'true', ...labels } });

const both = (mesh: string) => new RegExp(`mesh \\(${mesh}\\), so .* on lo and the ports of the containers beside the`);

export const IN_A_MESH: readonly (PodCase & { warns: RegExp })[] = [
  { name: 'mesh-istio', pod: pod({ containers: [istio, web] }), warns: both('Istio') },
  { name: 'mesh-istio-native', pod: pod({ initContainers: [native(istio)] }), warns: both('Istio') },
  { name: 'mesh-istio-label', pod: labelled({ 'sidecar.istio.io/inject': 'true' }), warns: both('Istio') },
  { name: 'mesh-istio-revision', pod: labelled({ 'istio.io/rev': '1-30' }), warns: both('Istio') },
  { name: 'mesh-linkerd', pod: pod({ containers: [linkerd, web] }), native: false, warns: both('Linkerd') },
  { name: 'mesh-linkerd-native', pod: pod({ initContainers: [native(linkerd)] }), warns: both('Linkerd') },
  { name: 'mesh-linkerd-annotation', pod: annotated({ 'linkerd.io/inject': 'ingress' }), warns: both('Linkerd') },
  { name: 'mesh-kuma', pod: pod({ containers: [web, proxy('kuma-sidecar')] }), warns: both('Kuma') },
  { name: 'mesh-kuma-label', pod: labelled({ 'kuma.io/sidecar-injection': 'enabled' }), warns: both('Kuma') },
  {
    name: 'mesh-with-a-port-of-its-own',
    pod: annotated({ 'tcp-sniffer/ports': '9000' }, { containers: [web, istio] }),
    warns: /captures on lo; /,
  },
  {
    name: 'mesh-with-an-interface-of-its-own',
    pod: annotated({ 'tcp-sniffer/interface': 'any' }, { containers: [web, istio] }),
    warns: /captures the ports of the containers beside the proxy; /,
  },
  {
    name: 'mesh-with-defaults-of-the-injector',
    pod: pod({ containers: [web, istio] }),
    env: { INJECTOR_SIDECAR_INTERFACE: 'eth0' },
    warns: /captures the ports of/,
  },
];

export const OUTSIDE_OF_A_MESH: readonly PodCase[] = [
  { name: 'mesh-gateway', pod: pod({ containers: [proxy('istio-proxy', 8443)] }) },
  {
    name: 'mesh-on-the-host-network',
    pod: annotated({ 'tcp-sniffer/host-network': 'true', 'linkerd.io/inject': 'enabled' }, { hostNetwork: true }),
  },
  {
    name: 'mesh-with-both-of-its-own',
    pod: annotated({ 'tcp-sniffer/ports': '9000', 'tcp-sniffer/interface': '' }, { containers: [web, istio] }),
  },
  {
    name: 'mesh-left',
    pod: pod(
      {},
      {
        labels: { 'tcp-sniffer/inject': 'true', 'sidecar.istio.io/inject': 'false', 'istio.io/rev': '1-30' },
        annotations: { 'sidecar.istio.io/inject': 'true', 'linkerd.io/inject': 'disabled' },
      },
    ),
  },
  {
    name: 'mesh-init-containers',
    pod: pod({ initContainers: [proxy('istio-proxy'), proxy('istio-init'), proxy('linkerd-init')] }),
  },
];
