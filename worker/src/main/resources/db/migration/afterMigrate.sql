-- Where a job migrates, the worker looks whether that was done.
GRANT SELECT ON flyway_schema_history TO fulfilment;
