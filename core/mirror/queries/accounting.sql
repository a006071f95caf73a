-- How many objects of each source were read, unchanged, ignored, unknown or failed.
SELECT source_id, status, COUNT(*) AS files, SUM(size_bytes) AS bytes
FROM hive_metastore._executor_metadata.files
WHERE workflow_id = '${workflow_id}'
GROUP BY source_id, status
ORDER BY source_id, status;
