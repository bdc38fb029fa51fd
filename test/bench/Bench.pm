# The tools of the benchmark: a session with the server, one with DuckDB, statements
# from files, and the measurements so far.
package Bench;
use strict;
use warnings;
use Exporter qw(import);
use File::Basename qw(dirname);
use IO::Select;
use IPC::Open3 qw(open3);

our @EXPORT_OK = qw($scale %size sql seconds timed median results record note measure_files load_duckdb
	start_session private_peak watch_memory);

our $scale = $ENV{SCALE};
our %size;
my %sizes = (tiny => [4_000, 200], small => [2_000_000, 50_000], full => [20_000_000, 500_000], growth => [0, 0], day => [5_000_000, 100_000], large => [100_000_000, 5_000_000]);
my $other_size = {day => $ENV{DAY_SIZE}, large => $ENV{LARGE}}->{$scale};
@size{qw(sales clients)} = $other_size ? split(/:/, $other_size) : @{$sizes{$scale}};

# How long a variant may take before it is given up.
my $patience = 300;

my $here = dirname(__FILE__);
my $scratch = $ENV{CLIENTCORE_SCRATCH};
my (%session, %duckdb, %results);

sub note { print STDERR join(' ', 'bench:', @_), "\n" }

sub file {
	my ($name) = @_;
	open my $handle, '<', "$here/$name" or die "bench: $here/$name: $!\n";
	local $/;
	return <$handle>;
}

