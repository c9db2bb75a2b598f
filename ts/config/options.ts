/**
 * The table of options. A row is all that there is to say of an option: types, validation, flags, variables, the engine's
 * options, annotations and the tables of the documentation are made of it. The comment above a row is the public
 * documentation of its field. The order is that of the help, of the documentation and of the checks.
 */

import { CAPTURE } from './rows/capture';
import { MESSAGES } from './rows/messages';
import { OUTPUTS } from './rows/outputs';
import { RUN } from './rows/run';

type Table = typeof CAPTURE & typeof OUTPUTS & typeof MESSAGES & typeof RUN;

export const OPTIONS: Table = { ...CAPTURE, ...OUTPUTS, ...MESSAGES, ...RUN };
