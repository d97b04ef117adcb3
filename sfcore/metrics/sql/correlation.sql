-- correlation: Pearson's r between truth and answer over pictures, averaged over the channels whose truth varies; 1 is perfect.
-- A channel that the model never moves counts as 0, for it says nothing. A missing answer counts as the exact opposite of the
-- truth, mirrored at the channel's true mean: a model that never answers stands at -1.
WITH by_cluster AS (
    SELECT
        model_id,
        slice,
        cluster,
        channel,
        cells,
        t,
        -- A missing answer stands at the opposite of the truth, mirrored at the channel's true mean.
        p + 2 * mean * missing - missing_t AS p,
        tt,
        pp + 4 * mean * mean * missing - 4 * mean * missing_t + missing_tt AS pp,
        tp + 2 * mean * missing_t - missing_tt AS tp
    FROM sums
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
    FROM by_cluster
    GROUP BY model_id, slice, channel
)
-- value
SELECT
    model_id,
    slice,
    avg(CASE WHEN predicted_variance > 1e-10 THEN covariance / sqrt(true_variance * predicted_variance) ELSE 0.0 END) AS value,
    max(n) AS n
FROM moments
-- 1e-10 is a spread of 0.00001: a smaller one is rounding, not movement.
WHERE true_variance > 1e-10
GROUP BY model_id, slice
ORDER BY model_id, slice
