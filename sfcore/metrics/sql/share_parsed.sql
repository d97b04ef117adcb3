-- share_parsed: share of the pictures under evaluation to which the model gave an answer that could be read; 1 is perfect.
WITH by_identity AS (
    SELECT
        model_id,
        slice,
        identity,
        count(DISTINCT sample_id) FILTER (parsed)::DOUBLE AS numerator,
        count(DISTINCT sample_id)::DOUBLE AS denominator,
        count(DISTINCT sample_id) AS n
    FROM answers
    WHERE slice = 'all' OR starts_with(slice, 'domain:')
    GROUP BY model_id, slice, identity
)
-- value
SELECT model_id, slice, sum(numerator) / nullif(sum(denominator), 0) AS value, sum(n)::BIGINT AS n
FROM by_identity
GROUP BY model_id, slice
ORDER BY model_id, slice
