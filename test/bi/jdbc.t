#!/usr/bin/env bash
# JDBC, with Debian's driver.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
driver=/usr/share/java/postgresql.jar
if ! command -v javac >/dev/null || [[ ! -e $driver ]]; then
	echo '1..0 # skip no JDK, or no driver'
	exit
fi
exec java -cp "$driver" Jdbc.java "$BI_FIGURES"
