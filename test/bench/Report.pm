# What was measured, in words: a block of doc/benchmarks.md, between its marks, and the
# chart beside it.
package Report;
use strict;
use warnings;
use File::Basename qw(dirname);

my $doc = dirname(__FILE__) . '/../../doc';
my ($machine, $results);

# --- figures in words ---

sub significant {
	my ($value) = @_;
	return sprintf($value >= 100 ? '%.0f' : $value >= 10 ? '%.1f' : '%.2f', $value);
}

sub duration {
	my ($seconds) = @_;
	return '' unless defined $seconds;
	return 'given up' if $seconds == 9**9**9;
	return $seconds >= 1 ? significant($seconds) . ' s' : $seconds >= 0.0995 ? sprintf('%.0f ms', 1000 * $seconds) : significant(1000 * $seconds) . ' ms';
}

sub bytes {
	my ($bytes) = @_;
	return significant($bytes / 1024 / 1024) . ' MB';
}

sub grouped {
	my ($number) = @_;
	1 while $number =~ s/^(\d+)(\d{3})/$1,$2/;
	return $number;
}

sub ratio {
	my ($ratio) = @_;
	return $ratio == 9**9**9 ? '' : $ratio >= 0.2 || $ratio == 0 ? significant($ratio) : sprintf('1/%.0f', 1 / $ratio);
}

