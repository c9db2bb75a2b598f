/** POSTs to a URL. */

import { VERSION } from '../../version';
import type { OutputKind } from '../kind';
import { HttpOutput } from './output';
import { headersFor } from './parcel';

export const http: OutputKind = {
  dropReasons: ['overflow', 'failed', 'abandoned'],
  create({ config, deps: { createTransport, schedule, now }, capture, lossless, log }) {
    const {
      outputUrl: url = '',
      outputConcurrency: concurrency,
      outputTimeoutMs: timeoutMs,
      outputBatch: batch,
    } = config;
    return new HttpOutput({
      transport: createTransport({ url, connections: concurrency, connectTimeoutMs: timeoutMs }),
      headers: headersFor({ version: VERSION, authToken: config.outputUrlAuthToken, batch }),
      seal: (body) => capture.seal(body),
      concurrency,
      timeoutMs,
      maxWaitingMessages: config.outputMaxWaitingMessages,
      maxWaitingBytes: config.outputMaxWaitingBytes,
      batch,
      lossless,
      log,
      schedule,
      now,
    });
  },
};
