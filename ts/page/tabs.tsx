/** Tabs, by mouse and by arrow keys (WAI-ARIA Authoring Practices, tabs). */

interface TabsProps<Name extends string> {
  label: string;
  /** The id of the element that shows what is chosen. */
  panel: string;
  /** A tab without a name is left out. */
  names: Readonly<Partial<Record<Name, string | undefined>>>;
  chosen: Name;
  choose(name: Name): void;
}

export function Tabs<Name extends string>({ label, panel, names, chosen, choose }: TabsProps<Name>) {
  const ids = (Object.keys(names) as Name[]).filter((id) => names[id] !== undefined);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = (ids.indexOf(chosen) + step + ids.length) % ids.length;
    choose(ids[at] as Name);
    const list = event.currentTarget as HTMLElement;
    list.querySelectorAll<HTMLElement>('[role=tab]')[at]?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
      {ids.map((id) => (
        <button
          key={id}
          type="button"
          role="tab"
          id={`${panel}-${id}`}
          aria-selected={id === chosen}
          aria-controls={id === chosen ? panel : undefined}
          tabIndex={id === chosen ? 0 : -1}
          onClick={() => choose(id)}
        >
          {names[id]}
        </button>
      ))}
    </div>
  );
}
