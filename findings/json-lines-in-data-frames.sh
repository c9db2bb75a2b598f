#!/usr/bin/env bash
# Three libraries of Python read lines of JSON into a table, each with its defaults. The lines are as a log of HTTP has them: ids such as "1.9" and
# "1.10", which are texts; a field that comes first in line 201; a number that is whole in the first 200 lines, and 1.5 in line 201; a
# line of 5 MB.
#
# Seen with pandas 3.1.1, polars 2.1.0, pyarrow 26.0.1:
#                    ids              late field      late fraction   long line
#   pandas           1.9, 1.1, 1.1    there           1.5             there
#   polars           as they are      no column       an error        there
#   pyarrow.json     as they are      there           1.5             an error
# In pandas the ids "1.1" and "1.10" are the same number, so that a join by id pairs what does not belong together: dtype=False keeps them. In
# polars a field that first comes after line 100 is left out without a word: infer_schema_length=None reads all lines first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --only-binary :all: pandas==3.1.1 polars==2.1.0 pyarrow==26.0.1
cat > ask.py <<'PY'
import io, json
import pandas, polars
from pyarrow import json as arrow

FILES = {
    "ids": [{"value": "1.9"}, {"value": "1.10"}, {"value": "1.1"}],
    "late field": [{"id": f"a{number}"} for number in range(200)] + [{"id": "a200", "value": "reset"}],
    "late fraction": [{"value": 1}] * 200 + [{"value": 1.5}],
    "long line": [{"value": "short"}, {"value": "a" * 5_000_000}],
}
READERS = {
    "pandas": lambda text, **options: pandas.read_json(io.StringIO(text), lines=True, **options)["value"].tolist(),
    "polars": lambda text, **options: polars.read_ndjson(text.encode(), **options)["value"].to_list(),
    "pyarrow": lambda text: arrow.read_json(io.BytesIO(text.encode()))["value"].to_pylist(),
}

def said(read, text, **options):
    try:
        values = read(text, **options)
    except Exception as error:
        return type(error).__name__
    return f"{len(values[-1])} characters" if isinstance(values[-1], str) and len(values[-1]) > 99 else str(values[-3:])

texts = {name: "".join(json.dumps(line) + "\n" for line in lines) for name, lines in FILES.items()}
for name, text in texts.items():
    for reader, read in READERS.items():
        print(f"{name}, {reader}: {said(read, text)}")
print(f"ids, pandas with dtype=False: {said(READERS['pandas'], texts['ids'], dtype=False)}")
for name in ("late field", "late fraction"):
    print(f"{name}, polars with infer_schema_length=None: {said(READERS['polars'], texts[name], infer_schema_length=None)}")
PY
cat > expected <<'TXT'
ids, pandas: [1.9, 1.1, 1.1]
ids, polars: ['1.9', '1.10', '1.1']
ids, pyarrow: ['1.9', '1.10', '1.1']
late field, pandas: [nan, nan, 'reset']
late field, polars: ColumnNotFoundError
late field, pyarrow: [None, None, 'reset']
late fraction, pandas: [1.0, 1.0, 1.5]
late fraction, polars: ComputeError
late fraction, pyarrow: [1.0, 1.0, 1.5]
long line, pandas: 5000000 characters
long line, polars: 5000000 characters
long line, pyarrow: ArrowInvalid
ids, pandas with dtype=False: ['1.9', '1.10', '1.1']
late field, polars with infer_schema_length=None: [None, None, 'reset']
late fraction, polars with infer_schema_length=None: [1.0, 1.0, 1.5]
TXT
venv/bin/python ask.py | tee seen
cmp expected seen
