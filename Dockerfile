# One file for all deployables; MODULE names the one: docker build --build-arg MODULE=gateway .
# Beside them, as --target kafka-topics: what declares the topics.
# Only the last stage knows it: what comes before is made once for all images.

FROM maven:3.9.16-eclipse-temurin-25 AS build
ARG MODULES="discovery identity gateway orders-service worker"
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/root/.m2/repository \
    mvn -B -ntp -q -Dmaven.test.skip=true -Dspotless.check.skip=true \
        -pl "$(echo $MODULES | tr ' ' ,)" -am package
# Libraries apart from our own classes, which change with every build.
RUN for module in $MODULES; do \
        java -Djarmode=tools -jar $module/target/$module-1.0.0.jar extract --layers --force \
             --application-filename app.jar --destination /layers/$module || exit 1; \
        mkdir -p /meridian/$module \
            && cp -a /layers/$module/dependencies/. /layers/$module/application/. /meridian/$module/ || exit 1; \
    done

FROM eclipse-temurin:25.0.4_7-jre AS jvm
COPY <<'OPTIONS' /meridian/jvm.options
# Half of the container's memory for objects; the rest is for classes, code, threads and buffers.
-XX:MaxRAMPercentage=45
# The least memory beside the heap, and no collector threads; the heaps are small.
-XX:+UseSerialGC
# Open streams are old; a third for young objects leaves them too little.
-XX:NewRatio=3
-XX:ReservedCodeCacheSize=64m
# A process that has no memory left ends, and is started again.
-XX:+ExitOnOutOfMemoryError
-Xlog:aot*=off
-Xlog:cds*=off
OPTIONS

# Declares topics and share groups at a broker, as the local stack does; its command: the file, and the broker's host:port.
FROM jvm AS kafka-topics
WORKDIR /meridian/kafka-topics
COPY --from=build /src/local/target/lib/kafka-clients-*.jar /src/local/target/lib/*slf4j-*.jar \
    /src/local/target/lib/lz4-java-*.jar /src/local/target/lib/snappy-java-*.jar /src/local/target/lib/zstd-jni-*.jar \
    /src/local/target/local-1.0.0.jar ./
USER 10001:10001
ENTRYPOINT ["java", "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", "/meridian/kafka-topics/*", \
    "dev.meridian.local.kafka.KafkaTopics"]

# The ahead-of-time caches (JEP 483, 514): every service goes through its start, against the real backing services.
FROM jvm AS trained
COPY --from=build /src/edge /training/edge
COPY --from=build /src/local/kafka-broker/target/lib /training/local/kafka-broker/target/lib
COPY --from=build /src/local/target/lib /training/local/target/lib
COPY --from=build /src/local/target/local-1.0.0.jar /training/local/target/lib/
COPY --from=build /meridian /meridian
RUN <<'TRAIN'
#!/bin/bash
set -eu
# Says where the services are, and ends when its standard input is closed.
coproc BACKING { exec java -Dmeridian.root=/training -cp '/training/local/target/lib/*' \
    dev.meridian.local.BackingServices /tmp/backing-services; }
read -r backing <&"${BACKING[0]}"
export $backing SPRING_PROFILES_ACTIVE=dev SERVER_PORT=0 MANAGEMENT_SERVER_PORT=0 EUREKA_CLIENT_REGISTERWITHEUREKA=false
for jar in /meridian/*/app.jar; do
    cd "${jar%/*}"
    java @/meridian/jvm.options -XX:AOTCacheOutput=app.aot -Dspring.context.exit=onRefresh -jar app.jar
    test -s app.aot
done
TRAIN

FROM jvm
COPY --chmod=755 <<'HEALTH' /meridian/health
#!/bin/bash
# Whether the service is ready; the image has no other client of HTTP.
exec 3<>"/dev/tcp/127.0.0.1/$MANAGEMENT_SERVER_PORT" || exit 1
printf 'GET /actuator/health/readiness HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
IFS= read -r -t 2 status <&3
[[ $status == *" 200"* ]]
HEALTH
ARG MODULE
WORKDIR /meridian/$MODULE
COPY --from=build /layers/$MODULE/dependencies/ ./
COPY --from=build /layers/$MODULE/application/ ./
COPY --from=trained /meridian/$MODULE/app.aot ./
# A container has an address of its own, so every service takes the same two ports.
ENV SERVER_ADDRESS=0.0.0.0 SERVER_PORT=8080 MANAGEMENT_SERVER_ADDRESS=0.0.0.0 MANAGEMENT_SERVER_PORT=8081
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --retries=3 --start-period=120s --start-interval=1s CMD ["/meridian/health"]
ENTRYPOINT ["java", "@/meridian/jvm.options", "-XX:AOTCache=app.aot", "-jar", "app.jar"]
