-- skill: the share of the median baseline's absolute error that the model takes away; 1 is perfect, 0 is no better than the
-- median of the training labels, below 0 is worse. Cells where the baseline knows no median count nowhere; a missing answer of the
-- model errs by the distance to the far end of the channel's range.
WITH by_identity AS (
    SELECT
        model_id,
        slice,
        identity,
        sum(abs(median - truth) - coalesce(abs(predicted - truth), greatest(truth - low, high - truth))) AS numerator,
        sum(abs(median - truth)) AS denominator,
        count(DISTINCT sample_id) AS n
    FROM answers
    WHERE median IS NOT NULL
    GROUP BY model_id, slice, identity
)
-- value
SELECT model_id, slice, sum(numerator) / nullif(sum(denominator), 0) AS value, sum(n)::BIGINT AS n
FROM by_identity
GROUP BY model_id, slice
ORDER BY model_id, slice
