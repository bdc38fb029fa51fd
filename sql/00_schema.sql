-- Nothing here works half loaded.
\echo Use "CREATE EXTENSION clientcore" to load this file. \quit

COMMENT ON SCHEMA @extschema@ IS
'clientcore: purchase histories and what follows from them: ABC and XYZ classes, ladder of loyalty, lost clients';
