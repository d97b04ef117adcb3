-- batch_agreement: share of the pictures asked again alone whose answer is the same as in a batch of many, no shape further off than
-- 0.001 (answers are written with three decimals); 1 is perfect.
WITH by_cluster AS (
    SELECT
        model_id, slice, cluster, count(*) FILTER (coalesce(list_max(differences), 0) <= 0.001)::DOUBLE AS numerator,
        count(*)::DOUBLE AS denominator, count(*) AS n
    FROM probed
    WHERE probe = 'alone'
    GROUP BY model_id, slice, cluster
)
-- value
SELECT model_id, slice, sum(numerator) / sum(denominator) AS value, sum(n)::BIGINT AS n
FROM by_cluster
GROUP BY model_id, slice
HAVING sum(denominator) > 0
ORDER BY model_id, slice
