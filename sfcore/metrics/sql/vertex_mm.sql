-- vertex_mm: how far the skin of a face of ordinary size lies from where it should, in millimetres: the rig's neutral head posed by
-- the true and by the answered shapes, root mean square over the vertices that shapes move, mean over pictures; 0 is perfect.
-- Region slices look at the vertices which that region's shapes move most. No answer: every shape at the far end of its range.
WITH measured AS (
    SELECT model_id, slice, cluster, vertex_mm AS millimetres FROM judged WHERE vertex_mm IS NOT NULL
    UNION ALL
    SELECT model_id, 'region:' || region, cluster, millimetres
    FROM (
        UNPIVOT (
            SELECT
                model_id, cluster, vertex_mm_brows AS brows, vertex_mm_eyes AS eyes, vertex_mm_nose AS nose,
                vertex_mm_cheeks AS cheeks, vertex_mm_jaw AS jaw, vertex_mm_mouth AS mouth, vertex_mm_tongue AS tongue
            FROM judged
            WHERE slice = 'all'
        ) ON brows, eyes, nose, cheeks, jaw, mouth, tongue INTO NAME region VALUE millimetres
    )
),
by_cluster AS (
    SELECT model_id, slice, cluster, sum(millimetres) AS numerator, count(*)::DOUBLE AS denominator, count(*) AS n
    FROM measured
    GROUP BY model_id, slice, cluster
)
-- value
SELECT model_id, slice, sum(numerator) / sum(denominator) AS value, sum(n)::BIGINT AS n
FROM by_cluster
GROUP BY model_id, slice
HAVING sum(denominator) > 0
ORDER BY model_id, slice
