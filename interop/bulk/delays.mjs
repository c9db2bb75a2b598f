const EVERY_MS = 20;

/** How late the machine is: the longest that a timer was late until `stop()`, in ms. */
export function sampled() {
  let longest = 0;
  let due = performance.now() + EVERY_MS;
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - due);
    due = performance.now() + EVERY_MS;
  }, EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      return Math.ceil(longest);
    },
  };
}
