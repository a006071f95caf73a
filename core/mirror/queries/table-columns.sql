-- Table, column, type and position for one source.
SELECT table_name, column_name, data_type, position
FROM hive_metastore._executor_metadata.columns
WHERE workflow_id = '${workflow_id}' AND source_id = '${source_id}'
ORDER BY table_name, position;
