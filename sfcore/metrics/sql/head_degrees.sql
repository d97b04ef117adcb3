-- head_degrees: mean angle between the true and the answered head pose; 0 is perfect. No answer counts as 180 degrees.
WITH by_cluster AS (
    SELECT model_id, slice, cluster, sum(head_degrees)::DOUBLE AS numerator, count(head_degrees)::DOUBLE AS denominator, count(head_degrees) AS n
    FROM pictures
    GROUP BY model_id, slice, cluster
)
-- value
SELECT model_id, slice, sum(numerator) / sum(denominator) AS value, sum(n)::BIGINT AS n
FROM by_cluster
GROUP BY model_id, slice
HAVING sum(denominator) > 0
ORDER BY model_id, slice