sub median {
	my @sorted = sort { $a <=> $b } @_;
	return @sorted % 2 ? $sorted[$#sorted / 2] : ($sorted[@sorted / 2 - 1] + $sorted[@sorted / 2]) / 2;
}

# --- measurements ---

# A measurement of one side of a group, by the way (the variant) that was measured.
sub record {
	my ($group, $side, $value, $way) = @_;
	my $kept = $results{$group}{$side} ||= {values => []};
	push @{$kept->{values}}, $value;
	$kept->{median} = median(@{$kept->{values}});
	$kept->{way} = $way if defined $way;
	note(sprintf('%-12s %-22s %s%s', $group, $side, $value =~ /^\d+$/ ? $value : sprintf('%.4f', $value), defined $way ? "  ($way)" : ''));
	if ($ENV{RESULTS}) {
		open my $handle, '>>', $ENV{RESULTS} or die "bench: $ENV{RESULTS}: $!\n";
		print $handle join("\t", $group, $side, $value, $way // ''), "\n";
	}
}

sub results { return \%results }

# --- the server ---

# One psql, and so one backend, until the next is started.
sub start_session {
	if (%session) {
		close $session{in};
		waitpid $session{child}, 0;
	}
	my $log = "$scratch/psql.log";
	open my $errors, '>', $log or die "bench: $log: $!\n";
	my ($in, $out);
	my $child = open3($in, $out, '>&' . fileno($errors), qw(psql -X -q -At -v ON_ERROR_STOP=1 -v VERBOSITY=terse));
	$in->autoflush(1);
	%session = (in => $in, out => $out, child => $child, log => $log, buffer => '', select => IO::Select->new($out));
	sql(q{SET client_min_messages = warning; SET timezone = 'Europe/Tallinn'; SET max_parallel_workers_per_gather = 0; SET jit = off});
	$session{backend} = sql('SELECT pg_backend_pid()');
}

# Runs statements, with psql variables, and returns what they print.
sub sql {
	my ($text, %variables) = @_;
	$text =~ s/\s+\z//;
	$text .= ';' unless $text =~ /(;|\\gexec)\z/;
	my $end = '@@end of answer';
	print {$session{in}} (map { "\\set $_ '$variables{$_}'\n" } sort keys %variables), "$text\n\\echo '$end'\n";
	my $answer = answer_until($end);
	chomp $answer;
	return $answer;
}

sub answer_until {
	my ($end) = @_;
	my $at;
	while (($at = index $session{buffer}, "$end\n") < 0) {
		sample_memory() if $session{is_watched};
		next if $session{is_watched} && !$session{select}->can_read(0.01);
		next if sysread $session{out}, $session{buffer}, 65536, length $session{buffer};
		open my $log, '<', $session{log} or die;
		die join('', 'bench: psql ended: ', <$log>), "\n";
	}
	my $answer = substr $session{buffer}, 0, $at;
	substr($session{buffer}, 0, $at + length("$end\n")) = '';
	return $answer;
}

# The memory that is the backend's own, without what it shares with others.
sub sample_memory {
	open my $status, '<', "/proc/$session{backend}/status" or return;
	while (<$status>) {
		$session{peak} = $1 if /^RssAnon:\s*(\d+)/ && $1 > $session{peak};
	}
}

sub watch_memory {
	($session{is_watched}) = @_;
	$session{peak} = 0 if $session{is_watched};
}

# In bytes, since it is watched
sub private_peak { return 1024 * $session{peak} }

# How long the server takes to make the rows of a query.
sub seconds {
	my ($statement, @settings) = @_;
	return sql(join '', "BEGIN;\n", (map { "SET LOCAL $_;\n" } "statement_timeout = '${patience}s'", @settings),
		"SELECT bench.seconds(\$statement\$$statement\$statement\$);\nCOMMIT");
}

# How long a command takes that must not be within another.
sub timed {
	my ($command) = @_;
	my @lines = split /\n/, sql("SELECT extract(epoch FROM clock_timestamp());\n\\o /dev/null\n$command;\n\\o\nSELECT extract(epoch FROM clock_timestamp())");
	return $lines[-1] - $lines[0];
}

# Single sales, each a transaction, from two connections.
sub transactions_per_second {
	my ($table, $clients, $seconds) = @_;
	my $script = "$scratch/insert.sql";
	open my $handle, '>', $script or die "bench: $script: $!\n";
	print $handle "\\set client random(1, $clients)\n\\set cents random(100, 10000)\n",
		"INSERT INTO $table (sale_id, sold_at, client_id, amount) VALUES (nextval('${table}_id'), now(), :client, :cents / 100.0);\n";
	close $handle;
	my $said = qx(pgbench -n -M prepared -c 2 -j 2 -T $seconds -f '$script' 2>&1);
	die "bench: pgbench: $said\n" unless $said =~ /^tps = ([\d.]+)/m;
	return $1;
}

# --- DuckDB ---

sub start_duckdb {
	my ($in, $out);
	my $child = open3($in, $out, '>&STDERR', 'node', $ENV{DUCKDB_SCRIPT});
	$in->autoflush(1);
	%duckdb = (in => $in, out => $out, child => $child);
}

sub as_json {
	my ($text) = @_;
	$text =~ s/(["\\])/\\$1/g;
	$text =~ s/\n/\\n/g;
	$text =~ s/\t/ /g;
	return "\"$text\"";
}

# Seconds and, where wanted, the rows; infinitely long where it was given up.
sub duckdb {
	my ($statement, $is_wanted) = @_;
	printf {$duckdb{in}} "{\"statement\": %s, \"patience\": %d, \"wanted\": %s}\n", as_json($statement), $patience, $is_wanted ? 'true' : 'false';
	my $answer = readline $duckdb{out};
	die "bench: DuckDB ended\n" unless defined $answer;
	return ('inf', '') if $answer =~ /"error":"INTERRUPT/;
	die "bench: DuckDB: $answer\n$statement\n" if $answer =~ /^\{"error"/;
	my ($seconds) = $answer =~ /"seconds":([\d.e-]+)/;
	my ($rows) = $answer =~ /"rows":"(.*)"\}/;
	return ($seconds, $rows);
}

# The same rows; days and times in the zone of the shop, as DuckDB likes them best.
sub load_duckdb {
	return unless $ENV{DUCKDB_SCRIPT};
	my $file = "$scratch/sale.csv";
	start_duckdb();
	sql("COPY (SELECT sale_id, sold_at::timestamp, client_id, status, amount FROM bench.sale ORDER BY sale_id) TO '$file' (FORMAT csv)");
	duckdb('CREATE SCHEMA bench');
	duckdb('CREATE TABLE bench.sale (sale_id bigint NOT NULL, sold_at timestamp NOT NULL, client_id integer NOT NULL, status smallint NOT NULL, amount decimal(12,2) NOT NULL)');
	duckdb("COPY bench.sale FROM '$file' (FORMAT csv)");
	unlink $file;
}

sub duckdb_version {
	return unless %duckdb;
	my ($seconds, $version) = duckdb('SELECT version()', 1);
	return $version =~ s/^v//r;
}

# --- statements from files ---

# The sections of a file: what is defined, how answers are checked, and what is measured.
sub read_queries {
	my ($name) = @_;
	my (%define, %check, @entries);
	my ($preamble, @sections) = split /^-- == /m, file("queries/$name.sql");
	for my $section (@sections) {
		my ($head, $text) = split /\n/, $section, 2;
		$text =~ s/^--.*\n//mg;
		$text =~ s/\A\s+|\s+\z//g;
		if ($head =~ /^define (.+)$/) {
			$define{$1} = $text;
		} elsif ($head =~ /^check ?(.*)$/) {
			$check{$1} = $text;
		} elsif ($head =~ /^(\w+): (.*?)(?: \| (.*))?$/) {
			push @entries, {engine => $1, way => $2, settings => defined $3 ? [$3] : [], text => $text};
		} else {
			die "bench: $name.sql: -- == $head\n";
		}
	}
	for my $entry (@entries) {
		1 while $entry->{text} =~ s/\{([a-z_0-9 ]+)\}/$define{$1} \/\/ die "bench: $name.sql: {$1}\n"/ge;
		$entry->{check} = ($check{$entry->{engine}} // $check{''}) =~ s/\@/$entry->{text}/r;
	}
	return @entries;
}

# The statement of an engine, where there is one way only.
sub statement {
	my ($name, $engine) = @_;
	my ($entry) = grep { $_->{engine} eq $engine } read_queries($name);
	return $entry->{text};
}

my @parallel = ('max_parallel_workers_per_gather = 2');

sub seconds_of {
	my ($entry) = @_;
	return (duckdb($entry->{text}))[0] if $entry->{engine} eq 'duckdb';
	return seconds($entry->{text}, @{$entry->{settings}});
}

# What an entry answers, and how long that took: checks read every column.
sub check_of {
	my ($entry) = @_;
	if ($entry->{engine} eq 'duckdb') {
		my ($seconds, $answer) = duckdb($entry->{check}, 1);
		return ($seconds, $seconds eq 'inf' ? undef : $answer);
	}
	my $seconds = sql(join '', "BEGIN;\n", (map { "SET LOCAL $_;\n" } "statement_timeout = '${patience}s'", @{$entry->{settings}}),
		"SELECT bench.seconds(\$statement\$CREATE TEMP TABLE answer AS SELECT c::text AS line FROM ($entry->{check}) AS c\$statement\$);\n",
		"COMMIT;\nCREATE TEMP TABLE IF NOT EXISTS answer (line text)");
	my $answer = sql("SELECT line FROM answer; DROP TABLE answer");
	return ($seconds, $seconds =~ /inf/i ? undef : $answer =~ s/^\(|\)$//gr =~ tr/,/|/r);
}

# Every way to answer a question, checked and tried once; then, in turn, the fastest of each
# engine, or of each engine with and without parallel workers. In the first round all take
# part that took at most half as long again as the fastest when they were tried.
sub measure_files {
	my ($rounds, $name, $keeps_modes) = @_;
	my (@sides, %ways, %best, $expected, $said_by);
	for my $entry (read_queries($name)) {
		next if $entry->{engine} eq 'duckdb' && !%duckdb;
		for my $mode ($entry->{engine} eq 'duckdb' ? '' : ('serial', 'parallel')) {
			my %one = (%$entry, settings => [@{$entry->{settings}}, $mode eq 'parallel' ? @parallel : ()],
				side => $keeps_modes && $mode ? "$entry->{engine} $mode" : $entry->{engine},
				way => $keeps_modes || !$mode ? $entry->{way} : "$entry->{way}, $mode");
			($one{seconds}, my $answer) = check_of(\%one);
			note(sprintf('%-12s tried %-18s %.3f  (%s)', $name, "$entry->{engine} $mode", $one{seconds}, $entry->{way}));
			next unless defined $answer;
			($expected, $said_by) = ($answer, "$entry->{engine} ($entry->{way})") unless defined $expected;
			die "bench: $name: $entry->{engine} ($entry->{way}) says $answer,\n$said_by says $expected\n" if $answer ne $expected;
			push @sides, $one{side} unless $ways{$one{side}};
			push @{$ways{$one{side}}}, \%one;
		}
		$results{$name}{$entry->{engine}} ||= {values => [], median => 'inf', way => "none ended within $patience seconds"} if $entry->{engine} eq 'duckdb';
	}
	for my $round (1 .. $rounds) {
		for my $side (@sides) {
			if ($round == 1) {
				my ($fastest) = sort { $a <=> $b } map { $_->{seconds} } @{$ways{$side}};
				my @near = grep { $_->{seconds} <= 1.5 * $fastest } @{$ways{$side}};
				$_->{seconds} = seconds_of($_) for @near;
				($best{$side}) = sort { $a->{seconds} <=> $b->{seconds} } @near;
			} else {
				$best{$side}{seconds} = seconds_of($best{$side});
			}
			record($name, $side, $best{$side}{seconds}, $best{$side}{way});
		}
	}
}

1;
