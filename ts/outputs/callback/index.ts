/** `onHttpMessage` and the listeners of `message`, which may be added at any time. */

import { isSelective, type OutputKind } from '../kind';
import { CallbackOutput } from './output';

export const callback: OutputKind = {
  dropReasons: ['abandoned', 'invalid'],
  always: true,
  create: ({ config, listeners, listenerLog: log, capture, deps: { now } }) => {
    // Where messages are left out on the way, lines are all that is left of a batch.
    const engine = isSelective(config) ? undefined : capture;
    return new CallbackOutput({ listeners, engine, log, now });
  },
};
