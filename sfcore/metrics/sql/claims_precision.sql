-- claims_precision: of the claims that the model's words make about a face, the share that is true of the face; 1 is perfect. An
-- answer without a claim, or that could not be read, counts as one false claim.
WITH by_cluster AS (
    SELECT model_id, slice, cluster, sum(claims_true)::DOUBLE AS numerator, sum(greatest(claims, 1))::DOUBLE AS denominator, count(*) AS n
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
