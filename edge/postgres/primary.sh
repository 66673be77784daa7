#!/usr/bin/env bash
# Becomes the primary; before that, once, makes an empty cluster with the roles and databases of init.sql. Where the replica
# has data and this volume has none, it makes none: the replica's are the last copy. FROM_COPY=yes goes on from them.
# The secrets folder holds a file for each role, named as the role, with its password; a changed one counts from the next
# start.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
secrets=${SECRETS:-/run/secrets}
cluster=${CLUSTER:-/var/lib/postgresql/cluster}
copy=${COPY:-/var/lib/copy/cluster} # the replica's, to read

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
  pg_ctl --pgdata="$cluster" --wait --mode=fast stop
  touch "$cluster/complete"
}

go_on_from_copy() {
  if [ -e "$copy/postmaster.pid" ]; then
    echo "The replica runs, or was killed: \`docker compose up --detach --wait --no-deps postgres-replica &&" \
      "docker compose stop postgres-replica\` makes its copy whole." >&2
    exit 1
  fi
  # Aside until it is whole: the former primary's marker is in the copy too.
  rm -rf "$cluster" "$cluster.incoming"
  cp -a "$copy" "$cluster.incoming"
  rm "$cluster.incoming/standby.signal" "$cluster.incoming/copied"
  sed -i '/^primary_/d' "$cluster.incoming/postgresql.auto.conf"
  touch "$cluster.incoming/complete"
  mv "$cluster.incoming" "$cluster"
}

if [ ! -e "$cluster/complete" ] && [ -e "$copy/copied" ]; then
  if [ "${FROM_COPY:-}" != yes ]; then
    echo "The primary's data are gone, and the replica has a copy." \
      "\`docker compose stop postgres-replica && FROM_COPY=yes docker compose up --detach --wait --no-deps postgres-primary" \
      "&& docker compose up --detach\` goes on from it; to begin anew, remove the replica's volume too." >&2
    exit 1
  fi
  go_on_from_copy
fi

# A start that was broken off leaves no marker, and begins anew.
[ -e "$cluster/complete" ] || initialise

# By a server without connections, since nobody knows the superuser's former password.
for secret in "$secrets"/*; do
  printf "ALTER ROLE %s PASSWORD '%s'\n" "$(basename "$secret")" "$(sed "s/'/''/g" "$secret")"
done | postgres --single -D "$cluster" -c config_file="$here/postgresql.conf" postgres >/dev/null

exec postgres -D "$cluster" -c config_file="$here/postgresql.conf" -c listen_addresses='*' \
  -c unix_socket_directories=/tmp "$@"
