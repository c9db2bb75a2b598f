/** POSTs to a URL. */

import { VERSION } from '../../version';
import { Delivery } from '../delivery/delivery';
import type { Answer } from '../delivery/http-client';
import { LinesPacker } from '../delivery/lines';
import { PostTransport } from '../delivery/post-transport';
import type { Outcome } from '../delivery/transport';
import { limitsOf, type OutputContext } from '../kind';
import type { Output } from '../output';

export function create(context: OutputContext): Output {
  const { config, deps, capture } = context;
  const { outputUrl: url = '', outputUrlAuthToken: token, outputBatch: batch } = config;
  const { outputConcurrency: connections, outputTimeoutMs: connectTimeoutMs } = config;
  return new Delivery({
    name: 'http',
    words: { sends: 'POSTs', send: 'POST', sent: 'POSTed' },
    packer: new LinesPacker(batch),
    transport: new PostTransport({
      client: deps.createHttpClient({ url, connections, connectTimeoutMs }),
      version: VERSION,
      headers: {
        'content-type': config.outputContentType ?? contentTypeOf(batch),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      gzip: batch?.gzip === true,
      seal: (body) => capture.seal(body),
      outcomeOf: (answer) => outcomeOf(answer, token !== undefined),
    }),
    batch,
    ...limitsOf(context),
  });
}

export function contentTypeOf(batch: { format: string } | undefined): string {
  return batch?.format === 'ndjson' ? 'application/x-ndjson' : 'application/json';
}

export function outcomeOf({ status, retryAfterMs }: Answer, hasToken: boolean): Outcome {
  if (status >= 200 && status <= 299) return { sent: true };
  // A Secret that is not there leaves the variable unset, and nothing else says so.
  const isAnonymous = !hasToken && (status === 401 || status === 403);
  const hint = isAnonymous ? ': no token was sent, OUTPUT_URL_AUTH_TOKEN is not set' : '';
  return { sent: false, reason: `status ${status}${hint}`, again: true, afterMs: retryAfterMs };
}
