/**
 * Pods with resources of their own (`spec.resources`, Kubernetes 1.32 and later): the API server refuses a pod
 * whose containers ask for more than the pod, and a pod that has a container with a higher limit.
 */

import { isObject, type Pod, runningContainers } from './pod';
import { quantity } from './quantity';
import type { Settings } from './settings';

/** Also where it cannot be told: then the pod is better left as it is. */
export function exceedsPodResources(pod: Pod, settings: Settings): boolean {
  const { resources } = pod.spec;
  if (!isObject(resources)) return false;
  const ours: Record<string, [string, string]> = {
    cpu: [settings.cpuRequest, settings.cpuLimit],
    memory: [settings.memoryRequest, settings.memoryLimit],
  };
  return Object.entries(ours).some(([resource, [request, limit]]) => {
    const [ofPod, podLimit] = [amount(resources, 'requests', resource), amount(resources, 'limits', resource)];
    // If a container has no request, its limit counts.
    const sum = runningContainers(pod)
      .map((each) => amount(each.resources, 'requests', resource) ?? amount(each.resources, 'limits', resource) ?? 0)
      .reduce((total, each) => total + each, quantity(request) ?? Number.NaN);
    return exceeds(sum, ofPod ?? podLimit) || exceeds(quantity(limit) ?? Number.NaN, podLimit);
  });
}

function exceeds(asked: number, given: number | undefined): boolean {
  return given !== undefined && !(asked <= given);
}

function amount(resources: unknown, kind: 'requests' | 'limits', name: string): number | undefined {
  const amounts = isObject(resources) ? resources[kind] : undefined;
  const text = isObject(amounts) ? amounts[name] : undefined;
  return text === undefined ? undefined : (quantity(text) ?? Number.NaN);
}