sub table {
	my ($head, $align, @rows) = @_;
	return join('', map { '| ' . join(' | ', @$_) . " |\n" } $head, [map { $_ eq 'r' ? '---:' : '---' } split //, $align], @rows) . "\n";
}

# --- what was measured ---

sub figure {
	my ($group, $side) = @_;
	my $kept = $results->{$group}{$side};
	return $kept ? $kept->{median} : undef;
}

# The smallest of several sides that were measured
sub least {
	my ($group, @sides) = @_;
	my ($least) = sort { $a <=> $b } grep { defined } map { scalar figure($group, $_) } @sides;
	return $least;
}

sub way {
	my ($group, $side) = @_;
	my $kept = $results->{$group}{$side} or return;
	return $kept->{way};
}

# A row of the bar: what, ours, theirs, at most. Where it is not met, by how much.
sub bar {
	my ($what, $ours, $theirs, $most, $words) = @_;
	return () unless defined $ours && defined $theirs;
	my $ratio = $ours / $theirs;
	my $verdict = $ratio <= $most ? 'met' : sprintf('**%s × over**', significant($ratio / $most));
	return [$what, $words->($ours), $words->($theirs), ratio($ratio), ratio($most), $verdict];
}

sub bars {
	my $plain = 'the plain aggregation';
	my @rows = (
		bar('full build of all histories; ' . $plain, figure('build', 'build serial'), figure('build', 'plain serial'), 0.5, \&duration),
		bar('the same, with the workers it can use; with workers', least('build', 'build serial', 'build parallel'), figure('build', 'plain parallel'), 1, \&duration),
		bar('a full refresh whole: histories, cards, months; ' . $plain, figure('full', 'clientcore'), figure('full', 'plain'), 1, \&duration),
		bar('the aggregate `purchase_history`; ' . $plain, figure('build', 'aggregate serial'), figure('build', 'plain serial'), 1.5, \&duration),
		bar('the same with workers; with workers', figure('build', 'aggregate parallel'), figure('build', 'plain parallel'), 1.5, \&duration),
		bar('all cards; plain SQL over the sales', figure('card', 'kept'), figure('card', 'plain'), 1 / 50, \&duration),
		bar('all cards; ' . significant(2 * $machine->{clients} / 500_000) . ' s', figure('card', 'kept'), 2 * $machine->{clients} / 500_000, 1, \&duration),
		bar('histories after 1 % new sales; full build', figure('refresh_1', 'histories'), least('build', 'build serial', 'build parallel'), 0.5, \&duration),
		bar('histories after 0.02 %; full build', figure('refresh_002', 'histories'), least('build', 'build serial', 'build parallel'), 0.05, \&duration),
		bar('INSERT of 10,000 rows for 100 clients; without triggers', figure('insert_100', 'clientcore'), figure('insert_100', 'plain'), 1.25, \&duration),
		bar('INSERT of 10,000 rows for 10,000 clients; without', figure('insert_10000', 'clientcore'), figure('insert_10000', 'plain'), 2, \&duration));
	for my $rate (['single-row INSERTs; without', 'single', 0.8, sub { grouped(sprintf '%.0f', $_[0]) . '/s' }, 1],
		['UPDATE of 10,000 rows, of a column without a role; without', 'update', 0.9, \&duration, 0]) {
		my ($what, $group, $least, $words, $is_rate) = @$rate;
		my ($ours, $theirs) = (figure($group, 'clientcore'), figure($group, 'plain'));
		next unless defined $ours;
		my $ratio = $is_rate ? $ours / $theirs : $theirs / $ours;
		push @rows, [$what, $words->($ours), $words->($theirs), ratio($ratio) . ' of the speed', "at least $least",
			$ratio >= $least ? 'met' : sprintf('**%s of what it should be**', significant($ratio / $least))];
	}
	if (defined(my $written = figure('same_day', 'rows'))) {
		push @rows, ['card rows that a refresh of the same day writes', grouped($written), '', '', '0', $written == 0 ? 'met' : '**not met**'];
	}
	my $fitted = figure('models', 'clients');
	for my $fit (['MBG/NBD', 'mbgnbd'], ['BG/NBD', 'bgnbd'], ['Gamma-Gamma', 'gamma_gamma']) {
		last unless $fitted;
		my $most = $fitted / 100_000;
		push @rows, bar('fit of ' . $fit->[0] . ' to ' . grouped($fitted) . ' clients; ' . significant($most) . ' s', figure('models', $fit->[1]), $most, 1, \&duration);
	}
	push @rows, bar('histories on disk, with their index; the table of sales without indexes', figure('disk', 'history'), figure('disk', 'sale'), 1 / 8, \&bytes);
	return table(['what; beside what', 'clientcore', 'beside', 'ratio', 'at most', ''], 'lrrrrl', @rows);
}

# Each question, and how it is told; the build has no histories to go by yet.
my @questions = (
	[build => 'sums of each client'], [abc => 'ABC classes'], [xyz => 'XYZ by frequency'],
	[variation => 'XYZ by variation'], [interval => 'median interval'], [card => 'full card']);

# Seconds by side: from histories that are kept, from the sales, plain SQL, DuckDB.
sub answers {
	my ($group) = @_;
	return (undef, least('build', 'aggregate serial', 'aggregate parallel', 'build serial', 'build parallel'),
		least('build', 'plain serial', 'plain parallel'), figure('build', 'duckdb')) if $group eq 'build';
	return map { figure($group, $_) } qw(kept sales plain duckdb);
}

sub side_by_side {
	my (@rows, @ways);
	for my $question (@questions) {
		my ($group, $what) = @$question;
		my ($kept, $sales, $plain, $duckdb) = answers($group);
		my $ours = $kept // $sales // next;
		push @rows, [$what, (map { duration($_) } $kept, $sales, $plain, $duckdb), ratio($plain / $ours),
			defined $duckdb ? ratio($duckdb / $ours) : ''];
		next if $group eq 'build';
		push @ways, "$what: " . join('; ', map { "$_->[1] " . way($group, $_->[0]) } grep { way($group, $_->[0]) } [plain => 'plain SQL'], [duckdb => 'DuckDB']);
	}
	return table(['', 'clientcore, from its base', 'clientcore, from the sales', 'plain SQL', 'DuckDB', 'plain SQL ÷ clientcore', 'DuckDB ÷ clientcore'], 'lrrrrrr', @rows)
		. "The fastest ways to ask, of those in `test/bench/queries`. " . join('. ', @ways) . ".\n\n";
}

sub refreshes {
	my @rows;
	for my $share (['refresh_1', '1 %'], ['refresh_002', '0.02 %']) {
		my ($key, $words) = @$share;
		next unless defined figure($key, 'histories');
		my @sizes = @{$results->{$key}{size}{values}};
		push @rows, ["$words: " . grouped(figure($key, 'sales')), map({ grouped(sprintf '%.0f', figure($key, $_)) } qw(touched)),
			duration(figure($key, 'histories')), duration(figure($key, 'cards')), grouped(sprintf '%.0f', figure($key, 'cards_written')),
			bytes(figure($key, 'wal_histories')), bytes(figure($key, 'wal_cards')), bytes($sizes[0]), bytes($results->{$key}{growth}{values}[0]), bytes(figure($key, 'growth'))];
	}
	return '' unless @rows;
	return table(['new sales, one INSERT each', 'clients touched', 'histories', 'cards, months, losses, sums', 'cards written', 'WAL of histories', 'WAL of the rest', 'base before', 'first growth', 'usual growth'],
		'lrrrrrrrrr', @rows);
}

sub besides {
	my @said;
	push @said, 'Attaching, with calibration and back-test: ' . duration(figure('attach', 'clientcore')) if defined figure('attach', 'clientcore');
	push @said, 'the figures of all cards alone: ' . duration(figure('figures', 'kept')) if defined figure('figures', 'kept');
	push @said, 'cards as a base has them, beside those of a year ago, read: ' . duration(figure('cards', 'read')),
		'a refresh that finds nothing new: ' . duration(figure('cards', 'refresh')) if defined figure('cards', 'read');
	push @said, 'a fit of Pareto/NBD to ' . grouped(figure('models', 'clients')) . ' clients: ' . duration(figure('models', 'paretonbd')),
		'expected purchases of every client: ' . duration(figure('models', 'expected')), 'lifetime value of every client: ' . duration(figure('models', 'lifetime'))
		if defined figure('models', 'clients');
	push @said, 'the whole base on disk: ' . bytes(figure('disk', 'base')) . ', its histories without what surrounds them: ' . bytes(figure('disk', 'history_bytes'))
		if defined figure('disk', 'base');
	return @said ? join('; ', @said) . ".\n" : '';
}

sub conditions {
	my $with = "$machine->{date}, clientcore $machine->{clientcore}, PostgreSQL $machine->{postgresql}"
		. ($machine->{duckdb} ? ", DuckDB $machine->{duckdb} (in memory, 2 threads)" : ', without DuckDB')
		. "; $machine->{cores} cores ($machine->{cpu}), $machine->{memory}; " . ($machine->{rounds} > 1 ? "medians of $machine->{rounds}" : "one round") . ".";
	my $settings = join ', ', map { "$_ $machine->{$_}" } qw(shared_buffers work_mem maintenance_work_mem fsync synchronous_commit full_page_writes wal_level autovacuum);
	return ($ENV{PRELIMINARY} ? "**Preliminary: $ENV{PRELIMINARY}**\n\n" : '') . "$with $settings; with workers: 2.\n\n";
}

# --- the chart ---

my @sides = (
	['clientcore, from its base', '#0b6e4f'], ['clientcore, from the sales', '#6bbf9c'], ['plain SQL', '#4a5a75'], ['DuckDB', '#e0a100']);

sub escaped {
	my ($text) = @_;
	return $text =~ s/&/&amp;/gr =~ s/</&lt;/gr;
}

# Bars of seconds on a logarithmic scale, whose ends are powers of ten.
sub chart {
	my @asked = grep { defined((answers($_->[0]))[2]) } @questions;
	my @all = grep { defined && $_ < 9**9**9 } map { answers($_->[0]) } @asked;
	my $log = sub { log($_[0]) / log(10) };
	my ($low, $high) = (sort { $a <=> $b } @all)[0, -1];
	my $from = int($log->($low)) - ($low < 1);
	my $to = int($log->($high)) + ($high > 1);
	my ($left, $wide, $top, $thick, $gap) = (150, 520, 74, 13, 16);
	my $at = sub { $left + $wide * ($log->($_[0]) - $from) / ($to - $from) };
	my (@marks, @told);
	my $y = $top;
	for my $question (@asked) {
		my ($group, $what) = @$question;
		my @seconds = answers($group);
		my @present = grep { defined $seconds[$_] } 0 .. 3;
		push @marks, sprintf '<text x="%d" y="%.1f" text-anchor="end" font-weight="600">%s</text>', $left - 10, $y + @present * $thick / 2 + 4, escaped($what);
		for my $side (@present) {
			my $end = $seconds[$side] < 9**9**9 ? $at->($seconds[$side]) : $left + $wide;
			push @marks, sprintf('<rect x="%d" y="%.1f" width="%.1f" height="%d" fill="%s"/>', $left, $y, $end - $left, $thick - 2, $sides[$side][1]),
				sprintf('<text x="%.1f" y="%.1f" font-size="10">%s</text>', $end + 4, $y + $thick - 4, duration($seconds[$side]));
			$y += $thick;
		}
		push @told, "$what: " . join(', ', map { "$sides[$_][0] " . duration($seconds[$_]) } @present);
		$y += $gap;
	}
	my $bottom = $y - $gap + 6;
	my @grid = map {
		my $x = $at->(10**$_);
		(sprintf('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#d8dce3"/>', $x, $top - 6, $x, $bottom),
			sprintf('<text x="%.1f" y="%d" text-anchor="middle" fill="#555">%s</text>', $x, $bottom + 14, $_ < 0 ? 1000 * 10**$_ . ' ms' : 10**$_ . ' s'))
	} $from .. $to;
	my $key = $left;
	my @key;
	for my $side (@sides) {
		push @key, sprintf('<rect x="%d" y="44" width="11" height="11" fill="%s"/><text x="%d" y="54">%s</text>', $key, $side->[1], $key + 16, $side->[0]);
		$key += 34 + 6.2 * length $side->[0];
	}
	my $size = grouped($machine->{sales}) . ' sales of ' . grouped($machine->{clients}) . ' clients';
	return join "\n", sprintf('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 %d" width="760" role="img" aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="12" fill="#1d2430">', $bottom + 40),
		"<title id=\"title\">How long questions take over $size</title>", '<desc id="desc">' . escaped(join('. ', @told)) . '.</desc>',
		'<rect width="100%" height="100%" fill="#ffffff"/>', "<text x=\"$left\" y=\"26\" font-size=\"15\" font-weight=\"600\">Seconds over $size</text>",
		@key, @grid, @marks, sprintf('<text x="%d" y="%d" text-anchor="middle" fill="#555">shorter is better; each line is ten times the one before</text>', $left + $wide / 2, $bottom + 32), '</svg>', '';
}

# --- writing ---

sub read_file {
	my ($name) = @_;
	open my $handle, '<', $name or die "bench: $name: $!\n";
	local $/;
	return <$handle>;
}

sub write_file {
	my ($name, $text) = @_;
	open my $handle, '>', $name or die "bench: $name: $!\n";
	print $handle $text;
	close $handle or die "bench: $name: $!\n";
}

sub replace_block {
	my ($name, $text, $file) = @_;
	$file //= 'benchmarks.md';
	my $page = read_file("$doc/$file");
	$page =~ s/(<!-- figures of $name -->\n).*?(<!-- end -->)/$1$text$2/s or die "bench: doc/$file has no place for $name\n";
	write_file("$doc/$file", $page);
}

sub write {
	($machine, $results, my $is_partial) = @_;
	my $size = grouped($machine->{sales}) . ' sales of ' . grouped($machine->{clients}) . ' clients';
	my $text = conditions() . bars() . "**Side by side**\n\n" . side_by_side() . "**Refreshes**\n\n" . refreshes() . besides();
	if ($machine->{scale} eq 'tiny' || $is_partial) {
		print "$size\n\n$text";
		chart() unless $is_partial;
		return;
	}
	replace_block($machine->{scale}, $text);
	# The chart is of the largest that was measured.
	my $is_largest = $machine->{scale} eq 'full' || read_file("$doc/benchmarks.md") =~ /<!-- figures of full -->\nNot measured/;
	write_file("$doc/benchmarks.svg", chart()) if $is_largest;
	print "bench: doc/benchmarks.md now tells of $size\n";
}

# How long, of a sorted list of milliseconds, a share of them took at most
sub within {
	my ($taken, $share) = @_;
	return @$taken ? duration($taken->[$share * $#$taken] / 1000) : '';
}

sub day {
	($machine, my $day) = @_;
	my (@rows, @fast);
	for my $kind (qw(till copy correction)) {
		push @rows, [$day->{what}{$kind}, map { (grouped(scalar @{$_->{$kind}}), within($_->{$kind}, 0.5), within($_->{$kind}, 0.99), within($_->{$kind}, 1)) } @$day{qw(followed alone)}];
		my ($with, $without) = map { @{$day->{$_}{$kind}} / $day->{$_}{seconds} } qw(fast_followed fast_alone);
		push @fast, [$day->{what}{$kind}, (map { significant($_) . '/s' } $with, $without), ratio($with / $without)];
	}
	for my $kind (['reader', $day->{what}{reader}], ['refresh', 'refreshes']) {
		my $taken = $day->{followed}{$kind->[0]};
		push @rows, [$kind->[1], grouped(scalar @$taken), within($taken, 0.5), within($taken, 0.99), within($taken, 1), ('') x 4];
	}
	my $text = conditions() . sprintf("%s sales of %s clients before the day; %.0f seconds with a base and as many without, then %.0f each as fast as the writers can.\n\n",
		grouped($machine->{sales}), grouped($machine->{clients}), $day->{followed}{seconds}, $day->{fast_followed}{seconds})
		. table(['', 'with a base', 'median', '99 %', 'longest', 'without', 'median', '99 %', 'longest'], 'lrrrrrrrr', @rows)
		. "As fast as they can, readers and refreshes beside:\n\n" . table(['', 'with a base', 'without', 'ratio'], 'lrrr', @fast)
		. grouped($day->{made}) . " sales were made under the base; after the last refresh `verify` found nothing, and count and sum of every client were those of plain SQL over the sales.\n";
	if ($ENV{DAY_SIZE}) {
		print $text;
		return;
	}
	replace_block('day', $text);
	print "bench: doc/benchmarks.md now tells of a day\n";
}

sub large {
	($machine, my $large) = @_;
	my $text = conditions() . sprintf("%s sales of %s clients.\n\n", grouped($machine->{sales}), grouped($machine->{clients}))
		. table(['', 'time', 'own memory', 'temporary files', 'WAL'], 'lrrrr', map { my $row = $_; [
			$row->{what}, duration($row->{seconds}), map { $_ < 500_000 ? '' : bytes($_) } @$row{qw(memory temp wal)}] } @{$large->{rows}})
		. "On disk, with indexes:\n\n" . table(['table', 'size'], 'lr', map { ["`$_`", bytes($large->{sizes}{$_})] }
			sort { $large->{sizes}{$b} <=> $large->{sizes}{$a} || $a cmp $b } keys %{$large->{sizes}});
	if ($ENV{LARGE}) {
		print $text;
		return;
	}
	replace_block('large', $text, 'scale.md');
	print "bench: doc/scale.md now tells of a large server\n";
}

sub growth {
	($machine, my $rows) = @_;
	my $text = conditions() . table(['sales', 'clients', 'sales a client', 'plain aggregation', 'full build', 'attach', 'full refresh', 'after 0.02 %: histories', 'the rest', 'memory of the build', 'of attach', 'of a full refresh', 'of a refresh', 'histories ÷ sales on disk'],
		'rrrrrrrrrrrrrr', map { my $row = $_; [
			grouped($row->{sales}), grouped($row->{clients}), grouped(sprintf '%.0f', $row->{sales} / $row->{clients}),
			(map { duration($row->{$_}) } qw(plain build attach full histories cards)),
			(map { bytes($row->{$_}) } qw(build_memory attach_memory full_memory refresh_memory)), ratio($row->{disk} / $row->{sale_disk})] } @$rows);
	replace_block('growth', $text);
	print "bench: doc/benchmarks.md now tells how cost grows\n";
}

1;
