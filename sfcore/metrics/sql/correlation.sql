-- correlation: Pearson's r between truth and answer over pictures, averaged over the channels whose truth varies; 1 is perfect.
-- A channel that the model never moves counts as 0, for it says nothing. A missing answer counts as the exact opposite of the
-- truth, mirrored at the channel's true mean: a model that never answers stands at -1.
WITH placed AS (
    SELECT
        model_id,
        slice,
        identity,
        channel,
        truth,
        coalesce(predicted, 2 * avg(truth) OVER (PARTITION BY model_id, slice, channel) - truth) AS predicted
    FROM answers
),
by_identity AS (
    SELECT
        model_id,
        slice,
        identity,
        channel,
        count(*)::DOUBLE AS cells,
        sum(truth) AS t,
        sum(predicted) AS p,
        sum(truth * truth) AS tt,
        sum(predicted * predicted) AS pp,
        sum(truth * predicted) AS tp
    FROM placed
    GROUP BY model_id, slice, identity, channel
),
moments AS (
    SELECT
        model_id,
        slice,
        channel,
        sum(cells)::BIGINT AS n,
        sum(tt) / sum(cells) - (sum(t) / sum(cells)) ** 2 AS true_variance,
        sum(pp) / sum(cells) - (sum(p) / sum(cells)) ** 2 AS predicted_variance,
        sum(tp) / sum(cells) - sum(t) / sum(cells) * (sum(p) / sum(cells)) AS covariance
    FROM by_identity
    GROUP BY model_id, slice, channel
)
-- value
SELECT
    model_id,
    slice,
    -- 1e-10 is a spread of 0.00001: a smaller one is rounding, not movement.
    avg(CASE WHEN predicted_variance > 1e-10 THEN covariance / sqrt(true_variance * predicted_variance) ELSE 0.0 END) AS value,
    max(n) AS n
FROM moments
WHERE true_variance > 1e-10
GROUP BY model_id, slice
ORDER BY model_id, slice
