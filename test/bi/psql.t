#!/usr/bin/env bash
# psql, in another time zone and order of days; and what a reader may not do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
n=0

tell() { # STATUS WHAT
	(($1 == 0)) && echo "ok $((++n)) - $2" || echo "not ok $((++n)) - $2"
}

difference=$(PGTZ=Pacific/Auckland PGDATESTYLE='SQL, DMY' psql -X -q -v ON_ERROR_STOP=1 -f figures.sql 2>&1 | diff "$BI_FIGURES" -) && status=0 || status=1
tell "$status" 'the same figures in Auckland'
[[ -z $difference ]] || head -n 20 <<<"$difference" | sed 's/^/# /'

status=0
while IFS='|' read -r column example count; do
	found=$(psql -X -A -t -v ON_ERROR_STOP=1 -v column="$column" -v example="$example" <<<"SELECT count(*) FROM shop.clients WHERE :\"column\" = :'example'")
	[[ $found == "$count" ]] || { status=1 && echo "# $column: $found of $count"; }
done < <(awk -F'\t' -v OFS='|' '$1 == "clients" && $9 > 0 && $8 !~ /[\\|]/ { print $2, $8, $9 }' "$BI_FIGURES")
tell "$status" 'filters by variables'

status=0
for relation in history card settings report_label invoice_line; do
	said=$(psql -X -A -t -c "SELECT FROM $([[ $relation == invoice_line ]] || echo shop.)$relation" 2>&1) || true
	[[ $said == *'permission denied'* ]] || { status=1 && echo "# $relation: $said"; }
done
tell "$status" 'the reader reads nothing else'
psql -X -c '\d+ shop.clients' | grep -F "$(awk -F'\t' '$1 == "clients" && $2 == "abc_class" { print $4 }' "$BI_FIGURES")" >/dev/null && status=0 || status=1
tell "$status" 'comments in \d+'
echo "1..$n"
