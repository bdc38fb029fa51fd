# One large server: what an attach, a refresh, a full refresh, a verification and the views
# take of time, of the backend's own memory, of temporary files and of the WAL.
package Large;
use strict;
use warnings;
use Bench qw(%size sql note);

sub counters {
	sql('SELECT pg_stat_force_next_flush()');
	my %now;
	@now{qw(wal temp)} = split /\|/, sql(q{
		SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0'), temp_bytes FROM pg_stat_database WHERE datname = current_database()});
	$now{disk} = sql(q{SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class WHERE relnamespace = to_regnamespace('shop') AND relkind IN ('r', 'p')});
	return \%now;
}

sub measured {
	my ($what, $statement) = @_;
	Bench::start_session();
	my $was = counters();
	Bench::watch_memory(1);
	my $seconds = Bench::timed($statement);
	my $memory = Bench::private_peak();
	Bench::watch_memory(0);
	my $is = counters();
	my %row = (what => $what, seconds => $seconds, memory => $memory, map { $_ => $is->{$_} - $was->{$_} } qw(wal temp disk));
	note(join ', ', map { "$_ $row{$_}" } qw(what seconds memory temp wal disk));
	return \%row;
}

sub measure {
	my ($base_of_sales) = @_;
	my @rows;
	push @rows, measured('attach', "CALL clientcore.attach('shop', 'bench.sale', $base_of_sales)");
	push @rows, measured($_->[0], $_->[1]) for (
		['the plain aggregation', 'SELECT count(*) FROM (SELECT client_id, sum(amount), count(*), min(sold_at), max(sold_at) FROM bench.sale GROUP BY client_id OFFSET 0) s'],
		['views: one client', 'SELECT * FROM shop.clients WHERE client_id = 4711'],
		['views: the 50 first key clients', 'SELECT * FROM shop.key_clients ORDER BY key_rank LIMIT 50'],
		['views: the 50 first of the win-back list', 'SELECT * FROM shop.win_back_list LIMIT 50'],
		['views: the matrix of ABC and XYZ', 'SELECT * FROM shop.abc_xyz_matrix'],
		['views: the ladder of loyalty', 'SELECT * FROM shop.loyalty_ladder'],
		['views: the figures of the month', 'SELECT * FROM shop.kpis'],
		['views: all clients, counted by status', 'SELECT status, count(*), sum(revenue_12m_amount) FROM shop.clients GROUP BY status']);
	my $new = int($size{sales} * 0.0002) || 1;
	sql("CALL bench.sell($new, 100)");
	push @rows, measured("a refresh after $new new sales", q{CALL clientcore.refresh('shop')});
	push @rows, measured('a refresh after none', q{CALL clientcore.refresh('shop')});
	push @rows, measured('a full refresh', q{CALL clientcore.refresh('shop', full => true)});
	push @rows, measured('a verification of all', q{SELECT count(*) FROM clientcore.verify('shop')});
	my %sizes = map { split /\|/ } split /\n/, sql(q{
		SELECT c.relname, pg_total_relation_size(c.oid) FROM pg_class c
		WHERE c.relnamespace IN ('shop'::regnamespace, 'bench'::regnamespace) AND c.relkind = 'r' ORDER BY 2 DESC, 1 LIMIT 6});
	return {rows => \@rows, sizes => \%sizes};
}

1;
