-- Nothing here works half loaded.
\echo Use "CREATE EXTENSION clientcore" to load this file. \quit

COMMENT ON SCHEMA @extschema@ IS
'clientcore: purchase histories and what follows from them: ABC and XYZ classes, ladder of loyalty, lost clients';

-- Whoever may connect may call: nothing here shows what its caller could not read.
GRANT USAGE ON SCHEMA @extschema@ TO PUBLIC;
