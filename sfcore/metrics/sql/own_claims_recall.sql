-- own_claims_recall: of the strong actions in the model's own numbers, the share that its words tell; 1 is perfect. An answer that
-- could not be read counts as one action untold.
WITH by_cluster AS (
    SELECT model_id, slice, cluster, sum(own_signs_told)::DOUBLE AS numerator, sum(own_signs)::DOUBLE AS denominator, count(*) FILTER (own_signs > 0) AS n
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
