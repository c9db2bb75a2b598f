"""`duckdb -c SQL` by DuckDB's module for Python, which needs no download of its own: rows as JSON."""

import json
import sys

import duckdb

print(json.dumps(duckdb.sql(sys.argv[2]).fetchall(), default=str))
