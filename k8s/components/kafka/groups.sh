#!/usr/bin/env bash
# Sets what edge/kafka/topics.conf says of share groups, which no KafkaTopic can. It may run again. A worker refuses to
# start before it has: with a group's default settings, orders would be lost.
set -euo pipefail

cat >/tmp/client.properties <<PROPERTIES
security.protocol=SASL_SSL
ssl.truststore.type=PEM
ssl.truststore.location=/run/ca/kafka/ca.crt
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="kafka-groups" password="$(</run/secrets/password)";
PROPERTIES

while read -r _ group settings; do
  /opt/kafka/bin/kafka-configs.sh --bootstrap-server kafka-kafka-bootstrap:9093 \
    --command-config /tmp/client.properties --alter --entity-type groups --entity-name "$group" \
    --add-config "${settings// /,}" </dev/null
done < <(grep '^group ' /edge/kafka/topics.conf)
