/** JSON lines in a file that rotates. */

import { DEFAULT_FILE_ROTATION } from '../../config/file-rotation';
import { errorFields, LimitedLine } from '../../logger';
import type { OutputContext } from '../kind';
import type { Output } from '../output';
import { FileOutput } from './output';
import { RotatingFile } from './rotating-file';

export function create({ config, deps: { schedule, now }, lossless, log, onClosed }: OutputContext): Output {
  const { outputFile: path = '', outputFileRotation: rotation = DEFAULT_FILE_ROTATION } = config;
  const fields = { output: 'file', file: path };
  const untended = new LimitedLine(log.warn, now);
  const rotating = new RotatingFile({
    ...rotation,
    path,
    date: Date.now,
    onCut: (bytes) => log.warn({ ...fields, bytes }, 'the file ended within a line, which was cut off'),
    onTorn: () => log.warn(fields, 'a line is cut off: another process writes to the file'),
    onUntended: (error) =>
      untended.write(
        { ...fields, code: error.code ?? 'UNKNOWN', ...errorFields(error) },
        'a finished file could not be compressed or removed',
      ),
  });
  return new FileOutput({ file: rotating, path, lossless, log, schedule, now, onClosed });
}
