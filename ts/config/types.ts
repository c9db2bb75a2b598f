/** The shapes of a config, made of the table of options. */

import type { Check } from './checks';
import type { OPTIONS } from './options';

type Table = typeof OPTIONS;

/** The value that the engine and the outputs get of an option. */
type Checked<Row> = Row extends { readonly check: Check<infer Value> } ? Value : never;

/** The value that a caller passes; of an option with parts, the parts that shall not have their default. */
type Given<Row> = Row extends { readonly check: { readonly isSwitch: true } }
  ? boolean | Partial<NonNullable<Checked<Row>>>
  : Row extends { readonly check: { readonly parts: object } }
    ? Partial<Checked<Row>>
    : Checked<Row>;

type HasNoDefault = { readonly required: true };
type IsThere = HasNoDefault | { readonly default: unknown };

type RequiredOptions = {
  -readonly [Field in keyof Table as Table[Field] extends HasNoDefault ? Field : never]: Given<Table[Field]>;
};
type FurtherOptions = {
  -readonly [Field in keyof Table as Table[Field] extends HasNoDefault ? never : Field]?: Given<Table[Field]>;
};
type OptionsThere = {
  -readonly [Field in keyof Table as Table[Field] extends IsThere ? Field : never]: Checked<Table[Field]>;
};
type OptionsLeftOut = {
  -readonly [Field in keyof Table as Table[Field] extends IsThere ? never : Field]?: Checked<Table[Field]>;
};

/** The options that `createSniffer` takes; only `ports` is required. An option that is `undefined` counts as left out. */
export interface SnifferConfig extends RequiredOptions, FurtherOptions {}

/** The config with every default in place. */
export interface ValidatedConfig extends OptionsThere, OptionsLeftOut {}

/** The options that the engine gets. */
export type EngineField = {
  [Field in keyof Table]: Table[Field] extends { readonly engine: true } ? Field : never;
}[keyof Table];
