-- rank_correlation: Spearman's rho between truth and answer over pictures (ties share their mean rank), averaged over the channels
-- whose truth varies; 1 is perfect. Still answers count as 0, missing ones as the opposite of the truth, as in correlation.sql.
-- Ranks are those among all pictures: there is a number for everything, a channel, a region and a side.
WITH placed AS (
    SELECT
        model_id,
        place,
        truth,
        coalesce(predicted, 2 * avg(truth) OVER (PARTITION BY model_id, place) - truth) AS predicted
    FROM cells
),
ranked AS (
    SELECT
        *,
        rank() OVER (PARTITION BY model_id, place ORDER BY truth)
            + (count(*) OVER (PARTITION BY model_id, place, truth) - 1) / 2 AS truth_rank,
        rank() OVER (PARTITION BY model_id, place ORDER BY predicted)
            + (count(*) OVER (PARTITION BY model_id, place, predicted) - 1) / 2 AS predicted_rank
    FROM placed
),
channelwise AS (
    SELECT
        model_id,
        place,
        count(*) AS n,
        CASE
            WHEN var_pop(predicted) > 1e-10
                THEN covar_pop(truth_rank, predicted_rank) / sqrt(var_pop(truth_rank) * var_pop(predicted_rank))
            ELSE 0.0
        END AS rho
    FROM ranked
    GROUP BY model_id, place
    -- 1e-10 is a spread of 0.00001: a smaller one is rounding, not movement.
    HAVING var_pop(truth) > 1e-10
),
sliced AS (
    SELECT model_id, rho, n, unnest(list_filter(
        ['all', 'dataset:' || getvariable('dataset'), 'channel:' || channel, 'region:' || region, 'side:' || nullif(side, 'both')],
        lambda name: name IS NOT NULL
    )) AS slice
    FROM channelwise
    INNER JOIN channels ON channels.place = channelwise.place
)
-- value
SELECT model_id, slice, avg(rho) AS value, max(n) AS n
FROM sliced
GROUP BY model_id, slice
ORDER BY model_id, slice
