/**
 * The facts of credentials, added to a document that says something of them already. Its own requirements stay; another is added
 * where a request was served that fits no requirement. In: two documents. Out: the `security` of operations, and the schemes to
 * add.
 */

import type { Document } from './document';
import type { References } from './references';
import { isSeen, type Requirement, SECURITY_SCHEMES } from './security';
import type { Schema } from './shape';
import { isObject } from './source';

export class SecurityMerge {
  /** Schemes that the document does not have, by their names. */
  readonly added: Record<string, Schema> = {};
  readonly #schemes: Map<string, Schema>;
  /** Of the whole document. */
  readonly #common: readonly Schema[] | undefined;

  constructor(earlier: Document, references: References) {
    const { securitySchemes } = isObject(earlier.components) ? earlier.components : {};
    const schemes = isObject(securitySchemes) ? Object.entries(securitySchemes) : [];
    this.#schemes = new Map(schemes.map(([name, scheme]) => [name, references.object(scheme)]));
    const common = requirementsOf(earlier.security);
    // With none in it the document says no more than a document that has no `security`.
    this.#common = common?.length === 0 ? undefined : common;
  }

  /** Of an operation. `own`: as it is in the document; `seen`: as it was inferred. `undefined`: as the whole document says. */
  of(own: unknown, seen: unknown): unknown {
    const inferred = requirementsOf(seen) as Requirement[] | undefined;
    if (inferred === undefined) return own;
    const before = requirementsOf(own) ?? this.#common;
    if (before === undefined) return inferred.map((each) => this.#renamed(each));
    const there = orNothing(before);
    const added = orNothing(inferred).filter((each) => !there.some((one) => this.#fits(one, Object.keys(each))));
    if (added.length === 0) return own;
    const all = [...there, ...added.map((each) => this.#renamed(each as Requirement))];
    const isOptional = all.some(isEmpty);
    return [...all.filter((each) => !isEmpty(each)), ...(isOptional ? [{}] : [])];
  }

  /** `names`: of inferred schemes, that a request had. */
  #fits(requirement: Schema, names: readonly string[]): boolean {
    if (isEmpty(requirement)) return names.length === 0;
    return Object.keys(requirement).every((name) => {
      const scheme = this.#schemes.get(name);
      if (scheme === undefined) return true;
      // It may have been there unseen. But that a request had nothing at all was only said of one without cookies.
      const isUnseen = !isSeen(scheme) && !(names.length === 0 && scheme.in === 'cookie');
      return isUnseen || names.some((each) => carries(scheme, SECURITY_SCHEMES.get(each) ?? {}));
    });
  }

  /** With the names of the document. */
  #renamed(requirement: Requirement): Requirement {
    return Object.fromEntries(Object.entries(requirement).map(([name, scopes]) => [this.#nameOf(name), scopes]));
  }

  #nameOf(inferred: string): string {
    const scheme = SECURITY_SCHEMES.get(inferred) ?? {};
    for (const [name, there] of this.#schemes) if (isSame(there, scheme)) return name;
    let name = inferred;
    for (let n = 2; this.#schemes.has(name); n++) name = `${inferred}${n}`;
    this.#schemes.set(name, scheme);
    this.added[name] = scheme;
    return name;
  }
}

function requirementsOf(value: unknown): Schema[] | undefined {
  return Array.isArray(value) ? value.filter(isObject) : undefined;
}

/** A list of no requirements says that nothing is needed. */
function orNothing(requirements: readonly Schema[]): readonly Schema[] {
  return requirements.length === 0 ? [{}] : requirements;
}

function isEmpty(requirement: Schema): boolean {
  return Object.keys(requirement).length === 0;
}

function isSame(one: Schema, other: Schema): boolean {
  if (one.type !== other.type) return false;
  if (one.type === 'http') return lower(one.scheme) === lower(other.scheme);
  if (one.type !== 'apiKey' || one.in !== other.in) return false;
  return one.in === 'header' ? lower(one.name) === lower(other.name) : one.name === other.name;
}

/** True if a request with what `seen` says may be a request that `scheme` asks for. */
function carries(scheme: Schema, seen: Schema): boolean {
  if (isSame(scheme, seen)) return true;
  if (isAuthorization(scheme)) return seen.type === 'http';
  // RFC 6750 §2.1, RFC 9449 §7.1: what OAuth and OpenID Connect have in the field.
  const isOfToken = scheme.type === 'oauth2' || scheme.type === 'openIdConnect';
  if (isAuthorization(seen)) return isOfToken || scheme.type === 'http';
  return isOfToken && (seen.scheme === 'bearer' || seen.scheme === 'dpop');
}

function isAuthorization({ type, in: place, name }: Schema): boolean {
  return type === 'apiKey' && place === 'header' && lower(name) === 'authorization';
}

function lower(text: unknown): string {
  return `${text}`.toLowerCase();
}
