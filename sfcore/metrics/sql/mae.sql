-- mae: mean absolute error over all known cells, 0 is perfect (shapes in 0..1, rotations in radians).
-- A missing answer errs by the distance to the far end of the channel's range.
WITH by_cluster AS (
    SELECT model_id, slice, cluster, sum(absolute_error) AS numerator, sum(cells) AS denominator, max(pictures) AS n
    FROM sums
    GROUP BY model_id, slice, cluster
)
-- value
SELECT model_id, slice, sum(numerator) / sum(denominator) AS value, max(n)::BIGINT AS n
FROM by_cluster
GROUP BY model_id, slice
HAVING sum(denominator) > 0
ORDER BY model_id, slice
