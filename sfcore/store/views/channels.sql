-- channels: the 61 channels in Live Link order, and how the champion reads each. place (1 to 61), channel, kind (shape or rotation),
-- unit (0..1 or radians), region, side (whose tissue it moves), partner (the channel that takes its value in a mirrored face), then of
-- the champion in the newest run that measured it: mae, skill, correlation, slope; null without a champion, or where the truth of the
-- channel never varies.
WITH champion AS (
    SELECT arg_max(model_id, move) AS model_id FROM aliases WHERE name = 'champion'
),
newest AS (
    SELECT run_id FROM metrics WHERE model_id = (SELECT model_id FROM champion)
    ORDER BY try_strptime(regexp_extract(run_id, '-(\d{8}-\d{6})-', 1), '%Y%m%d-%H%M%S') DESC NULLS LAST, run_id DESC LIMIT 1
),
measured AS (
    SELECT
        slice[9:] AS channel,
        max(value) FILTER (metric = 'mae') AS mae,
        max(value) FILTER (metric = 'skill') AS skill,
        max(value) FILTER (metric = 'correlation') AS correlation,
        max(value) FILTER (metric = 'slope') AS slope
    FROM metrics
    WHERE starts_with(slice, 'channel:') AND run_id IN (FROM newest) AND model_id = (SELECT model_id FROM champion)
    GROUP BY slice
)
SELECT
    listed.place,
    listed.channel,
    CASE WHEN listed.place <= 52 THEN 'shape' ELSE 'rotation' END AS kind,
    CASE WHEN listed.place <= 52 THEN '0..1' ELSE 'radians' END AS unit,
    listed.region,
    listed.side,
    mirrored.channel AS partner,
    mae, skill, correlation, slope
FROM channel_list AS listed
LEFT JOIN channel_list AS mirrored ON mirrored.place = listed.partner
LEFT JOIN measured ON measured.channel = listed.channel
ORDER BY listed.place
