#!/usr/bin/python3
"""pandas, by SQLAlchemy: what it makes of the views, read exactly and read as numbers of a notebook."""
import os
import sys
import time
import warnings

from figures import NUMBERS, Tap, compare, quoted, read_figures

try:
    import pandas
    import psycopg2  # noqa: F401, the driver of SQLAlchemy
    import sqlalchemy
except ImportError as error:
    sys.exit(print(f'1..0 # skip {error}'))

DTYPES = {'smallint': 'int64', 'integer': 'int64', 'bigint': 'int64', 'numeric': 'float64', 'boolean': 'bool', 'text': 'object', 'date': 'object'}

# client_history alone has a type that is not PostgreSQL's own
warnings.filterwarnings('ignore', message="Did not recognize type 'clientcore.purchase_history'")
os.environ['TZ'] = 'Pacific/Auckland'
time.tzset()
tap = Tap()
views = read_figures()
url = sqlalchemy.engine.URL.create('postgresql+psycopg2', os.environ['PGUSER'], os.environ['PGPASSWORD'], os.environ['PGHOST'],
                                   int(os.environ['PGPORT']), os.environ['PGDATABASE'])
with sqlalchemy.create_engine(url).connect() as connection:
    inspector = sqlalchemy.inspect(connection)
    tap.tell('views are listed', sorted(set(views) - set(inspector.get_view_names(schema='shop'))))
    wrong = []
    for name, view in views.items():
        if inspector.get_table_comment(name, schema='shop')['text'] != view[0].comment:
            wrong.append(f'{name}: no comment')
        for column, figure in zip(inspector.get_columns(name, schema='shop'), view[1:]):
            if (column['name'], column['comment']) != (figure.column, figure.comment):
                wrong.append(f'{name}.{figure.column}: {column["name"]}, {column["comment"]}')
            if str(column['type']).lower().replace(' ', '') != figure.type.replace(' ', '') and figure.type.split('(')[0] in DTYPES:
                wrong.append(f'{name}.{figure.column}: {column["type"]}')
    tap.tell('columns are listed, with their types and comments', wrong)

    for name, view in views.items():
        # whole numbers that may be missing are read as they are by the driver
        rows = connection.execute(sqlalchemy.text(f'SELECT * FROM shop.{quoted(name)}')).fetchall()
        tap.tell(f'{name} is read, exactly', compare(view, [tuple(row) for row in rows]))

        frame = pandas.read_sql(sqlalchemy.text(f'SELECT * FROM shop.{quoted(name)}'), connection,
                                parse_dates=[f.column for f in view[1:] if f.type == 'date'])
        wrong = []
        for figure in view[1:]:
            column = frame[figure.column]
            known = figure.type.split('(')[0]
            wanted = 'datetime64[ns]' if known == 'date' else DTYPES.get(known)
            if wanted and figure.values == figure.rows > 0 and str(column.dtype) != wanted:
                wrong.append(f'{figure.column}, {figure.type}: {column.dtype}')
            if figure.type == 'date' and figure.values and f'{column.min():%Y-%m-%d} {column.max():%Y-%m-%d}' != figure.total:
                wrong.append(f'{figure.column}: {column.min()} {column.max()}')
            if figure.type.startswith(NUMBERS) and abs(float(figure.total) - column.astype(float).sum()) > 1e-9 * column.astype(float).abs().sum():
                wrong.append(f'{figure.column}: {column.sum()}, and not {figure.total}')
            if figure.example_rows:
                found = pandas.read_sql(sqlalchemy.text(f'SELECT * FROM shop.{quoted(name)} WHERE {quoted(figure.column)} = :wanted'), connection,
                                        params={'wanted': figure.example})
                if len(found) != figure.example_rows:
                    wrong.append(f'{figure.column} = {figure.example}: {len(found)} of {figure.example_rows}')
        tap.tell(f'{name} as a frame, and filtered', wrong)
tap.end()
