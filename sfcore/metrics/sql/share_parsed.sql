-- share_parsed: share of the pictures under evaluation to which the model gave an answer that could be read; 1 is perfect.
WITH by_cluster AS (
    SELECT model_id, slice, cluster, count(*) FILTER (parsed)::DOUBLE AS numerator, count(*)::DOUBLE AS denominator, count(*) AS n
    FROM pictures
    GROUP BY model_id, slice, cluster
)
-- value
SELECT model_id, slice, sum(numerator) / sum(denominator) AS value, sum(n)::BIGINT AS n
FROM by_cluster
GROUP BY model_id, slice
HAVING sum(denominator) > 0
ORDER BY model_id, slice
