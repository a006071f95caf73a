-- What changed in the schemas of a workflow, newest first.
SELECT detected_at, source_id, table_name, column_name, change, old_value, new_value
FROM hive_metastore._executor_metadata.schema_changes
WHERE workflow_id = '${workflow_id}'
ORDER BY detected_at DESC, source_id, table_name, column_name;
