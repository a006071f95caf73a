-- Every column of one source, in order.
SELECT
    c.workflow_id, c.source_id, c.table_name, c.column_name, c.data_type, c.position, c.is_nullable
FROM hive_metastore._executor_metadata.columns c
WHERE c.workflow_id = '${workflow_id}' AND c.source_id = '${source_id}'
ORDER BY c.table_name, c.position;
