#!/usr/bin/env bash
# Becomes a single broker that its clients reach as ADVERTISED (host:port).
# The secrets folder holds a file kafka-USER for each user, with its password; a changed one counts from the next start.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Not "log", where a 4.4 broker kept what no older one reads.
log=${LOG:-/var/lib/kafka/data}/log-4.3
port=${ADVERTISED##*:}
secrets=${SECRETS:-/run/secrets}

{
  cat "$here/broker.properties"
  echo "controller.quorum.voters=1@localhost:9093"
  echo "listeners=CLIENTS://:$port,CONTROLLER://localhost:9093"
  echo "advertised.listeners=CLIENTS://$ADVERTISED"
  echo "log.dirs=$log"
} >/tmp/broker.properties

# As broker.properties names them.
for secret in "$secrets"/kafka-*; do
  name=$(basename "$secret" | tr a-z- A-Z_)
  value=$(<"$secret")
  case $value in
    *[\"\\]*) echo "$secret: a password without quotation marks and backslashes is needed." >&2 && exit 1 ;;
  esac
  export "$name=$value"
done

if [ ! -e "$log/meta.properties" ]; then
  # The cluster's id is 16 bytes in Base64; with one broker, any will do: "meridian-kafka-1".
  /opt/kafka/bin/kafka-storage.sh format --cluster-id bWVyaWRpYW4ta2Fma2EtMQ --config /tmp/broker.properties
fi
exec /opt/kafka/bin/kafka-server-start.sh /tmp/broker.properties
