-- A table that is read anew by every refresh.
\ir ../sales.psql

CALL clientcore.attach('shop', 'sales', client => 'client', sold_at => 'sold_at', amount => 'amount', time_zone => 'Europe/Tallinn',
    capture => 'none');

\ir ../truth.psql
