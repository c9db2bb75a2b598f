/** Exchanges in a HAR file. Only this file is always loaded; the rest comes with a run that has this output. */

import type { OutputKind } from '../kind';

export const har: OutputKind = {
  dropReasons: ['overflow', 'abandoned', 'closed', 'invalid'],
  create: (context) => (require('./create') as typeof import('./create')).create(context),
};
