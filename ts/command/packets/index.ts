/**
 * `-w`: the packets of the connections whose exchanges are shown, as a pcapng. In: inputs, the lines that are shown, the options of the
 * capture. Out: a file. Whole connections are written, since nothing else is sure to be read again as it was.
 */

import { ValidationError } from '../../errors';
import { Connections } from '../../exchange/connections';
import { Savefiles } from '../../exchange/savefiles';
import { errorFields, type Log } from '../../logger';
import type { CaptureOptions } from '../../native';
import { nameOf, pipeIn } from '../inputs/again';
import type { Input } from '../inputs/find';
import { Target } from './target';

export const FIELD = 'write';
export const FLAG = '-w';

export interface PacketsAsked {
  readonly file: string;
  readonly secrets: boolean;
}

/** @throws {ValidationError} if the packets of these inputs cannot be copied once they were read */
export function refuseUncopied(inputs: readonly Input[], follows: boolean): void {
  if (inputs.length === 0)
    throw wrong("copies packets of savefiles; live: 'tcpdump -i any -w FILE', and then --read FILE");
  if (follows) throw wrong('needs the whole file, which --follow waits for; copy packets once it is written');
  const lines = inputs.find(({ kind }) => kind === 'lines');
  if (lines !== undefined) throw wrong(`copies packets, and '${lines.path}' has JSON lines, which have none`);
  const pipe = pipeIn(inputs);
  if (pipe !== undefined)
    throw wrong(`reads a savefile more than once, and ${pipe} is a pipe; write it to a file first`);
}

function wrong(complaint: string): ValidationError {
  return new ValidationError(FIELD, complaint, FLAG);
}

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
