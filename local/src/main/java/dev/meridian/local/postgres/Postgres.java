package dev.meridian.local.postgres;

import dev.meridian.local.ComponentType;
import dev.meridian.local.PostgresRole;
import dev.meridian.local.StackException;
import dev.meridian.local.process.Launch;
import dev.meridian.local.process.Program;
import dev.meridian.local.process.Signal;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** One of the two PostgreSQL servers, in the role that it has when it starts. */
record Postgres(PostgresServer server, PostgresPair pair, EmptyCluster emptyCluster) implements Program {

    @Override
    public String name() {
        return server.name();
    }

    @Override
    public ComponentType type() {
        return ComponentType.DATABASE;
    }

    @Override
    public Optional<PostgresRole> role() {
        return Optional.of(pair.role(server));
    }

    @Override
    public String address() {
        return server.address().toString();
    }

    @Override
    public List<String> after() {
        return isPrimary() ? List.of() : List.of(pair.primary().name());
    }

    private boolean isPrimary() {
        return pair.role(server) == PostgresRole.PRIMARY;
    }

    @Override
    public void prepare() throws IOException {
        if (isPrimary()) {
            preparePrimary();
        } else {
            prepareReplica();
        }
    }

    private void preparePrimary() throws IOException {
        if (!server.isComplete()) {
            if (pair.roles().term() > 0) {
                throw new StackException(name() + " is the primary since a promotion, and its data in "
                        + server.cluster() + " are gone (--fresh begins anew).");
            }
            emptyCluster.make();
        }
        server.forgetDeadServer();
        server.configure(pair.primarySettings());
    }

    private void prepareReplica() throws IOException {
        int term = pair.roles().term();
        BaseCopy copy = new BaseCopy(pair.primary(), server);
        // A primary of a former term is not a copy of this one, however it looks: it may have gone its own way.
        if (!server.isCompleteIn(term) || copy.hasLostItsPlace()) {
            copy.take(term);
        }
        server.fence();
        server.forgetDeadServer();
        server.configure(pair.replicaSettings());
    }

    @Override
    public Launch launch() {
        return server.launch();
    }

    @Override
    public boolean ready() {
        return server.answersAs(pair.role(server));
    }

    /** A primary whose promotion was broken off starts as the replica that it still is on disk. */
    @Override
    public boolean started() {
        return ready() || server.isFenced() && server.answersAs(PostgresRole.REPLICA);
    }

    @Override
    public void afterStart() throws IOException {
        if (!isPrimary()) {
            return;
        }
        if (server.isComplete()) {
            server.promote();
        } else {
            emptyCluster.fill();
        }
    }

    /** Ends sessions at once, lets the replica have all that was written, and leaves a clean cluster ("fast shutdown"). */
    @Override
    public Signal stopSignal() {
        return Signal.INT;
    }
}
