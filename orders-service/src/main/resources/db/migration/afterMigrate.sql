-- Where a job migrates, the service looks whether that was done.
GRANT SELECT ON flyway_schema_history TO orders;
