-- Everything the figures over coefficients need, added up for each model, slice, cluster and channel; made in one pass over the
-- cells. A missing answer errs by the distance to the far end of the channel's range. `missing` columns hold the truth of
-- unanswered cells. The last columns are of the whole slice, over all clusters: pictures with such a cell, and the mean truth.
WITH measured AS (
    SELECT
        *,
        coalesce(abs(predicted - truth), CASE WHEN rotation THEN 3.1416 + abs(truth) ELSE greatest(truth, 1 - truth) END) AS err,
        abs(median - truth) AS median_err,
        NOT rotation AND truth > 0.1 AS moving,
        coalesce(predicted > 0.1, false) AS told,
        -- The bands of sfcore/captions/intensity.py.
        CASE
            WHEN rotation THEN NULL
            WHEN truth < 0.15 THEN 'none'
            WHEN truth < 0.3 THEN 'slight'
            WHEN truth < 0.55 THEN 'moderate'
            WHEN truth < 0.8 THEN 'strong'
            ELSE 'extreme'
        END AS band,
        -- Each pair once, at its left shape; jaw and mouth shifts are pairs too.
        NOT rotation AND partner_truth IS NOT NULL AND place IN (SELECT place FROM channels WHERE ends_with(channel, 'Left'))
            AND abs(truth - partner_truth) > 0.15 AS leaning
    FROM cells
),
grouped AS (
    SELECT
        model_id, cluster, place, domain, familiarity, band, expression, pose,
        grouping(band) AS no_band, grouping(expression) AS no_expression, grouping(pose) AS no_pose,
        count(*)::DOUBLE AS cells,
        sum(err) AS absolute_error,
        sum(err * err) AS squared_error,
        count(*) FILTER (moving)::DOUBLE AS active,
        sum(err) FILTER (moving) AS active_error,
        count(median_err)::DOUBLE AS compared,
        sum(median_err) AS median_error,
        sum(err) FILTER (median_err IS NOT NULL) AS compared_error,
        count(median_err) FILTER (moving)::DOUBLE AS active_compared,
        sum(median_err) FILTER (moving) AS active_median_error,
        sum(err) FILTER (moving AND median_err IS NOT NULL) AS active_compared_error,
        sum(truth) AS t,
        sum(truth * truth) AS tt,
        sum(predicted) AS p,
        sum(predicted * predicted) AS pp,
        sum(truth * predicted) AS tp,
        count(*) FILTER (predicted IS NULL)::DOUBLE AS missing,
        sum(truth) FILTER (predicted IS NULL) AS missing_t,
        sum(truth * truth) FILTER (predicted IS NULL) AS missing_tt,
        count(*) FILTER (told)::DOUBLE AS fired,
        count(*) FILTER (neutral AND NOT rotation)::DOUBLE AS neutral,
        count(*) FILTER (neutral AND NOT rotation AND (told OR predicted IS NULL))::DOUBLE AS neutral_fired,
        count(*) FILTER (leaning)::DOUBLE AS lopsided,
        count(*) FILTER (leaning AND sign(predicted - partner_predicted) = sign(truth - partner_truth))::DOUBLE AS lopsided_right
    FROM measured
    GROUP BY GROUPING SETS (
        (model_id, cluster, place, domain, familiarity, band), (model_id, cluster, place, expression), (model_id, cluster, place, pose)
    )
),
sliced AS (
    SELECT
        model_id, cluster, channels.channel, grouped.* EXCLUDE (
            model_id, cluster, place, domain, familiarity, band, expression, pose, no_band, no_expression, no_pose
        ),
        unnest(list_filter(
            CASE
                WHEN no_band = 0 THEN [
                    'all',
                    'dataset:' || getvariable('dataset'),
                    'domain:' || domain,
                    'identity:' || familiarity,
                    'channel:' || channel,
                    'region:' || region,
                    'side:' || nullif(side, 'both'),
                    'intensity:' || band
                ]
                WHEN no_expression = 0 THEN ['expression:' || expression]
                ELSE ['pose:' || pose]
            END,
            lambda name: name IS NOT NULL
        )) AS slice
    FROM grouped
    INNER JOIN channels ON channels.place = grouped.place
),
added AS (
    SELECT model_id, slice, cluster, channel, coalesce(sum(COLUMNS(* EXCLUDE (model_id, slice, cluster, channel))), 0)
    FROM sliced
    GROUP BY model_id, slice, cluster, channel
)
SELECT
    *,
    sum(cells) OVER everywhere AS pictures,
    sum(compared) OVER everywhere AS pictures_compared,
    sum(active) OVER everywhere AS pictures_active,
    sum(active_compared) OVER everywhere AS pictures_active_compared,
    sum(neutral) OVER everywhere AS pictures_neutral,
    sum(lopsided) OVER everywhere AS pictures_lopsided,
    sum(t) OVER everywhere / sum(cells) OVER everywhere AS mean
FROM added
WINDOW everywhere AS (PARTITION BY model_id, slice, channel)
