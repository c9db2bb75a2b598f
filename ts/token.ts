/** The names that HTTP has. Browsers run it too, so it imports nothing of Node. */

/** RFC 9110 §5.6.2: the name of a field, a method. */
export const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
