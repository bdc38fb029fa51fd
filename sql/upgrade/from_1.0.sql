\echo Use "ALTER EXTENSION clientcore UPDATE" to load this file. \quit

-- 1.0 to this version: what has to be done before functions, aggregates, views and comments
-- are made again.

-- attach, detach and some of what is internal have got an argument
DROP PROCEDURE clientcore.attach(text, text, text, text, text, text, text, text, text, text, text, boolean, boolean, text);
DROP FUNCTION clientcore.joined_histories(text), clientcore.known_clients(text, text);
DROP PROCEDURE clientcore.detach(text, text, integer);
-- reports and dossiers call no function of a base any more
DROP FUNCTION clientcore.require_base_function(text, text);
