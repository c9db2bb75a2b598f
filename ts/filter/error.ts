/** The error of an expression, and its place. */

export class FilterError extends Error {
  override readonly name = 'FilterError';
  /** Where it is wrong: the index of a character of the expression, from 0. */
  readonly position: number;
  /** The error in words, without the place. */
  readonly complaint: string;

  constructor(complaint: string, position: number) {
    super(`at character ${position + 1}: ${complaint}`);
    this.complaint = complaint;
    this.position = position;
  }
}
