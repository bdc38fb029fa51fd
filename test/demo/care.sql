-- The generated company has a client table and a list of tickets too, made up of hashes like
-- its sales: who looks after whom, what clients said, and what is due for them now.

\pset footer off
\pset numericlocale on

CREATE FUNCTION pg_temp.chance(client text, salt bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE
RETURN ((hashtextextended(client, salt) & 9007199254740991) + 0.5::double precision) / 9007199254740992;

CREATE TABLE customers AS
SELECT client_id AS client, (ARRAY['Anna', 'Boris', 'Clara', 'Dmitri'])[1 + floor(4 * pg_temp.chance(client_id, 1))::integer] AS manager,
    (ARRAY['north', 'south', 'east'])[1 + floor(3 * pg_temp.chance(client_id, 2))::integer] AS region,
    date '1960-01-01' + floor(14000 * pg_temp.chance(client_id, 3))::integer AS birthday, true AS may_be_written_to
FROM shop.clients
UNION ALL
SELECT name, 'Anna', 'north', NULL, true
FROM (VALUES ('Quiet Harbour Stores'), ('Tall Tulip Trading')) AS asked (name);

-- Every second client spoke with us, some often; what it said was settled within days, but
-- for one in ten.
CREATE TABLE tickets AS
SELECT t.*, CASE WHEN pg_temp.chance(client, 10 * n + 2) < 0.9 THEN opened_at + interval '8 hours' * (1 + floor(20 * pg_temp.chance(client, 10 * n + 3))) END AS closed_at,
    CASE kind WHEN 'promise' THEN opened_at::date + 14 END AS due_on
FROM (
    SELECT client, n, timestamp '2024-12-31 09:00' - interval '1 hour' * floor(17000 * pg_temp.chance(client, 10 * n)) AS opened_at,
        (ARRAY['call', 'call', 'visit', 'complaint', 'question', 'idea', 'promise'])[1 + floor(7 * pg_temp.chance(client, 10 * n + 1))::integer] AS kind
    FROM customers, generate_series(1, 12) AS n
    WHERE pg_temp.chance(client, 4) > 0.5 AND n <= 12 * pg_temp.chance(client, 5) ^ 2 OR client = 'Quiet Harbour Stores' AND n = 1) AS t;

\echo
\echo Who looks after these clients, and what is due for them
\echo 'Two calls tell the base of a client table and of tickets; they are made up as well.'
\echo
\set ECHO queries
CALL clientcore.attach_clients('shop', 'customers', client => 'client',
    manager => 'manager', region => 'region', birthday => 'birthday', consent => 'may_be_written_to');

\echo
CALL clientcore.attach_interactions('shop', 'tickets', client => 'client', at => 'opened_at', kind => 'kind',
    due_at => 'due_on', resolved_at => 'closed_at');

\set ECHO none
\echo
\echo 'From shop.manager_portfolio:'
\echo
SELECT manager, client_count AS clients, key_client_count AS "key", round(100 * revenue_12m_share) AS "% of revenue", lost_12m_count AS "lost in 12 months",
    round(100 * retention_12m_share) AS "% kept", median_answer_days AS "days to answer", unanswered_count AS unanswered, overdue_care_count AS overdue
FROM shop.manager_portfolio
ORDER BY manager;

\echo 'The first of shop.care_due, of each kind:'
\echo
SELECT care, manager, client, due, why
FROM (
    SELECT replace(care, '_', ' ') AS care, care_rank, manager, client_id AS client, due_date AS due, left(why, 56) AS why,
        row_number() OVER (PARTITION BY care ORDER BY priority, due_date DESC, client_id) AS nth
    FROM shop.care_due
    WHERE is_key) AS d
WHERE nth <= 2
ORDER BY care_rank, nth;
