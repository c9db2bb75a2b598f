/** This package's version. package.json lies one level above both ts/ and dist/; by `require`, since bundlers follow that. */
export const VERSION: string = require('../package.json').version;
