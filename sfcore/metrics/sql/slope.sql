-- slope: by how much the answer rises where the truth rises by one, by least squares for each channel whose truth varies, averaged;
-- 1 is right, below 1 the model plays faces down, above 1 it exaggerates. Missing answers count as in correlation.sql.
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
    avg(covariance / true_variance) AS value,
    max(n) AS n
FROM moments
-- 1e-10 is a spread of 0.00001: a smaller one is rounding, not movement.
WHERE true_variance > 1e-10
GROUP BY model_id, slice
ORDER BY model_id, slice
