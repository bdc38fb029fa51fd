\echo Use "ALTER EXTENSION clientcore UPDATE" to load this file. \quit

-- 1.0 to this version: what has to be done before functions, aggregates, views and comments
-- are made again.

-- detach has got an argument
DROP PROCEDURE clientcore.detach(text, text, integer);
-- reports and dossiers call no function of a base any more
DROP FUNCTION clientcore.require_base_function(text, text);
