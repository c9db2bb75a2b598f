/** JSON lines in a file that rotates. Only this file is always loaded; the rest comes with a run that has this output. */

import type { OutputKind } from '../kind';

export const file: OutputKind = {
  dropReasons: ['overflow', 'failed', 'abandoned', 'closed'],
  create: (context) => (require('./create') as typeof import('./create')).create(context),
};
