/**
 * An admission review in, its response out. Pure but for what it counts and logs. A review that is none is a `BadReview`;
 * from there on every answer is `allowed: true`, whatever happens.
 */

import { isUtf8 } from 'node:buffer';
import { errorFields, type Log } from '../logger';
import { configFor } from './config';
import type { Counters } from './counters';
import { type Circumstances, decide, type Entry, type Skip, skip } from './decide';
import { brokenBound } from './json-bounds';
import type { InjectorConfig } from './operator-config';
import { type Owner, ownerOf } from './owner-events';
import { patchFor } from './patch';
import { isObject, readPod } from './pod';
import { readHead } from './review-head';
import { tooLarge } from './sizes';
import { verifyPatch } from './verify';

/** Answered with 400. `message` may be shown. */
export class BadReview extends Error {
  override readonly name = 'BadReview';
  readonly #own = true;

  /** Looks at nothing that a foreign object could answer for. */
  static isOne(thrown: unknown): thrown is BadReview {
    return typeof thrown === 'object' && thrown !== null && #own in thrown;
  }
}

interface ReviewResponse {
  apiVersion: string;
  kind: string;
  response: {
    uid: string;
    allowed: true;
    patchType?: 'JSONPatch';
    /** Base64. */
    patch?: string;
    warnings?: string[];
  };
}

export interface Reviewer {
  config: InjectorConfig;
  production: boolean;
  log: Log;
  counters: Counters;
  nativeAvailable(): boolean;
  /** Of a pod that is left as it is and whose owner should know; not for a dry run. */
  tellOwner?(namespace: string, owner: Owner, warning: string): void;
}

const API_VERSION = 'admission.k8s.io/v1';
const KIND = 'AdmissionReview';
/** The API server cuts or drops longer warnings. */
const MAX_WARNING_CHARS = 250;
/** A UID of the API server has 36. */
const MAX_UID_CHARS = 128;
/** As long as a name may be; what asks may send a longer name, which the API server refuses only after us. */
const MAX_NAME_CHARS = 253;

type Outcome = { inject: true; patch: string; native: boolean; warnings: string[] } | Skip;

/** @throws {BadReview} */
export function review(body: Buffer, entry: Entry, reviewer: Reviewer): ReviewResponse {
  const broken = brokenBound(body);
  if (broken !== undefined) return leaveAlone(body, broken, reviewer);
  const request = readRequest(body);
  let outcome: Outcome;
  try {
    outcome = inject(request, entry, reviewer);
  } catch (error) {
    outcome = skip('internal_error', 'see the log of the injector');
    quietly(() =>
      reviewer.log.error(
        { uid: request.uid, ...errorFields(error) },
        'the pod is left as it is because of an error of the injector',
      ),
    );
  }
  return answer(request, outcome, reviewer);
}

/**
 * The answer to a review that is too large to be parsed, by its beginning: the pod is not refused because of us. Its owner gets no
 * event: whether it is a dry run stands after the pod.
 * @param complaint what is too large
 * @throws {BadReview} if the beginning is not that of a review
 */
export function leaveAlone(beginning: Buffer, complaint: string, reviewer: Reviewer): ReviewResponse {
  const head = readHead(beginning);
  if (head === undefined || faultOf(head.review, head.request) !== undefined) throw new BadReview(complaint);
  return answer(head.request as AdmissionRequest, skip('too_large', `its review is too large: ${complaint}`), reviewer);
}

/** Counts and logs it, too. */
function answer(request: AdmissionRequest, outcome: Outcome, reviewer: Reviewer): ReviewResponse {
  const { log, counters } = reviewer;
  if (outcome.inject) counters.injected++;
  else counters.skipped[outcome.reason]++;
  const result = outcome.inject
    ? { result: 'injected', native: outcome.native }
    : { result: 'skipped', reason: outcome.reason };
  quietly(() => log.info({ ...identity(request), ...result }, 'pod reviewed'));
  quietly(() => tellOwner(request, outcome, reviewer));
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    response: {
      uid: request.uid,
      allowed: true,
      ...(outcome.inject ? patchOf(outcome.patch) : {}),
      ...warnings(outcome),
    },
  };
}

