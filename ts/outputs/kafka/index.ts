/** Records to a topic of Kafka. Loaded is only this: all the rest when a run has this output. */

import type { OutputKind } from '../kind';

export const kafka: OutputKind = {
  dropReasons: ['overflow', 'failed', 'rejected', 'abandoned'],
  create: (context) => (require('./create') as typeof import('./create')).create(context),
};
