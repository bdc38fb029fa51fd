# What the tests of client bases share; they run beside the cluster of with-cluster.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
: "${CLIENTCORE_SCRATCH:?is set by test/bin/with-cluster}"
export PGOPTIONS='-c client_min_messages=warning'

sql() { psql -X -q -At -v ON_ERROR_STOP=1 "$@"; }

# A new database of this name with the extension, which becomes the current one.
new_database() {
	PGDATABASE=postgres sql -c "DROP DATABASE IF EXISTS $1" -c "CREATE DATABASE $1"
	export PGDATABASE=$1
	sql -c 'CREATE EXTENSION clientcore'
}

fail() {
	echo "$*"
	exit 1
}

# The statement returns no row; what it returns is shown.
returns_nothing() {
	local rows
	rows=$(sql -c "$1")
	[[ -z $rows ]] || fail "$1 returned:"$'\n'"$(head -n 20 <<<"$rows")"
}

returns() {
	local result
	result=$(sql -c "$2")
	[[ $result == "$1" ]] || fail "$2 returned:"$'\n'"$result"$'\n'"and not:"$'\n'"$1"
}

# The statement fails with this state, and with words like these.
is_refused() {
	local state=$1 words=$2 message
	shift 2
	if message=$(psql -X -q -At -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -c "$1" 2>&1); then
		fail "$1 did not fail"
	fi
	[[ $message == *"ERROR:  $state:"* && $message == *"$words"* ]] || fail "$1 failed with:"$'\n'"$message"
}

# The histories of the base shop are what its sales say: by the extension's own
# measure, and by the function truth() of the way, which knows nothing of it.
is_true() {
	returns_nothing "SELECT * FROM clientcore.verify('shop')"
	returns_nothing "
		WITH known AS (
			SELECT h.client_id::text, d.day, d.sale_count, d.return_count, d.revenue, d.profit
			FROM (SELECT client_id::text, history FROM shop.history UNION ALL SELECT NULL, history FROM shop.guest) h,
				clientcore.days(h.history) d),
		truth AS (SELECT client::text, day, sales, returns, revenue, profit FROM truth())
		SELECT * FROM (
			(SELECT 'only in the histories', * FROM (TABLE known EXCEPT ALL TABLE truth) h)
			UNION ALL
			(SELECT 'only in the sales', * FROM (TABLE truth EXCEPT ALL TABLE known) s)) d
		ORDER BY 2, 3, 1"
	returns_nothing "
		SELECT h.client_id, clientcore.revenue(h.history), t.revenue
		FROM shop.history h
		FULL JOIN (SELECT client, sum(revenue) AS revenue FROM truth() WHERE client IS NOT NULL GROUP BY client) t ON t.client = h.client_id::text
		WHERE clientcore.revenue(h.history) IS DISTINCT FROM t.revenue"
}

# --- clusters of their own, in the folder NAME of CLIENTCORE_SCRATCH ---

# The server and its tools never run as root.
as_server_user() {
	if ((EUID == 0)); then
		(cd "$CLIENTCORE_SCRATCH" && exec runuser -u postgres -- "$@")
	else
		(cd "$CLIENTCORE_SCRATCH" && exec "$@")
	fi
}

make_folder() {
	mkdir "$CLIENTCORE_SCRATCH/$1" "$CLIENTCORE_SCRATCH/$1/socket"
	((EUID != 0)) || chown -R postgres: "$CLIENTCORE_SCRATCH/$1"
}

# Settings as those of the cluster of with-cluster, but for the place, and for what is
# given: NAME SETTING...
configure_cluster() {
	local folder=$CLIENTCORE_SCRATCH/$1
	shift
	{
		printf "include '%s'\n" "$(PGDATABASE=postgres sql -c 'SHOW config_file')"
		printf '%s\n' "unix_socket_directories = '$folder/socket'" "data_directory = '$folder/data'" \
			"hba_file = '$folder/data/pg_hba.conf'" "ident_file = '$folder/data/pg_ident.conf'" "$@"
	} | as_server_user tee "$folder/data/postgresql.conf" >/dev/null
}

# A new cluster: NAME SETTING...
make_cluster() {
	make_folder "$1"
	as_server_user initdb -D "$CLIENTCORE_SCRATCH/$1/data" -U postgres -A trust --encoding=UTF8 \
		--locale-provider=libc --locale=C.UTF-8 --no-sync --no-instructions >"$CLIENTCORE_SCRATCH/$1.log" 2>&1
	configure_cluster "$@"
}

start_cluster() {
	local folder=$CLIENTCORE_SCRATCH/$1
	as_server_user pg_ctl -D "$folder/data" -p "$CLIENTCORE_POSTGRES" -l "$folder/log" -s -w -t 120 start </dev/null ||
		fail "$(tail -n 20 "$folder/log")"
}

# NAME MODE
stop_cluster() {
	local data=$CLIENTCORE_SCRATCH/$1/data
	[[ ! -e $data/postmaster.pid ]] || as_server_user pg_ctl -D "$data" -m "$2" -s -w stop
}
