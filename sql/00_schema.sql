-- Nothing here works half loaded.
\echo Use "CREATE EXTENSION clientcore" to load this file. \quit

-- The schema is the extension's own, and so belongs to the superuser as whom the
-- script runs: administrators call what is in it, so nobody else may add to it.
CREATE SCHEMA clientcore;
COMMENT ON SCHEMA clientcore IS
'clientcore: purchase histories and what follows from them: ABC and XYZ classes, ladder of loyalty, lost clients';

-- Whoever may connect may call: nothing here shows what its caller could not read.
GRANT USAGE ON SCHEMA clientcore TO PUBLIC;
