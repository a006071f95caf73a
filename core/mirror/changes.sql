-- What a source's new rows change about its old ones. `old_*` and `new_*` are its tables and columns
-- before and after; an added or removed table stands for its columns.
INSERT INTO $PUBLIC.schema_changes BY NAME
WITH changes AS (
    SELECT table_name, NULL AS column_name, 'table_added' AS change, NULL AS old_value, file_type AS new_value
    FROM new_tables ANTI JOIN old_tables USING (table_name)
    UNION ALL
    SELECT table_name, NULL, 'table_removed', file_type, NULL
    FROM old_tables ANTI JOIN new_tables USING (table_name)
    UNION ALL
    SELECT table_name, column_name, 'column_added', NULL, data_type
    FROM new_columns SEMI JOIN old_tables USING (table_name) ANTI JOIN old_columns USING (table_name, column_name)
    UNION ALL
    SELECT table_name, column_name, 'column_removed', data_type, NULL
    FROM old_columns SEMI JOIN new_tables USING (table_name) ANTI JOIN new_columns USING (table_name, column_name)
    UNION ALL
    SELECT table_name, column_name, 'type_changed', o.data_type, n.data_type
    FROM old_columns o JOIN new_columns n USING (table_name, column_name)
    WHERE o.data_type IS DISTINCT FROM n.data_type
    UNION ALL
    SELECT table_name, column_name, 'nullability_changed',
           if(o.is_nullable, 'nullable', 'not null'), if(n.is_nullable, 'nullable', 'not null')
    FROM old_columns o JOIN new_columns n USING (table_name, column_name)
    WHERE o.is_nullable IS DISTINCT FROM n.is_nullable
)
SELECT $workflow AS workflow_id, $source AS source_id, $job AS job_id, $moment::TIMESTAMP AS detected_at,
       table_name, column_name, change, old_value, new_value
FROM changes
ORDER BY table_name, column_name, change;
