// A proof that needs a cluster: podman's pods have no controllers and no events.
import assert from 'node:assert/strict';
import { until } from './cluster.mjs';
import { NAMESPACE, typo } from './objects.mjs';

/** The owner of pods with a typo in an annotation is told by an event, and the pods run. */
export async function tellsOwner({ place }, image) {
  place.apply(typo(image));
  await until('the pod runs without a sidecar', 60, () => {
    const { items } = JSON.parse(place.run(['get', 'pods', '-n', NAMESPACE, '-l', 'app=typo', '-o', 'json']));
    const [pod] = items.filter(({ status }) => status.phase === 'Running');
    return pod && pod.spec.containers.length === 1 ? pod : undefined;
  });
  const event = await until('there is an event', 30, () => {
    const { items } = JSON.parse(place.run(['get', 'events', '-n', NAMESPACE, '-o', 'json']));
    return items.find(({ reason }) => reason === 'SidecarNotInjected');
  });
  const { type, message, involvedObject, source } = event;
  assert.equal(type, 'Warning');
  assert.equal(involvedObject.kind, 'ReplicaSet');
  assert.match(involvedObject.name, /^typo-/);
  assert.match(message, /invalid_annotation.*sample-rat/);
  assert.equal(source.component, 'tcp-sniffer-injector');
  const said = place.run(['describe', 'replicaset', '-n', NAMESPACE, '-l', 'app=typo']);
  assert.match(said, /SidecarNotInjected/, 'kubectl describe shows it');
}
