/** Exchanges in a HAR file. Loaded is only this: all the rest when a run has this output. */

import type { OutputKind } from '../kind';

export const har: OutputKind = {
  dropReasons: ['overflow', 'abandoned', 'closed', 'invalid'],
  create: (context) => (require('./create') as typeof import('./create')).create(context),
};
