-- What is remembered of a stretch of the files that are listed now, each with its place in the listing.
-- A file is the same when its size is, and its ETag, or where the store has none its time.
SELECT
    l.at,
    f.size_bytes = l.size AND CASE
        WHEN l.etag IS NULL AND f.etag IS NULL THEN coalesce(f.last_modified = l.modified, false)
        ELSE l.etag IS NOT DISTINCT FROM f.etag
    END AS same,
    r.part,
    r.row_count,
    r.row_count_source,
    r.schema_key,
    r.warnings,
    r.properties,
    f.file_type,
    f.error
FROM listed AS l
JOIN $PUBLIC.files AS f ON f.file_path = l.key
JOIN $INTERNAL.readings AS r ON r.file_path = f.file_path
WHERE f.workflow_id = $w AND f.source_id = $s AND f.file_path BETWEEN $first AND $last
  AND r.workflow_id = $w AND r.source_id = $s AND r.file_path BETWEEN $first AND $last
ORDER BY l.at, r.part
