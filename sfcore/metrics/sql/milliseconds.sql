-- milliseconds: time the model took for a picture, of those it was asked; it depends on the machine and on what else ran there.
WITH by_cluster AS (
    SELECT model_id, slice, cluster, sum(milliseconds)::DOUBLE AS numerator, count(milliseconds)::DOUBLE AS denominator, count(milliseconds) AS n
    FROM pictures
    GROUP BY model_id, slice, cluster
)
-- value
SELECT model_id, slice, sum(numerator) / sum(denominator) AS value, sum(n)::BIGINT AS n
FROM by_cluster
GROUP BY model_id, slice
HAVING sum(denominator) > 0
ORDER BY model_id, slice
