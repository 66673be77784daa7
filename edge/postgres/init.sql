-- Run once, by the superuser, on an empty cluster; passwords are set apart from this file, per environment.
-- Each service has a database of its own, owned by its migrator; what its runtime role may do there is
-- granted by its first migration.

CREATE ROLE replicator LOGIN REPLICATION;

CREATE ROLE orders_migrator LOGIN;
CREATE ROLE orders LOGIN;
CREATE DATABASE orders OWNER orders_migrator;
REVOKE ALL ON DATABASE orders FROM PUBLIC;
GRANT CONNECT ON DATABASE orders TO orders;
GRANT pg_read_all_stats TO orders; -- to show operators how far the replica is

CREATE ROLE fulfilment_migrator LOGIN;
CREATE ROLE fulfilment LOGIN;
CREATE DATABASE fulfilment OWNER fulfilment_migrator;
REVOKE ALL ON DATABASE fulfilment FROM PUBLIC;
GRANT CONNECT ON DATABASE fulfilment TO fulfilment;
