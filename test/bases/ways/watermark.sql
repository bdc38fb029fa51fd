-- A table that only grows.
\ir ../sales.psql

CALL clientcore.attach('shop', 'sales', client => 'client', sold_at => 'sold_at', amount => 'amount', time_zone => 'Europe/Tallinn',
    capture => 'watermark', watermark => 'id');

\ir ../truth.psql
