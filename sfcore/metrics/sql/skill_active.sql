-- skill_active: skill over the median baseline, over the shapes that are truly there (above 0.1); 1 is perfect, 0 is no better
-- than the median of the training labels. A missing answer errs by the distance to the far end of the channel's range.
WITH by_cluster AS (
    SELECT model_id, slice, cluster, sum(active_median_error - active_compared_error) AS numerator, sum(active_median_error) AS denominator, max(pictures_active_compared) AS n
    FROM sums
    GROUP BY model_id, slice, cluster
)
-- value
SELECT model_id, slice, sum(numerator) / sum(denominator) AS value, max(n)::BIGINT AS n
FROM by_cluster
GROUP BY model_id, slice
HAVING sum(denominator) > 0
ORDER BY model_id, slice
