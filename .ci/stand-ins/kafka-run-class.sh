#!/bin/bash
# Runs a class of Kafka's jars; the options come from the same variables as in Kafka's own script.
set -e
# The logging is slf4j-simple: warnings, on the standard error.
KAFKA_LOG4J_OPTS=${KAFKA_LOG4J_OPTS:--Dorg.slf4j.simpleLogger.defaultLogLevel=warn}
# Words on purpose: each variable holds several options.
# shellcheck disable=SC2086
exec java ${KAFKA_HEAP_OPTS:--Xmx256M} \
  ${KAFKA_JVM_PERFORMANCE_OPTS:--server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 -XX:+ExplicitGCInvokesConcurrent -Djava.awt.headless=true} \
  ${KAFKA_JMX_OPTS:-} $KAFKA_LOG4J_OPTS -cp "${CLASSPATH:+$CLASSPATH:}/opt/kafka/libs/*" ${KAFKA_OPTS:-} "$@"
