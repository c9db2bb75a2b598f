// Proofs that need a cluster: podman's pods have no controllers and no events.
import assert from 'node:assert/strict';
import { until } from './cluster.mjs';
import { deployment, END_PATH, HTTP_PORT, job, NAMESPACE, typo } from './objects.mjs';
import { isMessage, known, parsed, SIDECAR, send } from './proofs.mjs';

const podsOf = (place, app) =>
  JSON.parse(place.run(['get', 'pods', '-n', NAMESPACE, '-l', `app=${app}`, '-o', 'json'])).items;
const statusOf = ({ status }) =>
  [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])].find(({ name }) => name === SIDECAR);
const messagesOf = ({ place }, { metadata }) =>
  parsed(place.logs(NAMESPACE, metadata.name, SIDECAR))
    .filter(isMessage)
    .map(known);
const isAbout = (path) => (message) => (message.path ?? message.request?.path) === path;

/** The pods that a Deployment and a Job create have sidecars that write messages, and the Job ends. */
export async function controllers(pods, image, mode) {
  const { place } = pods;
  // A classic sidecar would keep a Job from its end.
  const injected = place.minor() >= 29 ? ['deployment', 'job'] : ['deployment'];
  const app = (kind) => `${kind}-by-${mode}`;
  place.apply(deployment(image, app('deployment')));
  place.apply(job(image, app('job')));
  for (const kind of ['deployment', 'job']) {
    const path = `/from-${app(kind)}`;
    const pod = await until(`the pod of the ${kind} is ready`, 90, () =>
      podsOf(place, app(kind)).find(({ status }) =>
        status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
      ),
    );
    const url = `http://${pod.status.podIP}:${HTTP_PORT}`;
    if (!injected.includes(kind)) assert.equal(statusOf(pod), undefined);
    else
      await until(`the sidecar of the ${kind}'s pod writes messages`, 60, () => {
        send(pods, [['GET', `${url}${path}`]]);
        const directions = messagesOf(pods, pod).filter(isAbout(path));
        return (
          ['request', 'response'].every((each) => directions.some(({ direction }) => direction === each)) || undefined
        );
      });
    if (kind === 'job') send(pods, [['GET', `${url}${END_PATH}`]]);
  }
  await until('the Job has ended', 90, () => place.get('job', app('job'), NAMESPACE).status.succeeded);
  const [ended] = podsOf(place, app('job'));
  if (!injected.includes('job')) return;
  assert.equal(statusOf(ended).state.terminated.exitCode, 0, JSON.stringify(ended.status));
  assert.equal(messagesOf(pods, ended).filter(isAbout(END_PATH)).length, 2, 'its last exchange is in the log');
}

/** The owner of pods with a typo in an annotation is told by an event, and the pods run. */
export async function tellsOwner({ place }, image) {
  place.apply(typo(image));
  await until('the pod runs without a sidecar', 60, () => {
    const { items } = JSON.parse(place.run(['get', 'pods', '-n', NAMESPACE, '-l', 'app=typo', '-o', 'json']));
    const [pod] = items.filter(({ status }) => status.phase === 'Running');
    return pod && pod.spec.containers.length === 1 ? pod : undefined;
  });
  const event = await until('there is an event', 30, () => {
    const words = ['get', 'events', '-n', NAMESPACE, '--field-selector', 'reason=SidecarNotInjected', '-o', 'json'];
    return JSON.parse(place.run(words)).items[0];
  });
  const { type, message, involvedObject, source } = event;
  assert.equal(type, 'Warning');
  assert.equal(involvedObject.kind, 'ReplicaSet');
  assert.match(involvedObject.name, /^typo-/);
  assert.match(message, /invalid_annotation.*sample-rat/);
  assert.equal(source.component, 'tcp-sniffer-injector');
  const said = place.run(['describe', 'replicaset', '-n', NAMESPACE, involvedObject.name]);
  assert.match(said, /SidecarNotInjected/, 'kubectl describe shows it');
}
