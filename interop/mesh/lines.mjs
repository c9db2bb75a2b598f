/** For a program that writes lines of JSON: takes text as it comes, and hands each line on, parsed, once it is whole. */
export function lines(onLine) {
  let rest = '';
  return (text) => {
    const all = (rest + text).split('\n');
    rest = all.pop();
    for (const line of all) onLine(JSON.parse(line));
  };
}
