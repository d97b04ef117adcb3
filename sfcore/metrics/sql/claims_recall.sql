-- claims_recall: of the strong actions that a face truly shows, the share that the model's words tell; 1 is perfect. An answer
-- that could not be read tells nothing.
WITH by_cluster AS (
    SELECT model_id, slice, cluster, sum(signs_told)::DOUBLE AS numerator, sum(signs)::DOUBLE AS denominator, count(*) FILTER (signs > 0) AS n
    FROM judged
    WHERE claims IS NOT NULL
    GROUP BY model_id, slice, cluster
)
-- value
SELECT model_id, slice, sum(numerator) / sum(denominator) AS value, sum(n)::BIGINT AS n
FROM by_cluster
GROUP BY model_id, slice
HAVING sum(denominator) > 0
ORDER BY model_id, slice
