// Facts that the processes of an incident share.

export const KINDS = ['slow-dependency', 'storm-behind-retries', 'client-hangs-up'];

/** Requests a second of each kind; beside them pages make up the bytes. */
export const RATES = { products: 60, checkout: 12, pay: 12, reports: 10 };
/** The client that leaves has so large a share of the reports. */
export const IMPATIENT_SHARE = 0.3;
export const IMPATIENT_MS = 300;

export const between = (low, high) => low + Math.random() * (high - low);

export const textOf = (bytes) => 'a line of text like any other one '.repeat(Math.ceil(bytes / 34)).slice(0, bytes);
