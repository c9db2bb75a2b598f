/** Traffic that does not fit a document, grouped and counted. Holds names and places, never a value; bounded. */

/** A document and a service that differ in more places are not the same. */
const MAX_FINDINGS = 1_000;

export type FindingKind = 'endpoint' | 'status' | 'media-type' | 'parameter' | 'body';

export interface Place {
  kind: FindingKind;
  method: string;
  /** As the document has it; of an undocumented endpoint with ids as `:id`. */
  path: string;
  /** `undefined` for what is of the whole endpoint. */
  in?: 'request' | 'response' | 'query' | 'path' | 'header' | 'cookie' | undefined;
  status?: number | undefined;
  /** Of a parameter, a media type, a member that is missing or not documented. */
  name?: string | undefined;
  /** JSON Pointer; `*` is any item, and any member that the document does not name. */
  pointer?: string | undefined;
  /** Of JSON Schema; `json`: it is not JSON; `undocumented`: the document has no such thing. */
  keyword?: string | undefined;
}

export interface Finding extends Place {
  /** Exchanges. */
  count: number;
}

const KINDS: readonly FindingKind[] = ['endpoint', 'status', 'media-type', 'parameter', 'body'];

export class Findings {
  /** Beyond the limit. */
  more = 0;
  readonly #findings = new Map<string, Finding>();

  /** Of one exchange: each of them counts once. */
  add(places: readonly Place[]): void {
    const keys = new Set<string>();
    for (const place of places) {
      const key = JSON.stringify([
        place.kind,
        place.method,
        place.path,
        ...Object.entries(place)
          .sort()
          .map(([, value]) => value),
      ]);
      if (keys.has(key)) continue;
      keys.add(key);
      this.#count(key, place, 1);
    }
  }

  addCounted(place: Place, count: number): void {
    this.#count(JSON.stringify(place), place, count);
  }

  /** By kind and endpoint. */
  all(): Finding[] {
    const keyOf = ({ path, method, status, in: place, name, pointer, keyword }: Finding): string =>
      [path, method, status, place, pointer, keyword, name].map((part) => part ?? '').join('\n');
    return [...this.#findings.values()].sort(
      (a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || (keyOf(a) < keyOf(b) ? -1 : 1),
    );
  }

  #count(key: string, place: Place, count: number): void {
    const there = this.#findings.get(key);
    if (there !== undefined) there.count += count;
    else if (this.#findings.size < MAX_FINDINGS) this.#findings.set(key, { ...place, count });
    else this.more += count;
  }
}
