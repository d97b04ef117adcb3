-- jitter: how far a shape of a still face moves from one frame to the next: the mean absolute difference between the answers to one
-- picture and to the same picture with other noise of the camera, over shapes and the pictures asked again; 0 is perfect.
WITH measured AS (
    SELECT model_id, slice, cluster, sample_id, list_sum(differences) AS apart, list_count(differences) AS shapes
    FROM probed
    WHERE probe = 'retaken'
    UNION ALL
    SELECT model_id, unnest(['channel:' || channel, 'region:' || region]), cluster, sample_id, differences[place], 1
    FROM probed, channels
    WHERE probe = 'retaken' AND slice = 'all' AND place <= 52 AND differences[place] IS NOT NULL
),
by_cluster AS (
    SELECT
        model_id, slice, cluster, sum(apart)::DOUBLE AS numerator, sum(shapes)::DOUBLE AS denominator, count(DISTINCT sample_id) AS n
    FROM measured
    GROUP BY model_id, slice, cluster
)
-- value
SELECT model_id, slice, sum(numerator) / sum(denominator) AS value, sum(n)::BIGINT AS n
FROM by_cluster
GROUP BY model_id, slice
HAVING sum(denominator) > 0
ORDER BY model_id, slice
