/** Exchanges in one HTML file that shows itself. Loaded is only this: all the rest when there is such a file. */

import { ENGINE_ERROR_CODES, EngineError } from '../../errors';
import type { OutputKind } from '../kind';

export const html: OutputKind = {
  dropReasons: ['overflow', 'invalid', 'closed'],
  create({ config: { htmlFile = '', pcapFile, interface: name }, capture, lossless, onClosed }) {
    const { HtmlOutput } = require('./output') as typeof import('./output');
    try {
      return new HtmlOutput({
        path: htmlFile,
        source: pcapFile ?? name,
        lossless,
        engineStats: () => capture.stats(),
        onClosed,
      });
    } catch (cause) {
      if (cause instanceof EngineError) throw cause;
      const message = `cannot write the HTML file '${htmlFile}': ${(cause as Error).message}`;
      throw new EngineError(ENGINE_ERROR_CODES.UNRECOVERABLE, message, { cause });
    }
  },
};
