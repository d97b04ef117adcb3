-- left_right: of the pairs of shapes whose true left and right differ by more than 0.15, the share whose sign of the difference
-- the model gets right; 1 is perfect. Equal answers and missing answers are wrong. Jaw and mouth shifts are pairs too.
WITH by_cluster AS (
    SELECT model_id, slice, cluster, sum(lopsided_right) AS numerator, sum(lopsided) AS denominator, max(pictures_lopsided) AS n
    FROM sums
    WHERE NOT regexp_matches(slice, '^(channel|side|intensity):')
    GROUP BY model_id, slice, cluster
)
-- value
SELECT model_id, slice, sum(numerator) / sum(denominator) AS value, max(n)::BIGINT AS n
FROM by_cluster
GROUP BY model_id, slice
HAVING sum(denominator) > 0
ORDER BY model_id, slice