/** A pod that is created for a dry run is not there, so its owner must get no event. */
function tellOwner({ object, namespace, dryRun }: AdmissionRequest, outcome: Outcome, reviewer: Reviewer): void {
  if (outcome.inject || outcome.warning === undefined || dryRun === true) return;
  const pod = readPod(object);
  const owner = pod === undefined ? undefined : ownerOf(pod);
  if (owner !== undefined && typeof namespace === 'string') {
    reviewer.tellOwner?.(namespace, owner, shown(outcome.warning));
  }
}

/** A line that cannot be logged, or an event that cannot be sent, must not change the answer. */
function quietly(logged: () => void): void {
  try {
    logged();
  } catch {
    // There is nowhere left to say so.
  }
}

interface AdmissionRequest extends Record<string, unknown> {
  uid: string;
}

function readRequest(body: Buffer): AdmissionRequest {
  let content: unknown;
  try {
    // RFC 8259 §8.1: nothing but UTF-8.
    content = isUtf8(body) ? JSON.parse(body.toString()) : undefined;
  } catch {
    content = undefined;
  }
  if (content === undefined) throw new BadReview('the body is not JSON');
  if (!isObject(content)) throw new BadReview(`the body is no ${KIND}`);
  const { request } = content;
  const fault = faultOf(content, request);
  if (fault !== undefined) throw new BadReview(fault);
  return request as AdmissionRequest;
}

/** Why the two are no review and its request; `undefined` if they are. */
function faultOf(review: Record<string, unknown>, request: unknown): string | undefined {
  if (review.kind !== KIND) return `the body is no ${KIND}`;
  if (review.apiVersion !== API_VERSION) return `apiVersion must be ${API_VERSION}`;
  if (!isObject(request)) return 'the review has no request';
  const { uid } = request;
  const isUid = typeof uid === 'string' && uid !== '' && uid.length <= MAX_UID_CHARS;
  return isUid ? undefined : 'the request has no uid';
}

function inject(request: AdmissionRequest, entry: Entry, { config, production, nativeAvailable }: Reviewer): Outcome {
  const { kind, operation, subResource, object, namespace } = request;
  const isPod = isObject(kind) && kind.kind === 'Pod' && kind.group === '' && kind.version === 'v1';
  if (!isPod || operation !== 'CREATE' || (subResource !== undefined && subResource !== '')) {
    return skip('not_a_new_pod');
  }
  const pod = readPod(object);
  if (pod === undefined || typeof namespace !== 'string' || namespace === '') {
    return skip('unreadable_pod', 'this is not a pod as the API describes it');
  }
  const circumstances: Circumstances = {
    config: configFor(config, namespace),
    namespace,
    entry,
    nativeAvailable: nativeAvailable(),
    production,
  };
  const decision = decide(pod, circumstances);
  if (!decision.inject) return decision;
  const operations = patchFor(pod, decision);
  const after = verifyPatch(pod, operations);
  const patch = JSON.stringify(operations);
  const complaint = tooLarge(after, patch);
  if (complaint !== undefined) return skip('too_large', complaint);
  const { native, settings } = decision;
  return { inject: true, patch, native, warnings: settings.warnings };
}

function patchOf(text: string): Pick<ReviewResponse['response'], 'patchType' | 'patch'> {
  return { patchType: 'JSONPatch', patch: Buffer.from(text).toString('base64') };
}

function warnings(outcome: Outcome): Pick<ReviewResponse['response'], 'warnings'> {
  const texts = outcome.inject ? outcome.warnings : outcome.warning === undefined ? [] : [outcome.warning];
  if (texts.length === 0) return {};
  return { warnings: texts.map(shown) };
}

/** Names in them come from the pod; the API server takes no control characters. */
function shown(text: string): string {
  return `tcp-sniffer: ${text}`.slice(0, MAX_WARNING_CHARS).replace(/[^\x20-\x7e]/g, '?');
}

/** A pod of a controller has no name yet. */
function identity({ uid, namespace, name, object, dryRun }: AdmissionRequest): Record<string, unknown> {
  const metadata = isObject(object) && isObject(object.metadata) ? object.metadata : {};
  const [pod] = [name, metadata.name, metadata.generateName].flatMap(readName);
  const [where] = readName(namespace);
  return {
    uid,
    ...(where === undefined ? {} : { namespace: where }),
    ...(pod === undefined ? {} : { pod }),
    ...(dryRun === true ? { dryRun } : {}),
  };
}

/** None or one. */
function readName(value: unknown): string[] {
  return typeof value === 'string' && value !== '' ? [value.slice(0, MAX_NAME_CHARS)] : [];
}
