/** A capture whose errors say more than the engine knows. */

import { EngineError, toEngineError } from '../../errors';
import type { NativeCapture } from '../../native';

export function reworded(capture: NativeCapture, reword: (message: string) => string): NativeCapture {
  return {
    async open(onEvent) {
      try {
        return await capture.open((event) =>
          onEvent(event.message === undefined ? event : { ...event, message: reword(event.message) }),
        );
      } catch (thrown) {
        const cause = toEngineError(thrown, 'CAPTURE_OPEN_FAILED');
        throw new EngineError(cause.code, reword(cause.message), { cause });
      }
    },
    stop: () => capture.stop(),
    addTlsKeys: (text) => capture.addTlsKeys(text),
    copyLines: (target) => capture.copyLines(target),
    release: () => capture.release(),
    openStdout: (open) => capture.openStdout(open),
    wantChanges: (want) => capture.wantChanges(want),
    wantFacts: (want) => capture.wantFacts(want),
    releaseFacts: () => capture.releaseFacts(),
    writtenToStdout: () => capture.writtenToStdout(),
    seal: (body) => capture.seal(body),
    stats: () => capture.stats(),
  };
}
