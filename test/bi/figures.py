"""What the tests in Python share: the figures that must be found, and TAP."""
import hashlib
import os
import re
from collections import namedtuple
from datetime import date, timezone
from decimal import Decimal

Figure = namedtuple('Figure', 'view column type comment rows values total example example_rows')
NUMBERS = ('numeric', 'smallint', 'integer', 'bigint')


def plain(text):
    return re.sub(r'\\(.)', lambda m: {'n': '\n', 't': '\t'}.get(m[1], m[1]), text)


def read_figures():
    """Views by name: the figure of the view itself, then those of its columns."""
    views = {}
    with open(os.environ['BI_FIGURES'], encoding='utf-8') as file:
        for line in file:
            view, column, type_, comment, rows, values, total, example, example_rows = line.rstrip('\n').split('\t')
            views.setdefault(view, []).append(
                Figure(view, column, type_, plain(comment), int(rows), int(values), total, plain(example), int(example_rows)))
    return views


def total(figure, values):
    """The total of values (none of them None), as figures.sql writes it."""
    if figure.type == 'text':
        return hashlib.md5('\n'.join(sorted(set(values))).encode()).hexdigest()
    if figure.type == 'boolean':
        return str(sum(1 for v in values if v))
    if figure.type == 'date':
        return f'{min(values):%Y-%m-%d} {max(values):%Y-%m-%d}' if values else ''
    if figure.type.startswith('timestamp'):
        moments = [v.astimezone(timezone.utc) if v.tzinfo else v for v in (min(values), max(values))] if values else []
        return ' '.join(f'{m:%Y-%m-%dT%H:%M:%S}' for m in moments)
    if figure.type.startswith(NUMBERS):
        return f'{sum(map(Decimal, values), Decimal(0)).normalize():f}' if values else '0'
    return ''


def fits(figure, value):
    """Whether a value has the type of Python that fits."""
    kind = {'text': str, 'boolean': bool, 'date': date}.get(figure.type)
    if kind is None and figure.type.startswith(NUMBERS):
        kind = Decimal if figure.type.startswith('numeric') else int
    return kind is None or type(value) is kind


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


class Tap:
    def __init__(self):
        self.count = 0

    def tell(self, what, wrong):
        self.count += 1
        print('not ok' if wrong else 'ok', self.count, '-', what)
        for w in wrong:
            print('#', str(w).replace('\n', ' '))

    def end(self):
        print(f'1..{self.count}')


def compare(view, rows):
    """What is wrong with the rows of a view, given as tuples."""
    wrong = []
    if len(rows) != view[0].rows:
        wrong.append(f'{len(rows)} rows, and not {view[0].rows}')
    for i, figure in enumerate(view[1:]):
        values = [row[i] for row in rows if row[i] is not None]
        odd = [v for v in values if not fits(figure, v)]
        if odd:
            wrong.append(f'{figure.column}, {figure.type}: {odd[0]!r} is {type(odd[0]).__name__}')
        elif len(values) != figure.values or total(figure, values) != figure.total:
            wrong.append(f'{figure.column}: {len(values)} values, {total(figure, values)}; and not {figure.values}, {figure.total}')
    return wrong
