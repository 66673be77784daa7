package dev.meridian.manifests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each rule finds a mistake that was made on purpose: an object, a field of it, its value, and what the report says. */
class SeededMistakesTest {

    @ParameterizedTest(name = "{0} {1} = {2}")
    @CsvSource(delimiter = ';', quoteCharacter = '`', nullValues = "(removed)", textBlock = """
            # fields and their types
            Deployment/gateway; /spec/template/spec/terminationGracePeriod; 45; terminationGracePeriod
            Deployment/gateway; /spec/selector; (removed); selector
            Deployment/gateway; /spec/template/spec/containers/gateway/readinessProbe/httpGett; {}; httpGett
            Deployment/gateway; /kind; "Deploymnet"; no schema knows
            HorizontalPodAutoscaler/gateway; /spec/maxReplicas; (removed); maxReplicas
            # what is named exists
            Deployment/gateway; /spec/template/spec/volumes/secrets/secret/secretName; "gatway"; there is no Secret gatway
            ExternalSecret/gateway; /metadata/name; "gateways"; there is no Secret gateway
            ExternalSecret/worker; /spec/secretStoreRef/name; "vault"; there is no ClusterSecretStore vault
            ExternalSecret/redis; /spec/target; {"name": "cache"}; nothing uses it
            KafkaUser/worker; /spec/authentication/password/valueFrom/secretKeyRef/key; "workers"; has no workers
            Cluster/postgres; /spec/managed/roles/orders/passwordSecret/name; "orders"; there is no Secret orders
            Certificate/edge; /spec/secretName; "edge-cert"; there is no Secret edge-tls
            Certificate/edge; /spec/issuerRef/name; "acme"; there is no ClusterIssuer acme
            Deployment/gateway; /spec/template/spec/containers/gateway/envFrom/0/configMapRef/name; "settings"; there is no ConfigMap settings
            Deployment/cdn; /spec/template/spec/serviceAccountName; "varnish"; there is no ServiceAccount varnish
            Deployment/gateway; /spec/template/spec/containers/gateway/env/SPRING_DATA_REDIS_HOST/value; "cache"; there is no Service cache
            Deployment/gateway; /spec/template/spec/containers/gateway/env/SPRING_DATA_REDIS_PORT/value; "6380"; Service redis has no 6380
            ConfigMap/environment; /data/EUREKA_CLIENT_SERVICEURL_DEFAULTZONE; "http://discovery-2.discovery:8080/eureka/"; there is no Pod discovery-2
            ConfigMap/environment; /data/MERIDIAN_JWKSETURI; "http://issuer:8080/jwks"; there is no Service issuer
            StatefulSet/discovery; /spec/serviceName; "registry"; there is no Service registry
            Service/gateway; /spec/ports/http/targetPort; "web"; no pod has a port web
            Service/redis; /spec/selector; {"app.kubernetes.io/name": "rediss"}; matches no pod
            Deployment/gateway; /spec/template/spec/containers/gateway/livenessProbe/httpGet/port; "manage"; no pod has a port manage
            HorizontalPodAutoscaler/gateway; /spec/scaleTargetRef/name; "proxy"; there is no Deployment proxy
            HorizontalPodAutoscaler/gateway; /spec/minReplicas; 7; the fewest replicas are more than the most
            Deployment/gateway; /spec/replicas; 3; is what HorizontalPodAutoscaler/gateway decides
            ScaledObject/worker; /spec/scaleTargetRef/name; "workers"; there is no Deployment workers
            ScaledObject/worker; /spec/triggers/0/metadata/query; "max(meridian_queue_length)"; meridian.queue.length
            HTTPRoute/edge; /spec/rules/0/backendRefs/cdn/name; "varnish"; there is no Service varnish
            HTTPRoute/edge; /spec/rules/0/backendRefs/cdn/port; 80; Service cdn has no 80
            HTTPRoute/edge; /spec/parentRefs/edge/name; "front"; there is no Gateway front
            HTTPRoute/edge; /spec/parentRefs/edge/sectionName; "tls"; Gateway edge has no tls
            Gateway/edge; /spec/gatewayClassName; "nginx"; there is no GatewayClass nginx
            PodDisruptionBudget/gateway; /spec/selector/matchLabels; {"app": "gateway"}; matches no pod
            PodMonitor/services; /spec/podMetricsEndpoints/0/port; "metrics"; no pod has a port metrics
            NetworkPolicy/redis; /spec/podSelector/matchLabels; {"app": "redis"}; matches no pod
            NetworkPolicy/gateway; /spec/egress/0/to/0/podSelector/matchLabels; {"app": "orders"}; matches no pod
            NetworkPolicy/redis; /spec/ingress/0/ports/0/port; 6380; no pod has a port 6380
            Database/orders; /spec/owner; "order_migrator"; there is no role order_migrator
            ScheduledBackup/postgres; /spec/cluster/name; "postgresql"; there is no Cluster postgresql
            Cluster/postgres; /spec/plugins/0/parameters/barmanObjectName; "backup"; there is no ObjectStore backup
            KafkaTopic/orders.placed; /metadata/labels/strimzi.io~1cluster; "events"; there is no Kafka events
            Deployment/worker; /spec/template/spec/containers/worker/envFrom/1; (removed); nobody sets meridian.postgres
            Deployment/cdn; /spec/template/spec/volumes/edge; (removed); nothing uses it
            Deployment/gateway; /spec/template/spec/volumes/tmp; (removed); the volume does not exist
            Deployment/gateway; /spec/template/spec/volumes/-; {"name": "cache", "emptyDir": {}}; no container mounts it
            Deployment/gateway; /spec/template/spec/containers/gateway/volumeMounts/tmp/mountPath; "/run/secrets"; another is mounted there
            Deployment/worker; /spec/template/spec/volumes/kafka-ca/secret/items/0/key; "ca.pem"; has no ca.pem
            Deployment/gateway; /spec/template/metadata/labels/app.kubernetes.io~1name; "proxy"; does not match the labels of the template
            Deployment/gateway; /spec/template/spec/topologySpreadConstraints/0/labelSelector; {"matchLabels": {"app": "x"}}; does not match the pods themselves
            # what is well formed
            Deployment/gateway; /metadata/name; "Gateway"; is not well formed
            Deployment/gateway; /metadata/namespace; "default"; is not meridian
            Deployment/gateway; /metadata/labels/team; "orders and stock"; the value orders and stock is not well formed
            Deployment/gateway; /metadata/labels/-team; "orders"; the key -team is not well formed
            Service/gateway; /metadata/labels/team; "a123456789b123456789c123456789d123456789e123456789f123456789g123"; is not well formed
            Service/gateway; /spec/ports/http/port; 80800; 80800 is no port
            Deployment/gateway; /spec/template/spec/containers/gateway/ports/management/name; "management-of-gateway"; is not well formed
            Deployment/gateway; /spec/template/spec/containers/gateway/resources/requests/cpu; "500 m"; is no quantity
            Deployment/gateway; /spec/template/spec/containers/gateway/resources/limits/memory; "35Mi"; the limit of memory is below what is requested
            Deployment/gateway; /spec/template/spec/volumes/tmp/emptyDir/sizeLimit; "64MB"; is no quantity
            Service/gateway; /spec/type; "Loadbalancer"; cannot be Loadbalancer
            Service/gateway; /spec/ports/http/protocol; "HTTP"; cannot be HTTP
            Deployment/gateway; /spec/template/spec/containers/gateway/imagePullPolicy; "Sometimes"; cannot be Sometimes
            Job/worker-migration; /spec/template/spec/restartPolicy; "Always"; cannot be Always
            PodDisruptionBudget/gateway; /spec/minAvailable; 1; needs one of minAvailable and maxUnavailable
            # how pods run
            Namespace/meridian; /metadata/labels/pod-security.kubernetes.io~1enforce; "baseline"; does not enforce Pod Security restricted
            Deployment/gateway; /spec/template/spec/containers/gateway/image; "registry.invalid/meridian/gateway:1.0.0"; has no digest
            ImageCatalog/postgres; /spec/images/0/image; "postgresql:18"; has no digest
            Deployment/gateway; /spec/template/spec/securityContext/runAsNonRoot; false; runAsNonRoot is not set
            Deployment/gateway; /spec/template/spec/securityContext/seccompProfile/type; "Unconfined"; seccompProfile is not RuntimeDefault
            Deployment/redis; /spec/template/spec/containers/redis/securityContext/allowPrivilegeEscalation; (removed); allowPrivilegeEscalation is not false
            Deployment/redis; /spec/template/spec/containers/redis/securityContext/capabilities; {"drop": ["NET_RAW"]}; capabilities are not dropped
            Deployment/redis; /spec/template/spec/containers/redis/securityContext/readOnlyRootFilesystem; false; readOnlyRootFilesystem is not set
            Deployment/redis; /spec/template/spec/hostNetwork; true; hostNetwork: true is not restricted
            Deployment/redis; /spec/template/spec/volumes/tmp; {"name": "tmp", "hostPath": {"path": "/tmp"}}; is of a type that is not restricted
            Deployment/redis; /spec/template/spec/automountServiceAccountToken; (removed); gives pods a token
            ServiceAccount/redis; /automountServiceAccountToken; true; gives pods a token
            Deployment/gateway; /spec/template/spec/containers/gateway/startupProbe; (removed); does not ask for readiness
            Deployment/gateway; /spec/template/spec/containers/gateway/readinessProbe/httpGet/port; "http"; does not ask the management port
            Deployment/gateway; /spec/template/spec/containers/gateway/livenessProbe/httpGet/path; "/actuator/health/readiness"; does not ask for liveness
            Deployment/gateway; /spec/template/spec/containers/gateway/lifecycle; (removed); does not wait before it stops
            Deployment/worker; /spec/template/spec/terminationGracePeriodSeconds; 20; has less time to stop
            Deployment/gateway; /spec/template/spec/containers/gateway/resources/limits/cpu; "1"; costs latency
            Deployment/gateway; /spec/template/spec/containers/gateway/resources/requests/memory; (removed); memory is not requested
            # what the programs read
            Deployment/gateway; /spec/template/spec/containers/gateway/env/SPRING_DATA_REDIS_HOST/name; "SPRING_REDIS_HOST"; no property of gateway is SPRING_REDIS_HOST
            Deployment/gateway; /spec/template/spec/containers/gateway/env/SPRING_DATA_REDIS_HOST; (removed); nobody sets spring.data.redis.host
            ConfigMap/environment; /data/MERIDIAN_JWKSURI; "http://identity:8080/jwks"; no service reads MERIDIAN_JWKSURI
            ConfigMap/environment; /data/MERIDIAN_DATACENTER; (removed); nobody sets meridian.datacenter
            ConfigMap/data; /data/MERIDIAN_POSTGRES; (removed); nobody sets meridian.postgres
            ExternalSecret/gateway; /spec/data/0/secretKey; "meridian.registry-password"; nobody sets meridian.registry.password
            ExternalSecret/gateway; /spec/data/1/secretKey; "spring.redis.password"; no property of gateway is spring.redis.password
            ExternalSecret/identity; /spec/data/1/secretKey; "spring.security.oauth2.authorizationserver.client.demo.registration.secret"; no property of identity is spring.security
            Deployment/identity; /spec/template/spec/containers/identity/env/MERIDIAN_IDENTITY_SIGNINGKEY/value; "file:/run/identity/key.pem"; nothing mounts /run/identity/key.pem
            Job/worker-migration; /spec/template/spec/containers/migration/env/MERIDIAN_MIGRATE/name; "MERIDIAN_MIGRATES"; no property of worker is MERIDIAN_MIGRATES
            Deployment/worker; /spec/template/spec/containers/worker/volumeMounts/kafka-ca; (removed); nothing mounts /run/ca/kafka/ca.crt
            ExternalSecret/worker-migration; /spec/data/3/secretKey; "meridian.kafka.password"; nobody sets spring.flyway.password
            # what other files say too
            KafkaTopic/orders.placed; /spec/partitions; 3; topics.conf: not in the manifests: topic orders.placed 2
            ConfigMap/kafka-topics; /data/topics.conf; "group fulfilment"; no job sets share.auto.offset.reset=earliest
            KafkaTopic/orders.changed; /spec/config; (removed); only in the manifests: topic orders.changed 8
            KafkaTopic/orders.placed; /metadata/name; "orders.place"; only in the manifests: topic orders.place
            KafkaUser/worker; /spec/authorization/acls/0/operations/-; "Alter"; only in the manifests: grant worker alter topic orders
            Deployment/worker; /spec/template/metadata/labels/app.kubernetes.io~1part-of; (removed); part-of is not meridian
            Deployment/redis; /metadata/name; "redis-cache"; app.kubernetes.io/name is not its name
            Deployment/gateway; /spec/template/spec/containers/gateway/ports/http/containerPort; 8090; the image's ports are
            Service/redis; /spec/ports/redis/port; 6380; docker-compose.yml has 6379
            Deployment/redis; /spec/template/spec/containers/redis/resources; {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}}; docker-compose.yml has 96Mi
            """)
    void aMistakeIsFound(String object, String field, @Nullable String value, String report) {
        assertThat(findings(object, field, value))
                .anySatisfy(line -> assertThat(line).contains(report));
    }

