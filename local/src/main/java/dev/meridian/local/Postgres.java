package dev.meridian.local;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** One of the two PostgreSQL servers, in whatever role it has when it starts. */
record Postgres(Datacenter datacenter, PostgresServer server, PostgresPair pair, EmptyCluster beginning)
        implements Program {

    /** The names that they had before any promotion. */
    static final String PRIMARY = "postgres-primary";

    static final String REPLICA = "postgres-replica";

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
        return switch (pair.role(server)) {
            case PRIMARY -> List.of();
            case REPLICA -> List.of(pair.primary().name());
        };
    }

    @Override
    public void prepare() throws IOException {
        PostgresRoles roles = pair.roles();
        switch (pair.role(server)) {
            case PRIMARY -> {
                if (!server.isComplete()) {
                    if (roles.term() > 0) {
                        throw new StackException(name() + " is the primary since a promotion, and its data in "
                                + server.cluster() + " are gone (--fresh begins anew).");
                    }
                    beginning.make();
                }
                server.forgetDeadServer();
                server.configure(pair.primarySettings());
            }
            case REPLICA -> {
                BaseCopy copy = new BaseCopy(pair.primary(), server);
                // A primary of a former term is not a copy of this one, however it looks: it may have gone its own way.
                if (!server.isCompleteIn(roles.term()) || copy.hasLostItsPlace()) {
                    copy.take(roles.term());
                }
                server.fence();
                server.forgetDeadServer();
                server.configure(pair.replicaSettings());
            }
        }
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
    public boolean canBeIntroduced() {
        return ready() || server.isFenced() && server.answersAs(PostgresRole.REPLICA);
    }

    @Override
    public void introduce() throws IOException {
        switch (pair.role(server)) {
            case PRIMARY -> {
                if (server.isComplete()) {
                    server.promote();
                } else {
                    beginning.introduce();
                }
            }
            case REPLICA -> {}
        }
    }

    /** Ends sessions at once, lets the replica have all that was written, and leaves a clean cluster ("fast shutdown"). */
    @Override
    public Signal farewell() {
        return Signal.INT;
    }
}
