/** Whether a pod may be put on a Windows node, as far as it says so itself. */

import { allContainers, isAbsent, isObject, type Pod } from './pod';

export const OS_LABELS = ['kubernetes.io/os', 'beta.kubernetes.io/os'];
/** Windows nodes have it, and no others. */
export const BUILD_LABEL = 'node.kubernetes.io/windows-build';

export function isWindows(pod: Pod): boolean {
  const { spec } = pod;
  const selector = isObject(spec.nodeSelector) ? spec.nodeSelector : {};
  const named = [at(spec, 'os', 'name'), ...OS_LABELS.map((label) => selector[label])];
  if (named.includes('windows') || selector[BUILD_LABEL] !== undefined) return true;
  if ([spec, ...allContainers(pod)].some(hasWindowsOptions)) return true;
  if (named.includes('linux')) return false;
  const terms = at(
    spec,
    'affinity',
    'nodeAffinity',
    'requiredDuringSchedulingIgnoredDuringExecution',
    'nodeSelectorTerms',
  );
  // A node has to meet one of the terms.
  return listOf(terms).some(allowsWindows);
}

/** The API server refuses them where `spec.os` says Linux. */
function hasWindowsOptions(owner: Record<string, unknown>): boolean {
  return !isAbsent(at(owner, 'securityContext', 'windowsOptions'));
}

/** A node has to meet all expressions of a term. A term that does not name the operating system is taken to mean Linux. */
function allowsWindows(term: unknown): boolean {
  const expressions = listOf(at(term, 'matchExpressions'));
  const aboutOs = expressions.filter((each) => OS_LABELS.includes(at(each, 'key') as string));
  const excluded = aboutOs.some((each) => {
    const listed = listOf(at(each, 'values')).includes('windows');
    return (at(each, 'operator') === 'In' && !listed) || (at(each, 'operator') === 'NotIn' && listed);
  });
  const meant = aboutOs.some((each) => {
    const values = listOf(at(each, 'values'));
    return at(each, 'operator') === 'In' ? values.includes('windows') : values.includes('linux');
  });
  const byBuild = expressions.some(
    (each) => at(each, 'key') === BUILD_LABEL && ['In', 'Exists', 'Gt', 'Lt'].includes(at(each, 'operator') as string),
  );
  return byBuild || (meant && !excluded);
}

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce((each, name) => (isObject(each) ? each[name] : undefined), value);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
