/** POSTs to a URL. Only this file is always loaded; the rest comes with a run that has this output. */

import type { OutputKind } from '../kind';

export const http: OutputKind = {
  dropReasons: ['overflow', 'failed', 'abandoned'],
  create: (context) => (require('./create') as typeof import('./create')).create(context),
};
