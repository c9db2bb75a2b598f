// Which targets Prometheus makes of a pod by a PodMonitor: its discovery of pods, and relabelling as far as the chart uses it.
import { matches } from './selectors.mjs';

/** As in names of labels. */
const sanitized = (name) => name.replace(/[^a-zA-Z0-9_]/g, '_');

/** The labels of each container of the pod; of those without a declared port the address is the pod's alone. */
function discovered({ ip, annotations, containers }) {
  const meta = { __meta_kubernetes_pod_ip: ip };
  for (const [name, value] of Object.entries(annotations)) {
    meta[`__meta_kubernetes_pod_annotation_${sanitized(name)}`] = value;
    meta[`__meta_kubernetes_pod_annotationpresent_${sanitized(name)}`] = 'true';
  }
  return containers.map((name) => ({ ...meta, __meta_kubernetes_pod_container_name: name, __address__: ip }));
}

/** The labels as the rules leave them; `undefined` if they drop the target. */
function relabelled(labels, rules) {
  const result = { ...labels };
  for (const { action = 'replace', sourceLabels, regex, targetLabel, replacement } of rules) {
    const value = sourceLabels.map((name) => result[name] ?? '').join(';');
    const found = new RegExp(`^(?:${regex})$`, 's').exec(value);
    if (action === 'keep') {
      if (found === null) return undefined;
    } else if (action !== 'replace') {
      throw new Error(`action ${action}`);
    } else if (found !== null) {
      result[targetLabel] = replacement.replace(/\$(\d)/g, (_, group) => found[group] ?? '');
    }
  }
  return result;
}

/** The addresses that are scraped of a pod. */
export function scraped(
  { spec },
  { ip = '10.0.0.7', labels = {}, annotations = {}, containers = ['app', 'tcp-sniffer'] },
) {
  if (!matches(spec.selector, labels)) return [];
  return spec.podMetricsEndpoints.flatMap(({ relabelings }) =>
    discovered({ ip, annotations, containers })
      .map((target) => relabelled(target, relabelings))
      .filter((target) => target !== undefined)
      .map(({ __address__ }) => __address__),
  );
}
