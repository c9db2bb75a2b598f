/** The field in which one searches what is shown, and what came of it. */

import { TEXT } from './strings';

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
        placeholder={TEXT.body.find}
        aria-label={TEXT.body.find}
        onInput={({ currentTarget }) => change(currentTarget.value)}
      />
      <button type="submit">{TEXT.body.next}</button>
      <span role="status">{said}</span>
    </form>
  );
}
