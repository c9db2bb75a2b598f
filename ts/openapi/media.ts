/** The bodies of one place by their media types. In: bodies that are whole. Out: the Content of OpenAPI. */

import type { HttpMessage } from '../types';
import { type Budget, CUT, type Cut, MAX_BODY_UNITS, MAX_MEDIA_TYPES } from './budget';
import { Fields, pairsOf } from './fields';
import { type Schema, Shape } from './shape';

/** A body of a type that is not known. */
const ANY_TYPE = '*/*';
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/;
const MAX_TYPE_UNITS = 100;

type MediaKind = 'json' | 'form' | 'text' | 'other';

/** In lower case without parameters; `undefined` if there is none that can be read. */
export function mediaTypeOf({ headers }: Pick<HttpMessage, 'headers'>): string | undefined {
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return type.length <= MAX_TYPE_UNITS && MEDIA_TYPE.test(type) ? type : undefined;
}

export function kindOf(type: string): MediaKind {
  if (/^(?:application|text)\/json$|\+json$/.test(type)) return 'json';
  if (type === 'application/x-www-form-urlencoded') return 'form';
  return /^text\/(?!event-stream)/.test(type) ? 'text' : 'other';
}

export function hasWholeHead({ headersIncomplete, headersTruncated }: HttpMessage): boolean {
  return headersIncomplete === undefined && headersTruncated === undefined;
}

/** True if all of the message is there. */
export function isWhole(message: HttpMessage): boolean {
  return message.incomplete === undefined && message.bodyTruncated === undefined && hasWholeHead(message);
}

/** The text of a whole body; `undefined` if it is not there to be read. */
export function textOf(message: HttpMessage): string | undefined {
  const { body, bodyText, bodyEncoding, bodyRedacted } = message;
  if (!isWhole(message) || bodyRedacted === 'all' || bodyRedacted === 'rest') return undefined;
  // Content-codings that were not removed leave no text.
  return bodyText ?? (bodyEncoding === undefined ? body : undefined);
}

/** The value of a body of JSON; `undefined` if it is none. */
export function readJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** The parts that were not looked into. */
export interface Skipped {
  /** Bodies of which a part is missing, or that are not there as text. */
  partial: number;
  /** Bodies that are said to be JSON and are not. */
  notJson: number;
  /** Bodies beyond `MAX_BODY_UNITS`. */
  large: number;
}

interface Media {
  json?: Shape;
  form?: Fields;
}

export class Content {
  readonly #budget: Budget;
  readonly #skipped: Skipped;
  readonly #types = new Map<string, Media>();
  readonly #cuts = new Set<Cut>();
  #isFull = false;

  constructor(budget: Budget, skipped: Skipped) {
    this.#budget = budget;
    this.#skipped = skipped;
  }

  get isEmpty(): boolean {
    return this.#types.size === 0;
  }

  /** A message with a body. */
  add(message: HttpMessage): void {
    if (!hasWholeHead(message)) {
      this.#skipped.partial++;
      return;
    }
    const type = mediaTypeOf(message) ?? ANY_TYPE;
    const media = this.#types.get(type) ?? this.#newType(type);
    const kind = kindOf(type);
    if (media === undefined || (kind !== 'json' && kind !== 'form')) return;
    const text = textOf(message);
    if (text === undefined) {
      this.#skipped.partial++;
      return;
    }
    if (text.length > MAX_BODY_UNITS) {
      this.#skipped.large++;
      return;
    }
    if (kind === 'form') {
      media.form ??= new Fields(this.#budget);
      media.form.add(pairsOf(text));
      return;
    }
    const read = readJson(text);
    if (read === undefined) {
      this.#skipped.notJson++;
      return;
    }
    if (media.json === undefined && this.#budget.take()) media.json = new Shape(this.#budget);
    if (media.json === undefined) this.#fill(type);
    else media.json.add(read.value);
  }

  takeOver(other: Content): void {
    for (const cut of other.#cuts) this.#cuts.add(cut);
    if (other.#isFull) for (const type of this.#types.keys()) if (!other.#types.has(type)) this.#drop(type);
    for (const [type, media] of other.#types) {
      const there = this.#types.get(type);
      if (there === undefined && (type === ANY_TYPE || (!this.#isFull && this.#types.size < MAX_MEDIA_TYPES))) {
        this.#types.set(type, media);
      } else if (there === undefined) {
        media.json?.release();
        this.#fill();
      } else {
        if (there.json === undefined) there.json = media.json;
        else if (media.json !== undefined) there.json.takeOver(media.json);
        if (there.form === undefined) there.form = media.form;
        else if (media.form !== undefined) there.form.takeOver(media.form);
      }
    }
    if (other.#isFull) this.#fill();
  }

  /** The content, by media type, and what is cut off of it. */
  schema(): Schema {
    const types = [...this.#types].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      content: Object.fromEntries(types.map(([type, media]) => [type, mediaObject(type, media)])),
      ...(this.#cuts.size === 0 ? {} : { [CUT]: [...this.#cuts].sort() }),
    };
  }

  #newType(type: string): Media | undefined {
    if (type !== ANY_TYPE && (this.#isFull || this.#types.size >= MAX_MEDIA_TYPES)) {
      this.#fill();
      return undefined;
    }
    const media: Media = {};
    this.#types.set(type, media);
    return media;
  }

  /** A place that has no schema of its own now, as a type or all further members, must have none later either. */
  #fill(type?: string): void {
    if (type !== undefined) this.#drop(type);
    this.#isFull = true;
    this.#cuts.add(type === undefined ? 'media types' : 'schemas');
    if (!this.#types.has(ANY_TYPE)) this.#types.set(ANY_TYPE, {});
  }

  #drop(type: string): void {
    if (type === ANY_TYPE) return;
    this.#types.get(type)?.json?.release();
    this.#types.delete(type);
  }
}

function mediaObject(type: string, { json, form }: Media): Schema {
  if (json !== undefined) return { schema: json.schema() };
  if (kindOf(type) === 'text') return { schema: { type: 'string' } };
  if (form === undefined) return {};
  const fields = form.schemas();
  const required = fields.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  return {
    schema: {
      type: 'object',
      ...(fields.length === 0
        ? {}
        : { properties: Object.fromEntries(fields.map(({ name, schema }) => [name, schema])) }),
      ...(required.length === 0 ? {} : { required }),
      ...(form.cuts.size === 0 ? {} : { [CUT]: [...form.cuts].sort() }),
    },
  };
}
