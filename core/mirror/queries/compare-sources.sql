-- Tables, columns and nullable columns of each source of a workflow, side by side.
SELECT
    source_id,
    COUNT(DISTINCT table_name) AS table_count,
    COUNT(column_name) AS column_count,
    SUM(CASE WHEN is_nullable THEN 1 ELSE 0 END) AS nullable_columns
FROM hive_metastore._executor_metadata.columns
WHERE workflow_id = '${workflow_id}'
GROUP BY source_id
ORDER BY source_id;
