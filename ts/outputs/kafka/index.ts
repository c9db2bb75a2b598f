/** Records to a topic of Kafka. Only this file is always loaded; the rest comes with a run that has this output. */

import type { OutputKind } from '../kind';

export const kafka: OutputKind = {
  dropReasons: ['overflow', 'failed', 'rejected', 'abandoned'],
  create: (context) => (require('./create') as typeof import('./create')).create(context),
};
