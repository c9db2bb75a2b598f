/** The field in which one searches what is shown, and what came of it. */

import * as TEXT from './strings';

export function Find({
  words,
  said,
  change,
  next,
}: {
  words: string;
  said: string;
  change: (words: string) => void;
  next: () => void;
}) {
  return (
    <form
      class="find"
      onSubmit={(event) => {
        event.preventDefault();
        next();
      }}
    >
      <input
        type="search"
        value={words}
        placeholder={TEXT.bodyFind}
        aria-label={TEXT.bodyFind}
        onInput={({ currentTarget }) => change(currentTarget.value)}
      />
      <button type="submit">{TEXT.bodyNext}</button>
      <span role="status">{said}</span>
    </form>
  );
}
