# A day of a large shop in ten minutes: sales come by COPY, one by one at the tills, and are
# corrected, while a base is refreshed every minute and read by ten connections; and the same
# sales without any of it.
package Day;
use strict;
use warnings;
use Bench qw(%size sql note);

my $scratch = $ENV{CLIENTCORE_SCRATCH};
my $seconds = $ENV{DAY_SECONDS} || 600;
my $unthrottled_seconds = $seconds < 120 ? $seconds : 120;
my $copied = 2000;

# What each kind of connection does, how many there are of it, and how often a second in all.
my %kinds = (
	till => {connections => 4, rate => 250, what => 'single sales, at four tills', scripts => [[1, <<'SQL']]},
\set client random(1, :clients)
\set cents random(100, 10000)
\set second random(0, 43199)
INSERT INTO :sales (sale_id, sold_at, client_id, amount)
VALUES (nextval('bench.day_id'), timestamptz '2025-01-02 08:00+02' + :second * interval '1 second', :client, :cents / 100.0);
SQL
	correction => {connections => 2, rate => 20, what => 'corrections of earlier sales: UPDATE, one in four DELETE', scripts => [[1, <<'SQL']]},
\set sale random(1, :sold)
\set kind random(1, 4)
\set cents random(-500, 500)
\if :kind = 1
DELETE FROM :sales WHERE sale_id = :sale;
\else
UPDATE :sales SET amount = amount + :cents / 100.0 WHERE sale_id = :sale;
\endif
SQL
	reader => {connections => 10, rate => 5, what => 'readers of the views', scripts => [
		[10, "\\set client random(1, :clients)\nSELECT * FROM shop.clients WHERE client_id = :client;\n"],
		[4, "SELECT * FROM shop.key_clients ORDER BY key_rank LIMIT 50;\n"],
		[2, "SELECT * FROM shop.win_back_list LIMIT 50;\n"],
		[2, "SELECT * FROM shop.at_risk_clients LIMIT 50;\n"],
		[2, "SELECT * FROM shop.abc_xyz_matrix;\n"]]});
my %copy = (connections => 2, pause => 5, what => "COPY of $copied sales each, by two connections");

sub write_script {
	my ($name, $text) = @_;
	open my $handle, '>', "$scratch/day.$name.sql" or die "bench: $scratch/day.$name.sql: $!\n";
	print $handle $text;
	close $handle;
	return "$scratch/day.$name.sql";
}

sub start {
	my ($log, @command) = @_;
	my $child = fork // die "bench: fork: $!\n";
	return $child if $child;
	open STDOUT, '>', $log or die "bench: $log: $!\n";
	open STDERR, '>&', \*STDOUT;
	exec @command or die "bench: $command[0]: $!\n";
}

# One kind by pgbench, which writes down how long each transaction took. At a rate that is
# reckoned from when it was due, so that nothing waits uncounted.
sub start_pgbench {
	my ($phase, $name, $table, $for, $is_throttled) = @_;
	my $kind = $kinds{$name};
	my $n = 0;
	my @scripts = map { ('-f', write_script("$phase.$name." . ++$n, $_->[1] =~ s/:sales/$table/gr) . "\@$_->[0]") } @{$kind->{scripts}};
	return start("$scratch/day.$phase.$name.out", 'pgbench', '-n', '-M', 'prepared', '-c', $kind->{connections}, '-j', 1, '-T', $for,
		$is_throttled ? ('-R', $kind->{rate}) : (), '-D', "clients=$size{clients}", '-D', "sold=$size{sales}",
		'--random-seed=1', '-l', "--log-prefix=$scratch/day.$phase.$name.log", @scripts);
}

# The others by psql: one command again and again, at its time, until the end.
sub start_psql {
	my ($phase, $name, $for, $pause, @commands) = @_;
	my $text = "SELECT clock_timestamp() AS began \\gset\n\\timing on\n";
	for my $n (0 .. ($pause ? int(($for - 1) / $pause) : 100_000)) {
		$text .= "\\timing off\nSELECT pg_sleep(greatest(0, extract(epoch FROM :'began'::timestamptz - clock_timestamp()) + $n * $pause));\n\\timing on\n" if $pause;
		$text .= $commands[$n % @commands] . "\n";
	}
	return start("$scratch/day.$phase.$name.out", $pause ? () : ('timeout', $for), qw(psql -X -q -At -v ON_ERROR_STOP=1 -f), write_script("$phase.$name", $text));
}

sub copy_files {
	my @files;
	for my $n (1 .. 20) {
		my $file = "$scratch/day.$n.csv";
		push @files, $file;
		next if -e $file;
		sql("\\copy (SELECT timestamptz '2025-01-02 08:00+02' + floor(43200 * bench.chance(i, $n)) * interval '1 second', "
			. "1 + floor($size{clients} * bench.chance(i, 100 + $n))::integer, 1, round((1 + 99 * bench.chance(i, 200 + $n))::numeric, 2) "
			. "FROM generate_series(1, $copied) AS i) TO '$file' (FORMAT csv)");
	}
	return @files;
}

