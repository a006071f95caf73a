-- The sources of a workflow, with how many tables and columns each has.
SELECT
    s.workflow_id, s.source_id, s.source_path, s.source_type, s.extraction_timestamp, s.files_found,
    COUNT(DISTINCT t.table_name) AS table_count,
    COUNT(c.column_name) AS total_columns
FROM hive_metastore._executor_metadata.sources s
LEFT JOIN hive_metastore._executor_metadata.tables t
    ON s.workflow_id = t.workflow_id AND s.source_id = t.source_id
LEFT JOIN hive_metastore._executor_metadata.columns c
    ON t.workflow_id = c.workflow_id AND t.source_id = c.source_id AND t.table_name = c.table_name
WHERE s.workflow_id = '${workflow_id}'
GROUP BY s.workflow_id, s.source_id, s.source_path, s.source_type, s.extraction_timestamp, s.files_found
ORDER BY s.source_id;
