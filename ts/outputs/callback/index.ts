/** `onHttpMessage` and the listeners of `message`, which may be added at any time. */

import type { OutputKind } from '../kind';
import { CallbackOutput } from './output';

export const callback: OutputKind = {
  dropReasons: ['abandoned', 'invalid'],
  always: true,
  create: ({ listeners, listenerLog: log, deps: { now } }) => new CallbackOutput({ listeners, log, now }),
};
