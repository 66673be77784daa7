#!/usr/bin/env bash
# Becomes the primary; before that, once, makes an empty cluster with the roles and databases of init.sql.
# The secrets folder holds a file for each role, named as the role, with its password.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
secrets=${SECRETS:-/run/secrets}
cluster=${CLUSTER:-/var/lib/postgresql/cluster}

initialise() {
  rm -rf "$cluster"
  initdb --pgdata="$cluster" --username=postgres --pwfile="$secrets/postgres" --auth=scram-sha-256 \
    --encoding=UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C
  {
    echo "local all all scram-sha-256"
    echo "host all all all scram-sha-256"
    echo "host replication replicator all scram-sha-256"
  } >"$cluster/pg_hba.conf"

  # For us alone until it is complete.
  pg_ctl --pgdata="$cluster" --wait --options="-c config_file=$here/postgresql.conf -c listen_addresses= -c unix_socket_directories=/tmp" start
  export PGHOST=/tmp PGUSER=postgres PGDATABASE=postgres
  PGPASSWORD=$(<"$secrets/postgres")
  export PGPASSWORD
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --file="$here/init.sql"
  local role
  for role in $(psql --no-psqlrc -XAtc "SELECT rolname FROM pg_authid WHERE rolcanlogin AND rolpassword IS NULL"); do
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=role="$role" --set=password="$(<"$secrets/$role")" \
      <<<'ALTER ROLE :"role" PASSWORD :'"'password'"
  done
  pg_ctl --pgdata="$cluster" --wait --mode=fast stop
  touch "$cluster/complete"
}

# A start that was broken off leaves no marker, and begins anew.
[ -e "$cluster/complete" ] || initialise

exec postgres -D "$cluster" -c config_file="$here/postgresql.conf" -c listen_addresses='*' \
  -c unix_socket_directories=/tmp "$@"
