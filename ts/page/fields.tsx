/** Names and their values. In: pairs, in order; a name may stand there several times. */

export function Fields({ fields }: { fields: readonly (readonly [string, string])[] }) {
  return (
    <dl class="fields">
      {fields.map(([name, value], index) => (
        <div key={index}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
