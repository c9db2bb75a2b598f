/**
 * `-w`: the packets of the connections whose exchanges are shown, as a pcapng. In: inputs, the lines that are shown, the options of the
 * capture. Out: a file. Whole connections are written, since nothing else is sure to be read again as it was.
 */

import { Connections } from '../../exchange/connections';
import { Savefiles } from '../../exchange/savefiles';
import { errorFields, type Log } from '../../logger';
import type { CaptureOptions } from '../../native';
import type { Input } from '../inputs/find';
import { nameOf } from '../inputs/status';
import { type PacketsAsked, wrong } from './asked';
import { Target } from './target';

export class Packets {
  readonly #asked: PacketsAsked;
  readonly #savefiles: Savefiles;
  readonly #target: Target;
  readonly #connections = new Connections();
  #options: CaptureOptions | undefined;

  /** @throws {ValidationError} if the file cannot be had */
  constructor(asked: PacketsAsked, inputs: readonly Input[]) {
    this.#asked = asked;
    this.#savefiles = new Savefiles(inputs.map(({ path }) => nameOf(path)));
    try {
      this.#target = new Target(asked.file);
    } catch (error) {
      throw wrong(`cannot write '${asked.file}': ${(error as Error).message}`);
    }
  }

  /** As the inputs are read. */
  readAs(options: CaptureOptions): void {
    this.#options = options;
  }

  /** Lines that are shown. */
  readonly observe = (lines: Buffer): void => this.#connections.read(lines);

  /** Once all is shown. False if it failed, which is in the log. */
  async write(log: Log): Promise<boolean> {
    const { file, secrets } = this.#asked;
    try {
      if (this.#options === undefined) throw new Error('nothing was read');
      const extracted = await this.#savefiles.copy(this.#options, this.#connections, this.#target.opened, secrets);
      this.#target.finish();
      log.info({ file, ...extracted }, 'packets written');
      return true;
    } catch (error) {
      log.error({ file, ...errorFields(error) }, 'packets are not written');
      this.discard();
      return false;
    }
  }

  discard(): void {
    this.#target.discard();
  }
}
