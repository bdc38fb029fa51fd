#!/usr/bin/perl
# What read-csv makes of files of every kind.
use strict;
use warnings;
use Test::More;
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IO::Compress::Gzip qw(gzip);

my $program = dirname(__FILE__) . '/read-csv';
my $folder = tempdir(CLEANUP => 1);

sub slurp {
    open(my $in, '<:raw', $_[0]) or return undef;
    local $/;
    return scalar <$in>;
}

# The columns ("name type" each), rows and notes of a file with these bytes; or its
# complaint.
sub read_bytes {
    my ($bytes, @options) = @_;
    open(my $out, '>:raw', "$folder/in put.csv") or die $!;
    print $out $bytes;
    close $out;
    my $pid = open(my $said, '-|') // die $!;
    if (!$pid) {
        open(STDERR, '>&', \*STDOUT);
        exec($program, "$folder/in put.csv", $folder, @options) or die $!;
    }
    my $complaint = do { local $/; <$said> };
    return { error => $complaint } unless close $said;
    my @columns = map { [split /\t/, $_, -1] } split /\n/, slurp("$folder/columns");
    return {
        columns => [map { "$_->[0] $_->[1]" } @columns],
        rows => [split /\n/, slurp("$folder/rows")],
        notes => slurp("$folder/notes")
    };
}

