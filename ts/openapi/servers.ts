/** The paths of servers, below which those of a document are. Hosts are not compared: a capture sees other hosts than clients do. */

import type { Schema } from './shape';
import { isObject } from './source';

/** `['']` if there are none. */
export function basesOf(servers: unknown): string[] {
  const bases = (Array.isArray(servers) ? servers : []).flatMap((server) => (isObject(server) ? baseOf(server) : []));
  return bases.length === 0 ? [''] : [...new Set(bases)];
}

function baseOf({ url, variables }: Schema): string[] {
  if (typeof url !== 'string') return [];
  const whole = url.replace(/\{([^{}]*)\}/g, (_, name: string) => {
    const variable = isObject(variables) ? variables[name] : undefined;
    return isObject(variable) ? `${variable.default ?? ''}` : '';
  });
  const path = whole.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*|^\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  const base = path.replace(/\/+$/, '');
  return [base === '' || base.startsWith('/') ? base : `/${base}`];
}
