-- never_fires: number of shapes that are truly there (above 0.1) in some picture of the slice and that the model never once moves
-- above 0.1; 0 is perfect.
WITH by_cluster AS (
    SELECT model_id, slice, cluster, channel, active, fired, pictures_active
    FROM sums
    WHERE channel IN (SELECT channel FROM channels WHERE place <= 52)
),
shapes AS (
    SELECT model_id, slice, channel, sum(active) AS active, sum(fired) AS fired, max(pictures_active) AS n
    FROM by_cluster
    GROUP BY model_id, slice, channel
)
-- value
SELECT model_id, slice, count(*) FILTER (fired = 0)::DOUBLE AS value, max(n)::BIGINT AS n
FROM shapes
WHERE active > 0
GROUP BY model_id, slice
ORDER BY model_id, slice