# One column of values: its type, and its values as COPY gets them.
sub column {
    my ($values, @options) = @_;
    my $file = read_bytes(join('', map { "$_\n" } 'x;y', map { "$_;1" } @$values), @options);
    return ($file->{columns}[0] =~ s/^x //r, join(' | ', map { s/\t1$//r } @{ $file->{rows} }), $file->{notes});
}

sub column_is {
    my ($values, $type, $read, $name) = @_;
    my ($got_type, $got) = column($values);
    is("$got_type: $got", "$type: " . ($read // join(' | ', @$values)), $name // "$type of " . join(' | ', @$values));
}

# --- lines, delimiters, quotes ---

my $plain = read_bytes("Client,Sold At,Amount\na,2024-01-31,1.50\nb,2024-02-01,2\n");
is_deeply($plain->{columns}, ['client text', 'sold_at date', 'amount numeric'], 'columns of a plain file');
is_deeply($plain->{rows}, ["a\t2024-01-31\t1.50", "b\t2024-02-01\t2"], 'rows of a plain file');
is($plain->{notes}, '', 'nothing to say of a plain file');

my %variant = (
    'CRLF' => "Client,Sold At,Amount\r\na,2024-01-31,1.50\r\nb,2024-02-01,2\r\n",
    'CR alone' => "Client,Sold At,Amount\ra,2024-01-31,1.50\rb,2024-02-01,2\r",
    'no end of the last line' => "Client,Sold At,Amount\na,2024-01-31,1.50\nb,2024-02-01,2",
    'semicolons' => "Client;Sold At;Amount\na;2024-01-31;1.50\nb;2024-02-01;2\n",
    'tabs' => "Client\tSold At\tAmount\na\t2024-01-31\t1.50\nb\t2024-02-01\t2\n",
    'bars' => "Client|Sold At|Amount\na|2024-01-31|1.50\nb|2024-02-01|2\n",
    'sep=' => "sep=;\r\nClient;Sold At;Amount\r\na;2024-01-31;1.50\r\nb;2024-02-01;2\r\n",
    'a byte order mark' => "\xef\xbb\xbfClient,Sold At,Amount\na,2024-01-31,1.50\nb,2024-02-01,2\n",
    'quotes around everything' => qq("Client","Sold At","Amount"\n"a","2024-01-31","1.50"\n"b","2024-02-01","2"\n),
    'empty lines' => "\nClient,Sold At,Amount\n\na,2024-01-31,1.50\n\n\nb,2024-02-01,2\n\n",
    'a delimiter at each end of line' => "Client,Sold At,Amount\na,2024-01-31,1.50,\nb,2024-02-01,2,\n",
    'UTF-16' => "\xff\xfe" . join('', map { "$_\0" } split //,
        "Client\tSold At\tAmount\r\na\t2024-01-31\t1.50\r\nb\t2024-02-01\t2\r\n"),
);
for my $name (sort keys %variant) {
    my $file = read_bytes($variant{$name});
    is_deeply([@{$file}{qw(columns rows)}], [@{$plain}{qw(columns rows)}], "the same with $name") or diag explain $file;
}
gzip(\$variant{CRLF}, \my $packed);
is_deeply([@{ read_bytes($packed) }{qw(columns rows)}], [@{$plain}{qw(columns rows)}], 'the same gzipped');

is_deeply(read_bytes(qq(a,b\n"x, ""y""\nz\\",1\n5" nail,2\n))->{rows}, ["x, \"y\"\\nz\\\\\t1", "5\" nail\t2"],
    'quotes, delimiters, line ends and backslashes in values');
is_deeply(read_bytes(qq(a,b\n"\t",1\nx\ty,2\n\\.,3\n\\N,4\n"",5\n  ,6\n))->{rows},
    ["\t1", "x\\ty\t2", "\\\\.\t3", "\\\\N\t4", "\t5", "\t6"], q(what COPY would take for something else; empty is NULL));
is_deeply(read_bytes("a,b\n1\n2,3\n")->{rows}, ["1\t", "2\t3"], 'a short line');
like(read_bytes("a,b\n1\n2,3\n")->{notes}, qr/^Lines with fewer values .*: 1;/, 'and a note of it');

# --- encodings ---

is_deeply(read_bytes("a,b\nM\xc3\xbcller,1\n")->{rows}, ["M\xc3\xbcller\t1"], 'UTF-8');
my $latin = read_bytes("Gr\xf6\xdfe,b\nM\xfcller \x80,1\n");
is_deeply($latin->{rows}, ["M\xc3\xbcller \xe2\x82\xac\t1"], 'Windows-1252');
is($latin->{columns}[0], "gr\xc3\xb6\xc3\x9fe text", 'its header');
like($latin->{notes}, qr/read as Windows-1252/, 'and a note of it');

# --- names ---

is_deeply([map { s/ .*//r } @{ read_bytes("Invoice No,INVOICE NO,Unit Price (GBP),,2nd,xmin,,total,total_\n" . ',' x 8 . "\n1,,,,,,,,\n")->{columns} }],
    [qw(invoice_no invoice_no_2 unit_price_gbp column_4 _2nd xmin_ column_7 total total_)], 'names');
is_deeply([map { s/ .*//r } @{ read_bytes(('n' x 80) . ',' . ('n' x 80) . "\n1,2\n")->{columns} }],
    ['n' x 59, ('n' x 59) . '_2'], 'names too long for an identifier');

# --- types ---

column_is([qw(1 -2 +3 2147483647)], 'integer');
column_is([qw(1 2147483648)], 'bigint');
column_is([qw(1 -2147483649)], 'bigint');
column_is([qw(1 123456789012345678901)], 'numeric');
column_is([qw(1 2.50 .5 -3. 1e-3)], 'numeric');
column_is([qw(0017 0018)], 'text');
column_is([qw(1 2 x)], 'text');
column_is([qw(NaN 1)], 'text');
column_is(['1,50', '-2,00', '3'], 'numeric', '1.50 | -2.00 | 3', 'a decimal comma');
column_is(['1.234,50', '2'], 'numeric', '1234.50 | 2', 'points of thousands');
column_is(["1 234,50", "2\xc2\xa0000,00"], 'numeric', '1234.50 | 2000.00', 'blanks of thousands');
column_is(['1,234.50', '1,234,567'], 'numeric', '1234.50 | 1234567', 'commas of thousands');
column_is(['1.5', '1,5'], 'text', undef, 'points and commas mixed are no number');
column_is(['12,34.5'], 'text', undef, 'thousands have three digits');
column_is([qw(2024-02-29 2023-12-31)], 'date');
column_is([qw(2023-02-29)], 'text', undef, 'a day that never was');
column_is([qw(0000-00-00)], 'text', undef, 'a day of all zeros');
column_is(['2024-02-29 10:00', '2024-03-01'], 'timestamp');
column_is(['2024-02-29T10:00:00.5Z', '2024-02-29 10:00:00+02:00'], 'timestamptz');
column_is(['31.01.2024', '1.2.24'], 'date', '2024-01-31 | 2024-02-01');
column_is(['31/01/2024 23:59', '01/02/2024 0:00'], 'timestamp', '2024-01-31 23:59 | 2024-02-01 0:00');
column_is(['1/31/2024 1:05 PM', '2/1/2024 12:00 AM'], 'timestamp', '2024-01-31 1:05 PM | 2024-02-01 12:00 AM');
column_is(['13/01/2024', '01/13/2024'], 'text', undef, 'day first and month first in one column');
column_is([('') x 3, '5'], 'integer', ' |  |  | 5', 'empty values');
column_is([''], 'text', '', 'nothing but empty values');

my ($type, $read, $notes) = column(['01/02/2024', '03/04/2024']);
is("$type: $read", 'date: 2024-02-01 | 2024-04-03', 'day first, where there is no telling');
like($notes, qr/days and months cannot be told apart.*DATE_ORDER=mdy/, 'and a note of it');
($type, $read) = column(['01/02/2024', '03/04/2024'], 'mdy');
is($read, '2024-01-02 | 2024-03-04', 'month first, as told');
($type, $read, $notes) = column(['1,234', '5,678']);
is("$type: $read", 'numeric: 1.234 | 5.678', 'a comma between three digits, in a file of semicolons');
like($notes, qr/read as a decimal comma/, 'and a note of it');
is_deeply(read_bytes(qq(a,b\n"1,234",1\n))->{rows}, ["1234\t1"], 'and in a file of commas');

# What keeps a column from a narrower type: the fields of `columns` after the type.
sub obstacle_is {
    my ($values, $expected, $name) = @_;
    read_bytes(join('', map { "$_\n" } 'x;y', map { "$_;1" } @$values));
    my @fields = split /\t/, (split /\n/, slurp("$folder/columns"))[0], -1;
    is(join(' | ', @fields[1 .. $#fields]), "text | $expected", $name);
}

obstacle_is(['1.5', 'N/A', '2'], q(N/A | 3 | number | nullif({}, 'N/A')::numeric), 'a text among numbers');
obstacle_is(['N/A', '1', '2'], q(N/A | 2 | number | nullif({}, 'N/A')::numeric), 'a text before numbers');
obstacle_is(['1', "o'", '2', '-', "o'", '3'], q(o' | 3 | number | nullif(nullif({}, 'o'''), '-')::numeric), 'two of them');
obstacle_is(['1,5', '-', '2,5'], q(- | 3 | number | translate(nullif({}, '-'), ',. ''', '.')::numeric),
    'a text among decimal commas');
obstacle_is(['2024-01-31', '2024-02-01', '0000-00-00'],
    q(0000-00-00 | 4 | date | nullif({}, '0000-00-00')::date), 'a day of zeros among days');
obstacle_is(['31.01.2024 10:00', '01.02.2024 11:00', '?'],
    q(? | 4 | date | to_timestamp(nullif({}, '?'), 'DD/MM/YYYY HH24:MI:SS')::timestamp), 'a text among times');
obstacle_is([1 .. 9, '0010'], '0010 | 11 |  | ', 'a code among numbers');
obstacle_is([1 .. 9, map { "C$_" } 1 .. 9], 'C1 | 11 |  | ', 'many texts after numbers');
obstacle_is(['a', '1', 'b', '2', 'c'], 'a |  |  | ', 'as many texts as numbers are no exception');

# A value seen long after the others still counts.
my $late = read_bytes("a,b\n" . join('', map { "$_,x\n" } 1 .. 60000) . "x,1\n");
is_deeply($late->{columns}, ['a text', 'b text'], 'a text after 60,000 numbers');

# --- refusals ---

my @refused = (
    ['', qr/is empty/],
    ["a,b\n", qr/has a header line and no rows/],
    ["a,b\n1,2,3\n", qr/line 2 has 3 values, but the header names 2 columns/],
    [qq(a,b\n1,2\n"x,2\n3,4\n), qr/a quoted value that begins on line 3 does not end/],
    ["PK\x03\x04rest", qr/ZIP archive or a spreadsheet/],
    ["a,b\n1,\0\n", qr/zero bytes/],
    ["\x1f\x8b\x08\0garbage", qr/gzip/],
);
like(read_bytes($_->[0])->{error} // 'no error', $_->[1], "refuses: $_->[1]") for @refused;

done_testing();
