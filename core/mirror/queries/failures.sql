-- The files that could not be read, and why.
SELECT source_id, file_path, size_bytes, error
FROM hive_metastore._executor_metadata.files
WHERE workflow_id = '${workflow_id}' AND status = 'failed'
ORDER BY source_id, file_path;
