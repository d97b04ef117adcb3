-- left_right: of the pairs of shapes whose true left and right differ by more than 0.15, the share whose sign of the difference
-- the model gets right; 1 is perfect. Equal answers and missing answers are wrong. Jaw and mouth shifts are pairs too. n counts
-- pictures with such a pair.
WITH pairs AS (
    SELECT
        l.model_id,
        l.slice,
        l.identity,
        l.sample_id,
        l.truth AS left_truth,
        r.truth AS right_truth,
        l.predicted AS left_predicted,
        r.predicted AS right_predicted
    FROM answers AS l
    INNER JOIN answers AS r
        ON r.model_id = l.model_id
        AND r.slice = l.slice
        AND r.sample_id = l.sample_id
        AND r.channel = replace(l.channel, 'Left', 'Right')
    WHERE ends_with(l.channel, 'Left')
),
by_identity AS (
    SELECT
        model_id,
        slice,
        identity,
        count(*) FILTER (sign(left_predicted - right_predicted) = sign(left_truth - right_truth))::DOUBLE AS numerator,
        count(*)::DOUBLE AS denominator,
        count(DISTINCT sample_id) AS n
    FROM pairs
    WHERE abs(left_truth - right_truth) > 0.15
    GROUP BY model_id, slice, identity
)
-- value
SELECT model_id, slice, sum(numerator) / nullif(sum(denominator), 0) AS value, sum(n)::BIGINT AS n
FROM by_identity
GROUP BY model_id, slice
ORDER BY model_id, slice
