#!/usr/bin/python3
"""LibreOffice Calc: every view put into a sheet as its user would, by a registered data
source of the native driver; saved as .ods, opened again, and read cell by cell."""
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta

from figures import NUMBERS, Tap, read_figures, total

try:
    import uno
    from com.sun.star.beans import PropertyValue
    from com.sun.star.connection import NoConnectException
    from com.sun.star.sheet.DataImportMode import TABLE
    from com.sun.star.table.CellContentType import EMPTY, TEXT
except ImportError as error:
    sys.exit(print(f'1..0 # skip {error}'))
soffice = shutil.which('soffice')
if not soffice or not os.path.exists(os.path.join(os.path.dirname(os.path.realpath(soffice)), 'libpostgresql-sdbclo.so')):
    sys.exit(print('1..0 # skip no LibreOffice, or no driver'))


def properties(**values):
    return tuple(PropertyValue(name, 0, value, 0) for name, value in values.items())


def connect(process, pipe):
    resolver = uno.getComponentContext().ServiceManager.createInstance('com.sun.star.bridge.UnoUrlResolver')
    for _ in range(600):
        try:
            return resolver.resolve(f'uno:pipe,name={pipe};urp;StarOffice.ComponentContext')
        except NoConnectException:
            if process.poll() is not None:
                raise
            time.sleep(0.1)
    raise TimeoutError('soffice did not start')


def register_source(context, folder):
    sources = context.ServiceManager.createInstance('com.sun.star.sdb.DatabaseContext')
    source = sources.createInstance()
    source.URL = f'sdbc:postgresql:host={os.environ["PGHOST"]} port={os.environ["PGPORT"]} dbname={os.environ["PGDATABASE"]}'
    source.User = os.environ['PGUSER']
    source.Password = os.environ['PGPASSWORD']
    source.Info = properties(user=os.environ['PGUSER'], password=os.environ['PGPASSWORD'])
    source.DatabaseDocument.storeAsURL(f'file://{folder}/shop.odb', ())
    sources.registerObject('shop', source)
    return source


def compare(sheet, view):
    """What is wrong with a sheet that has the names of the columns, and then the rows."""
    cells = sheet.getCellRangeByPosition(0, 0, len(view) - 2, view[0].rows)
    data = cells.getDataArray()
    wrong = []
    if list(data[0]) != [f.column for f in view[1:]]:
        wrong.append(data[0])
    if sheet.getCellByPosition(0, view[0].rows + 1).Type != EMPTY:
        wrong.append('more rows')
    for i, figure in enumerate(view[1:]):
        values = [row[i] for row in data[1:] if row[i] != '']
        if len(values) != figure.values:
            wrong.append(f'{figure.column}: {len(values)} values of {figure.values}')
        elif figure.type == 'text':
            if values.count(figure.example) != figure.example_rows or total(figure, values) != figure.total:
                wrong.append(f'{figure.column}: {values.count(figure.example)} of {figure.example_rows}, {values[:1]}')
        elif figure.type == 'date' and values:
            days = [date(1899, 12, 30) + timedelta(days=v) for v in (min(values), max(values))]
            if f'{days[0]} {days[1]}' != figure.total or any(v % 1 for v in values):
                wrong.append(f'{figure.column}: {days}')
        elif figure.type == 'boolean':
            if sum(values) != int(figure.total):
                wrong.append(f'{figure.column}: {sum(values)} of {figure.total}')
        elif figure.type.startswith(NUMBERS):
            if any(isinstance(v, str) for v in values) or abs(sum(values) - float(figure.total)) > 1e-9 * sum(map(abs, values)):
                wrong.append(f'{figure.column}: {values[0]!r}, and not {figure.total}')
    return wrong


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
tap = Tap()
views = read_figures()
os.environ['TZ'] = 'America/Los_Angeles'
with tempfile.TemporaryDirectory(dir=os.environ.get('CLIENTCORE_SCRATCH'), ignore_cleanup_errors=True) as folder:
    pipe = os.path.basename(folder)
    process = subprocess.Popen([soffice, '--headless', '--norestore', '--nologo', f'-env:UserInstallation=file://{folder}/profile',
                                f'--accept=pipe,name={pipe};urp;'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, 'HOME': folder}, start_new_session=True)
    try:
        context = connect(process, pipe)
        desktop = context.ServiceManager.createInstanceWithContext('com.sun.star.frame.Desktop', context)
        source = register_source(context, folder)

        wrong = []
        connection = source.getConnection(os.environ['PGUSER'], os.environ['PGPASSWORD'])
        for name, view in views.items():
            columns = connection.Tables.getByName(f'shop.{name}').Columns
            wrong += [f'{name}.{f.column}: {columns.getByName(f.column).Description}' for f in view[1:] if columns.getByName(f.column).Description != f.comment]
        tap.tell('columns are listed, with their comments', wrong)
        wrong = []
        for name, view in views.items():
            for figure in view[1:]:
                if figure.example_rows:
                    statement = connection.prepareStatement(f'SELECT count(*) FROM "shop"."{name}" WHERE "{figure.column}" = ?')
                    statement.setString(1, figure.example)
                    result = statement.executeQuery()
                    result.next()
                    if result.getLong(1) != figure.example_rows:
                        wrong.append(f'{name}.{figure.column} = {figure.example}: {result.getLong(1)}')
        tap.tell('filters', wrong)
        connection.close()

        document = desktop.loadComponentFromURL('private:factory/scalc', '_blank', 0, properties(Hidden=True))
        for position, name in enumerate(views):
            document.Sheets.insertNewByName(name, position)
            document.Sheets.getByName(name).getCellRangeByName('A1').doImport(
                properties(DatabaseName='shop', SourceType=TABLE, SourceObject=f'shop.{name}', IsNative=False))
        document.storeAsURL(f'file://{folder}/shop.ods', properties(FilterName='calc8'))
        document.close(True)
        document = desktop.loadComponentFromURL(f'file://{folder}/shop.ods', '_blank', 0, properties(Hidden=True))
        for name, view in views.items():
            tap.tell(f'{name} in a sheet', compare(document.Sheets.getByName(name), view))
        document.close(True)
        desktop.terminate()
        process.wait(60)
    finally:
        # soffice starts another program, which is in its group
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
tap.end()