    @ParameterizedTest(name = "{0} {1} = {2}")
    @CsvSource(delimiter = ';', quoteCharacter = '`', nullValues = "(removed)", textBlock = """
            Deployment/gateway; /spec/template/spec/containers/gateway/env/-; {"name": "SPRING_DATA_REDIS_HOST", "value": "redis"}; is there twice
            Cluster/postgres; /spec/postgresql/synchronous/method; "some"; spec.postgresql.synchronous.method
            Cluster/postgres; /spec/instance; 3; instance
            Cluster/postgres; /spec/instances; "3"; spec.instances
            Kafka/kafka; /spec/kafka/listeners/internal/tsl; true; tsl
            Kafka/kafka; /apiVersion; "kafka.strimzi.io/v1beta2"; no schema knows
            KafkaTopic/orders.placed; /kind; "Topic"; no schema knows
            KafkaUser/worker; /spec/authorization/acls/0/operations/0; "Reed"; spec.authorization.acls
            ScaledObject/worker; /spec/triggers; (removed); triggers
            Certificate/edge; /spec/issuerRef; (removed); issuerRef
            Certificate/edge; /metadata/lables; {}; lables
            Gateway/edge; /spec/listeners/https/protocol; "HTTP"; tls must not be specified
            Gateway/edge; /spec/listeners/-; {"name": "https", "port": 8443, "protocol": "HTTP"}; is there twice
            Gateway/edge; /spec/listeners/https/hostname; "meridian_example"; spec.listeners
            HTTPRoute/http-redirect; /spec/rules/0/backendRefs; [{"name": "cdn", "port": 8080}]; RequestRedirect filter must not be used together with backendRefs
            HTTPRoute/edge; /spec/rules/0/timeouts; {"request": "1s", "backendRequest": "2s"}; backendRequest timeout cannot be longer than request timeout
            """)
    void aMistakeInACustomResourceIsFound(String object, String field, @Nullable String value, String report) {
        assumeTrue(Schemas.INSTANCE.complete(), "there are no schemas of custom resources");
        assertThat(findings(object, field, value))
                .anySatisfy(line -> assertThat(line).contains(report));
    }

    private static Set<String> findings(String object, String field, @Nullable String value) {
        Manifests staging = Manifests.of("overlays/staging");
        Set<String> findings = ManifestsTest.findings(staging.with(object, field, value));
        findings.removeAll(ManifestsTest.findings(staging));
        return findings;
    }
}
