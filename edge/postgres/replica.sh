#!/usr/bin/env bash
# Becomes a replica of the primary on the host that PRIMARY names. It copies the primary first where there is nothing to go
# on from: an empty volume, a copy that was broken off, or WAL that the primary no longer has. The copy of another cluster
# may be the last one, and is never replaced.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
secrets=${SECRETS:-/run/secrets}
cluster=${CLUSTER:-/var/lib/postgresql/cluster}
slot=${SLOT:-postgres_replica}

umask 077
echo "$PRIMARY:*:*:replicator:$(sed 's/[:\\]/\\&/g' "$secrets/replicator")" >/tmp/pgpass
export PGPASSFILE=/tmp/pgpass PGCONNECT_TIMEOUT=2
primary="host=$PRIMARY user=replicator passfile=/tmp/pgpass"

ask() {
  psql --no-psqlrc -XAt --dbname="$primary dbname=postgres" --command="$1"
}

# How the slot stands: kept, lost, missing; unknown while the primary is away.
slot_state() {
  ask "SELECT coalesce((SELECT CASE wal_status WHEN 'lost' THEN 'lost' ELSE 'kept' END
                          FROM pg_replication_slots WHERE slot_name = '$slot'), 'missing')" 2>/dev/null || echo unknown
}

is_copy_of_primary() {
  local theirs
  theirs=$(psql --no-psqlrc -XAt --dbname="$primary replication=true" --command=IDENTIFY_SYSTEM 2>/dev/null | cut -d'|' -f1)
  [ -z "$theirs" ] || pg_controldata "$cluster" | grep -q "^Database system identifier: *$theirs$"
}

copy_primary() {
  local state
  state=$(slot_state)
  rm -rf "$cluster.incoming"
  if [ "$state" = lost ]; then
    ask "SELECT pg_drop_replication_slot('$slot')"
  fi
  if [ "$state" != kept ]; then
    # Reserves WAL from here on, so that all that follows the copy is still there.
    ask "SELECT pg_create_physical_replication_slot('$slot', true)"
  fi
  pg_basebackup --dbname="$primary application_name=$slot connect_timeout=2 tcp_user_timeout=5000" \
    --pgdata="$cluster.incoming" --slot="$slot" --wal-method=stream --checkpoint=fast --write-recovery-conf
  touch "$cluster.incoming/copied"
  rm -f "$cluster/copied" # first: half of it is none
  rm -rf "$cluster"
  mv "$cluster.incoming" "$cluster"
}

# The copy of the primary's marker says nothing about ours.
if [ ! -e "$cluster/copied" ]; then
  copy_primary
elif ! is_copy_of_primary; then
  echo "The primary on $PRIMARY is another cluster than the copy in this volume, as after the loss of its own volume." \
    "Copy this volume to the primary's to bring the data back, or remove it to begin anew." >&2
  exit 1
else
  case $(slot_state) in
    lost | missing) copy_primary ;;
  esac
fi

exec postgres -D "$cluster" -c config_file="$here/postgresql.conf" -c listen_addresses='*' \
  -c unix_socket_directories=/tmp -c wal_retrieve_retry_interval=500ms "$@"
