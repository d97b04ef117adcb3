-- tokens: length of the model's answer to a picture; 0 for baselines, which answer in numbers.
WITH by_cluster AS (
    SELECT model_id, slice, cluster, sum(tokens)::DOUBLE AS numerator, count(tokens)::DOUBLE AS denominator, count(tokens) AS n
    FROM pictures
    GROUP BY model_id, slice, cluster
)
-- value
SELECT model_id, slice, sum(numerator) / sum(denominator) AS value, sum(n)::BIGINT AS n
FROM by_cluster
GROUP BY model_id, slice
HAVING sum(denominator) > 0
ORDER BY model_id, slice
