/** A body in each of the ways in which it can be shown. Texts of the wire stay texts, images become pictures and nothing more. */

import { useEffect, useMemo, useState } from 'preact/hooks';
import { formFields, type Mode, mediaTypeOf, modesOf, partsOf } from './content';
import type { Body } from './exchange';
import { Fields } from './fields';
import { Find } from './find';
import { hexRow, hexRows, TextLines } from './lines';
import * as TEXT from './strings';
import { bytesOf } from './strings';
import { Tree } from './tree';
import { Virtual } from './virtual';

const LINE_HEIGHT = 18;

export function BodyView({ body }: { body: Body }) {
  const modes = useMemo(() => modesOf(body), [body]);
  const [chosen, setChosen] = useState<Mode>();
  const mode = chosen !== undefined && modes.includes(chosen) ? chosen : (modes[0] ?? 'hex');
  return (
    <div class="whole">
      <label class="mode">
        {TEXT.bodyMode}{' '}
        <select value={mode} onChange={({ currentTarget }) => setChosen(currentTarget.value as Mode)}>
          {modes.map((each) => (
            <option key={each} value={each}>
              {TEXT.modes[each]}
            </option>
          ))}
        </select>
      </label>
      {mode === 'text' && <TextView text={body.text ?? ''} />}
      {mode === 'tree' && <Tree text={body.text ?? ''} otherwise={<TextView text={body.text ?? ''} />} />}
      {mode === 'form' && <FormView text={body.text ?? ''} />}
      {mode === 'parts' && <PartsView body={body} />}
      {mode === 'image' && <ImageView body={body} />}
      {mode === 'hex' && <HexView body={body} />}
    </div>
  );
}

function TextView({ text }: { text: string }) {
  const lines = useMemo(() => new TextLines(text), [text]);
  const [words, setWords] = useState('');
  const [found, setFound] = useState<{ index: number; offset: number }>();
  const [said, setSaid] = useState('');
  const find = (from: number): void => {
    const offset = words === '' ? -1 : text.indexOf(words, from);
    // From the top again.
    const wrapped = offset === -1 && from > 0 && words !== '' ? text.indexOf(words) : offset;
    setSaid(words === '' ? '' : wrapped === -1 ? TEXT.bodyNotFound : TEXT.bodyFound);
    setFound(wrapped === -1 ? undefined : { index: lines.at(wrapped), offset: wrapped });
  };
  return (
    <>
      <Find words={words} said={said} change={setWords} next={() => find((found?.offset ?? -1) + 1)} />
      <Virtual
        count={lines.count}
        height={LINE_HEIGHT}
        label={TEXT.modes.text}
        show={found}
        row={(index) => <code>{lines.line(index)}</code>}
      />
    </>
  );
}

function FormView({ text }: { text: string }) {
  const { fields, isCut } = useMemo(() => formFields(text), [text]);
  return (
    <div class="scroll">
      <Fields fields={fields} />
      {isCut && <p class="quiet">{TEXT.bodyCut}</p>}
    </div>
  );
}

function PartsView({ body }: { body: Body }) {
  const { parts, isCut } = useMemo(() => partsOf(body.bytes(), body.type), [body]);
  return (
    <div class="scroll">
      {parts.map(({ head, size, bytes, text }, index) => (
        <section key={index} class="part">
          <h3>
            {TEXT.bodyPart} {index + 1}, {bytesOf(size)}
          </h3>
          <pre>{head}</pre>
          <pre>{text ?? hexFront(bytes)}</pre>
        </section>
      ))}
      {isCut && <p class="quiet">{TEXT.bodyCut}</p>}
    </div>
  );
}

/** Rows of a part; the body as hex has all of it. */
const MAX_PART_ROWS = 64;

function hexFront(bytes: Uint8Array): string {
  const rows = Math.min(MAX_PART_ROWS, hexRows(bytes));
  return Array.from({ length: rows }, (_, row) => hexRow(bytes, row)).join('\n');
}

function ImageView({ body }: { body: Body }) {
  const [url, setUrl] = useState<string>();
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([body.bytes() as BlobPart], { type: mediaTypeOf(body.type) }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [body]);
  if (failed) return <p class="empty">{TEXT.bodyImageFailed}</p>;
  return <div class="scroll">{url !== undefined && <img src={url} alt="" onError={() => setFailed(true)} />}</div>;
}

function HexView({ body }: { body: Body }) {
  const bytes = useMemo(() => body.bytes(), [body]);
  return (
    <Virtual
      count={hexRows(bytes)}
      height={LINE_HEIGHT}
      label={TEXT.modes.hex}
      row={(index) => <code>{hexRow(bytes, index)}</code>}
    />
  );
}
