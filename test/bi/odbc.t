#!/usr/bin/python3
"""ODBC, the way of Excel and Power BI: isql, and pyodbc for what isql cannot: types of columns, parameters."""
import os
import shutil
import subprocess
import sys
import tempfile

from figures import Tap, compare, quoted, read_figures

try:
    import pyodbc
except ImportError:
    sys.exit(print('1..0 # skip no pyodbc'))
if not shutil.which('isql') or 'PostgreSQL Unicode' not in pyodbc.drivers():
    sys.exit(print('1..0 # skip no isql, or no driver'))

# What doc/bi.md says: BoolsAsChar=0, so that flags are flags.
OPTIONS = {'Driver': 'PostgreSQL Unicode', 'Servername': os.environ['PGHOST'], 'Port': os.environ['PGPORT'],
           'Database': os.environ['PGDATABASE'], 'BoolsAsChar': '0', 'ReadOnly': '1'}
TYPES = {'text': (pyodbc.SQL_WVARCHAR, pyodbc.SQL_WLONGVARCHAR), 'date': (pyodbc.SQL_TYPE_DATE,), 'boolean': (pyodbc.SQL_BIT,),
         'smallint': (pyodbc.SQL_SMALLINT,), 'integer': (pyodbc.SQL_INTEGER,), 'bigint': (pyodbc.SQL_BIGINT,),
         'numeric': (pyodbc.SQL_NUMERIC,), 'timestamp with time zone': (pyodbc.SQL_TYPE_TIMESTAMP,)}

tap = Tap()
views = read_figures()

with tempfile.TemporaryDirectory() as folder:
    with open(f'{folder}/odbc.ini', 'w', encoding='utf-8') as file:
        file.write('[shop]\n' + ''.join(f'{k}={v}\n' for k, v in OPTIONS.items()))
    script = ''.join(f'SELECT count(*), min(as_of_date) FROM shop.{name}\n' for name, view in views.items() if any(f.column == 'as_of_date' for f in view))
    result = subprocess.run(['isql', 'shop', os.environ['PGUSER'], os.environ['PGPASSWORD'], '-b', '-d|'], input=script, text=True,
                            capture_output=True, env={**os.environ, 'ODBCINI': f'{folder}/odbc.ini', 'TZ': 'America/Los_Angeles'}, check=False)
    wanted = [f'{view[0].rows}|{next(f.total for f in view if f.column == "as_of_date").split(" ")[0]}'
              for view in views.values() if any(f.column == 'as_of_date' for f in view)]
    found = [line.rstrip('|').replace(' ', '') for line in result.stdout.splitlines() if '|' in line]
    tap.tell('isql counts', [] if found == wanted else [result.stdout[:500], result.stderr[:500]])

connection = pyodbc.connect(';'.join(f'{k}={v}' for k, v in OPTIONS.items()), UID=os.environ['PGUSER'], PWD=os.environ['PGPASSWORD'])
cursor = connection.cursor()
listed = {row.table_name: row.remarks for row in cursor.tables(schema='shop', tableType='VIEW')}
tap.tell('views are listed', sorted(set(views) - set(listed)))

wrong = []
for name, view in views.items():
    columns = cursor.columns(schema='shop', table=name).fetchall()
    if [c.column_name for c in columns] != [f.column for f in view[1:]]:
        wrong.append(f'{name} has columns {[c.column_name for c in columns]}')
    for column, figure in zip(columns, view[1:]):
        kinds = TYPES.get(figure.type.split('(')[0])
        if kinds and column.data_type not in kinds:
            wrong.append(f'{name}.{figure.column}, {figure.type}: is {column.data_type}, {column.type_name}')
        if figure.type.startswith('numeric') and f'numeric({column.column_size},{column.decimal_digits})' != figure.type:
            wrong.append(f'{name}.{figure.column}, {figure.type}: is ({column.column_size},{column.decimal_digits})')
tap.tell('columns are listed, with their types', wrong)

for name, view in views.items():
    tap.tell(f'{name} is read', compare(view, cursor.execute(f'SELECT * FROM shop.{quoted(name)}').fetchall()))
    wrong = []
    for figure in view[1:]:
        if figure.example_rows:
            found = cursor.execute(f'SELECT count(*) FROM shop.{quoted(name)} WHERE {quoted(figure.column)} = ?', figure.example).fetchval()
            if found != figure.example_rows:
                wrong.append(f'{figure.column} = {figure.example}: {found} of {figure.example_rows}')
    tap.tell(f'{name} is filtered', wrong)
tap.end()
