-- skill: the share of the median baseline's absolute error that the model takes away; 1 is perfect, 0 is no better than the
-- median of the training labels, below 0 is worse. Cells where the baseline knows no median count nowhere; a missing answer of the
-- model errs by the distance to the far end of the channel's range.
WITH by_cluster AS (
    SELECT model_id, slice, cluster, sum(median_error - compared_error) AS numerator, sum(median_error) AS denominator, max(pictures_compared) AS n
    FROM sums
    GROUP BY model_id, slice, cluster
)
-- value
SELECT model_id, slice, sum(numerator) / sum(denominator) AS value, max(n)::BIGINT AS n
FROM by_cluster
GROUP BY model_id, slice
HAVING sum(denominator) > 0
ORDER BY model_id, slice
