-- mae_active: mean absolute error over the shapes that are truly there (above 0.1), where an answer of all zeros cannot hide.
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
    WHERE NOT rotation AND truth > 0.1
    GROUP BY model_id, slice, identity
)
-- value
SELECT model_id, slice, sum(numerator) / nullif(sum(denominator), 0) AS value, sum(n)::BIGINT AS n
FROM by_identity
GROUP BY model_id, slice
ORDER BY model_id, slice
