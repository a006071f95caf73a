-- When each source of a workflow was last stored.
SELECT workflow_id, source_id, source_path, extraction_timestamp
FROM hive_metastore._executor_metadata.sources
WHERE workflow_id = '${workflow_id}'
ORDER BY source_id;
