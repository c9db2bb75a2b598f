/** Exit codes, of the command and of the injector. */

export const SUCCESS = 0;
export const BAD_CONFIG = 1;
export const FAILED = 2;
