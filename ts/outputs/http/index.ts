/** POSTs to a URL. Loaded is only this: all the rest when a run has this output. */

import type { OutputKind } from '../kind';

export const http: OutputKind = {
  dropReasons: ['overflow', 'failed', 'abandoned'],
  create: (context) => (require('./create') as typeof import('./create')).create(context),
};
