\echo Use "ALTER EXTENSION clientcore UPDATE" to load this file. \quit

-- 1.0 to this version: what has to be done before functions, aggregates, views and comments
-- are made again. Nothing but they differs yet.
