/** JSON lines in a file that rotates. Loaded is only this: all the rest when a run has this output. */

import type { OutputKind } from '../kind';

export const file: OutputKind = {
  dropReasons: ['overflow', 'failed', 'abandoned', 'closed'],
  create: (context) => (require('./create') as typeof import('./create')).create(context),
};
