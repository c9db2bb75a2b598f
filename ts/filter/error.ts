/** What is wrong with an expression, and where. */

export class FilterError extends Error {
  override readonly name = 'FilterError';
  /** Where it is wrong: the index of a character of the expression, from 0. */
  readonly position: number;
  /** What is wrong, without the place. */
  readonly complaint: string;

  constructor(complaint: string, position: number) {
    super(`at character ${position + 1}: ${complaint}`);
    this.complaint = complaint;
    this.position = position;
  }
}
