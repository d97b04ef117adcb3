-- mae: mean absolute error over all known cells, 0 is perfect (shapes in 0..1, rotations in radians).
-- A missing answer errs by the distance to the far end of the channel's range.
WITH by_identity AS (
    SELECT
        model_id,
        slice,
        identity,
        sum(coalesce(abs(predicted - truth), greatest(truth - low, high - truth))) AS numerator,
        count(*)::DOUBLE AS denominator,
        count(DISTINCT sample_id) AS n
    FROM answers
    GROUP BY model_id, slice, identity
)
-- value
SELECT model_id, slice, sum(numerator) / nullif(sum(denominator), 0) AS value, sum(n)::BIGINT AS n
FROM by_identity
GROUP BY model_id, slice
ORDER BY model_id, slice
