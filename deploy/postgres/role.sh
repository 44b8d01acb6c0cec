#!/bin/sh
# Makes the role that guards use, when the database is made. It owns nothing; `auscult guard audit migrate --grant guard`
# lets it add events and read them.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$GUARD_PASSWORD" -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
CREATE ROLE guard LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE;
SQL
