-- mae_active: mean absolute error over the shapes that are truly there (above 0.1), where an answer of all zeros cannot hide.
-- A missing answer errs by the distance to the far end of the channel's range.
WITH by_cluster AS (
    SELECT model_id, slice, cluster, sum(active_error) AS numerator, sum(active) AS denominator, max(pictures_active) AS n
    FROM sums
    GROUP BY model_id, slice, cluster
)
-- value
SELECT model_id, slice, sum(numerator) / sum(denominator) AS value, max(n)::BIGINT AS n
FROM by_cluster
GROUP BY model_id, slice
HAVING sum(denominator) > 0
ORDER BY model_id, slice
