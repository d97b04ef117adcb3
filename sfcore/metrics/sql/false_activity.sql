-- false_activity: of the shapes of neutral faces (no true shape above 0.1), the share that the model moves above 0.1; 0 is
-- perfect. A missing answer counts as moved.
WITH by_cluster AS (
    SELECT model_id, slice, cluster, sum(neutral_fired) AS numerator, sum(neutral) AS denominator, max(pictures_neutral) AS n
    FROM sums
    GROUP BY model_id, slice, cluster
)
-- value
SELECT model_id, slice, sum(numerator) / sum(denominator) AS value, max(n)::BIGINT AS n
FROM by_cluster
GROUP BY model_id, slice
HAVING sum(denominator) > 0
ORDER BY model_id, slice
