#!/usr/bin/env bash
# Declares the topics and share groups of topics.conf at the broker BOOTSTRAP, before anybody connects. May run again.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Each call is a JVM for a second.
export KAFKA_HEAP_OPTS=-Xmx64m KAFKA_JVM_PERFORMANCE_OPTS="-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto"

create_topic() {
  local name=$1 partitions=$2 setting configs=()
  shift 2
  for setting in "$@"; do
    configs+=(--config "$setting")
  done
  /opt/kafka/bin/kafka-topics.sh --bootstrap-server "$BOOTSTRAP" --create --if-not-exists \
    --topic "$name" --partitions "$partitions" "${configs[@]}"
}

configure_group() {
  local name=$1
  shift
  /opt/kafka/bin/kafka-configs.sh --bootstrap-server "$BOOTSTRAP" --alter --entity-type groups --entity-name "$name" \
    --add-config "$(IFS=, && echo "$*")"
}

existing=$(/opt/kafka/bin/kafka-topics.sh --bootstrap-server "$BOOTSTRAP" --list)
while read -r kind name rest; do
  # Words without quoting or patterns, as topics.conf has them.
  # shellcheck disable=SC2086
  case $kind in
    topic) grep -qxF "$name" <<<"$existing" || create_topic "$name" $rest ;;
    group) configure_group "$name" $rest ;;
    '' | '#'*) ;;
    *)
      echo "topics.conf: neither a topic nor a group: $kind" >&2
      exit 1
      ;;
  esac </dev/null
done <"$here/topics.conf"
