-- unanswered: share of the known cells to which the model gave no finite number (no answer, one that could not be read, a null, NaN
-- or an infinity); 0 is perfect. Every other figure counts such cells as wrong as can be.
WITH by_cluster AS (
    SELECT model_id, slice, cluster, sum(missing) AS numerator, sum(cells) AS denominator, max(pictures) AS n
    FROM sums
    GROUP BY model_id, slice, cluster
)
-- value
SELECT model_id, slice, sum(numerator) / sum(denominator) AS value, max(n)::BIGINT AS n
FROM by_cluster
GROUP BY model_id, slice
HAVING sum(denominator) > 0
ORDER BY model_id, slice