# Milliseconds of each, from pgbench's log or from psql's timing.
sub taken {
	my ($phase, $name) = @_;
	my @taken;
	for my $file (glob "$scratch/day.$phase.$name.log.*") {
		open my $handle, '<', $file or die "bench: $file: $!\n";
		while (my $line = <$handle>) { push @taken, (split ' ', $line)[2] / 1000 }
		unlink $file;
	}
	for my $file (glob "$scratch/day.$phase.$name*.out") {
		open my $handle, '<', $file or die "bench: $file: $!\n";
		while (my $line = <$handle>) {
			die "bench: $name: $line" if $line =~ /ERROR|FATAL|aborted/;
			push @taken, $1 if $line =~ /^Time: ([\d.]+) ms/;
		}
	}
	die "bench: nothing came of $name\n" unless @taken;
	return [sort { $a <=> $b } @taken];
}

# A phase: who takes part, and what came of it.
sub phase {
	my ($phase, $table, $for, $is_throttled, @more) = @_;
	note("$phase: $for seconds of sales into $table");
	my @copies = map { "\\copy $table (sold_at, client_id, status, amount) FROM '$_' (FORMAT csv)" } copy_files();
	my @children = map { start_pgbench($phase, $_, $table, $for, $is_throttled) } 'till', 'correction';
	push @children, map { start_psql($phase, "copy$_", $for, $is_throttled ? $copy{pause} : 0, @copies) } 1 .. $copy{connections};
	push @children, start_pgbench($phase, 'reader', $table, $for, 1) if grep { $_ eq 'reader' } @more;
	push @children, start_psql($phase, 'refresh', $for, $for < 60 ? $for / 4 : 60, "CALL clientcore.refresh('shop');") if grep { $_ eq 'refresh' } @more;
	waitpid $_, 0 for @children;
	return {seconds => $for, map { $_ => taken($phase, $_) } 'till', 'correction', 'copy', @more};
}

# What the base says is what plain SQL says of the sales, to the cent, and as many sales are
# there as were made.
sub lose_nothing {
	my (@phases) = @_;
	sql("CALL clientcore.refresh('shop')");
	my $differ = sql('SELECT count(*) FROM clientcore.verify(\'shop\')');
	die "bench: verify finds $differ differences\n" if $differ;
	$differ = sql(q{
		SELECT count(*) FROM (SELECT client_id, count(*) AS sales, sum(amount) AS revenue FROM bench.sale GROUP BY client_id) AS s
		FULL JOIN shop.history AS h USING (client_id)
		WHERE (s.sales, s.revenue) IS DISTINCT FROM (clientcore.sale_count(h.history) + clientcore.return_count(h.history), clientcore.revenue(h.history))});
	die "bench: $differ clients are not as their sales\n" if $differ;
	my $made = sql("SELECT count(*) FROM bench.sale WHERE sale_id > $size{sales}");
	my $counted = 0;
	$counted += @{$_->{till}} + $copied * @{$_->{copy}} for @phases;
	# what was cut off at the end may have been committed without being counted
	my $cut = $copied * $copy{connections} + $kinds{till}{connections};
	die "bench: $counted sales were made, and $made are there\n" if $made < $counted || $made > $counted + $cut;
	return $made;
}

sub measure {
	sql('CREATE SEQUENCE bench.day_id START 1000000000; ALTER TABLE bench.sale ALTER sale_id SET DEFAULT nextval(\'bench.day_id\')');
	sql('CREATE TABLE bench.alone (LIKE bench.sale INCLUDING ALL); INSERT INTO bench.alone TABLE bench.sale; VACUUM (FREEZE, ANALYZE) bench.alone');
	sql(q{CALL clientcore.attach('shop', 'bench.sale', client => 'client_id', sold_at => 'sold_at', amount => 'amount', time_zone => 'Europe/Tallinn')});
	my %day;
	sql('CHECKPOINT');
	$day{alone} = phase('alone', 'bench.alone', $seconds, 1);
	sql('CHECKPOINT');
	$day{followed} = phase('followed', 'bench.sale', $seconds, 1, 'reader', 'refresh');
	sql('CHECKPOINT');
	$day{fast_alone} = phase('fast_alone', 'bench.alone', $unthrottled_seconds, 0);
	sql('CHECKPOINT');
	$day{fast_followed} = phase('fast_followed', 'bench.sale', $unthrottled_seconds, 0, 'reader', 'refresh');
	$day{made} = lose_nothing(@day{qw(followed fast_followed)});
	$day{what} = {copy => $copy{what}, map { $_ => $kinds{$_}{what} } keys %kinds};
	return \%day;
}

1;
