/** A comparison as JSON. Its fields are documented in docs/comparing.md. */

import {
  ALPHA,
  type Change,
  type Difference,
  MIN_POINTS,
  MIN_SHIFT,
  MIN_SHIFT_MS,
  MIN_TIMES,
  MIN_VALUES,
  type Place,
} from '../../compare/differences';
import { STABLE_SHARE } from '../../compare/values';
import type { Comparison } from './words';

export function jsonOf({ captures, reads, differences }: Comparison): unknown {
  const { changes, tests, compared, few, sampled, more } = differences;
  return {
    captures: reads.map(({ name, losses, broke }, index) => {
      const { exchanges, firstMs, lastMs, beyond, underWay } = captures.facts[index === 0 ? 0 : 1];
      return {
        ...{ name, exchanges },
        ...(firstMs <= lastMs ? { from: new Date(firstMs).toISOString(), to: new Date(lastMs).toISOString() } : {}),
        ...{ underWay, notToldApart: beyond },
        losses: losses.map(([count, words]) => ({ count, words })),
        incomplete: broke,
      };
    }),
    thresholds: {
      ...{ alpha: ALPHA, minTimes: MIN_TIMES, minShift: MIN_SHIFT, minShiftMs: MIN_SHIFT_MS, minShare: MIN_POINTS },
      ...{ minValues: MIN_VALUES, stableShare: STABLE_SHARE },
    },
    ...{ tests, endpointsInBoth: compared, fewTimes: few, sampledTimes: sampled, endpointsWithMore: more },
    changes: changes.map(changeOf),
  };
}

function changeOf({ kind, at, p, client, differences, callers }: Change): unknown {
  return {
    ...{ kind, ...placeOf(at), ...(p === undefined ? {} : { p }), ...(client === undefined ? {} : { client }) },
    differences: differences.map(differenceOf),
    callers: callers.map(({ at: caller, left, through, callsEach, share }) => ({
      ...placeOf(caller),
      ...(left === undefined ? {} : { left }),
      ...(through === undefined ? {} : { through: nameOf(through) }),
      ...(callsEach === undefined ? {} : { callsEach }),
      ...(share === undefined ? {} : { share }),
    })),
  };
}

function placeOf(place: Place): object {
  const [a, b] = place.exchanges;
  return { ...nameOf(place), exchanges: { a, b } };
}

function nameOf({ server, method, template }: Place): object {
  return { server: server.name, method, path: template };
}

function differenceOf(difference: Difference): object {
  const { what, p } = difference;
  const of = { a: difference.of[0], b: difference.of[1] };
  if (difference.what === 'wait')
    return { what, quantile: difference.quantile, ms: { a: difference.ms[0], b: difference.ms[1] }, of, p };
  const { name, hits } = difference;
  if ('values' in difference) {
    const [a, b] = difference.values;
    return { what, name, values: { a, b }, count: { a: hits[0], b: hits[1] }, of, p };
  }
  return { what, ...(name === '' ? {} : { name }), count: { a: hits[0], b: hits[1] }, of, p };
}
