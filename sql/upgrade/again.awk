# Of the install script, what an upgrade runs again: functions, procedures, aggregates and
# views are made anew in place, comments, grants and blocks say what they say. Types,
# operators and all else that cannot be replaced is left out: sql/upgrade/from_VERSION.sql
# makes what a version lacks of it.
#
# A statement begins at the start of a line, and ends with a line that ends in a semicolon
# outside of strings, dollar-quoted ones among them. (Comments are those of --, and strings of
# E'' have no \'.)

# What a line leaves open of strings: a quote, a dollar quote, or nothing.
function left_open(text, open) {
	while (1) {
		if (open == "") {
			if (!match(text, /'|--|\$([A-Za-z_][A-Za-z_0-9]*)?\$/)) return open
			open = substr(text, RSTART, RLENGTH)
			if (open == "--") return ""
			text = substr(text, RSTART + RLENGTH)
		} else {
			at = index(text, open)
			if (!at) return open
			text = substr(text, at + length(open))
			open = ""
		}
	}
}

!within && /^(--.*|\\.*)?$/ { next }

!within {
	within = 1
	wanted = /^(CREATE (FUNCTION|PROCEDURE|AGGREGATE|VIEW)|COMMENT ON|GRANT|REVOKE|DO) /
	sub(/^CREATE /, "CREATE OR REPLACE ")
}

{
	if (wanted) print
	open = left_open($0, open)
	if (open == "" && /;$/) within = 0
}

END { if (within) exit 1 }
