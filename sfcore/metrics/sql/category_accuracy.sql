-- category_accuracy: share of the pictures whose answer opens with the expression's true category; 1 is perfect. An answer that
-- could not be read is wrong; models that never use words have no such figure.
WITH by_cluster AS (
    SELECT model_id, slice, cluster, count(*) FILTER (category = expression)::DOUBLE AS numerator, count(*)::DOUBLE AS denominator, count(*) AS n
    FROM pictures
    WHERE expression IS NOT NULL AND model_id IN (SELECT model_id FROM predictions WHERE expression_category IS NOT NULL)
    GROUP BY model_id, slice, cluster
)
-- value
SELECT model_id, slice, sum(numerator) / sum(denominator) AS value, sum(n)::BIGINT AS n
FROM by_cluster
GROUP BY model_id, slice
HAVING sum(denominator) > 0
ORDER BY model_id, slice
