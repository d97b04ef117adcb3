-- The pictures under evaluation: those of the dataset's test split which the median baseline has answered. The baseline answers
-- every picture of the recipe at hand, so pictures drawn by another recipe for the same dataset stay out. `truths` holds the 61
-- channels in Live Link order, null where unknown; `cluster` is what intervals draw: whole identities, or takes.
SELECT
    sample_id,
    CASE getvariable('cluster') WHEN 'take' THEN take ELSE identity END AS cluster,
    domain,
    CASE WHEN identity IN (FROM learnt) THEN 'seen' ELSE 'new' END AS familiarity,
    -- An expression's first words name its category: "felt smile, strong".
    nullif(regexp_extract(lower(expression_category), '^\s*([a-z ]+?)\s*(?:[:,;.(\n]|$)', 1), '') AS expression,
    -- 0.2 and 0.4 radians: 11 and 23 degrees, where captions begin to speak of a moderate and of a strong turn.
    CASE
        WHEN HeadYaw + HeadPitch + HeadRoll IS NULL THEN NULL
        WHEN greatest(abs(HeadYaw), abs(HeadPitch), abs(HeadRoll)) < 0.2 THEN 'frontal'
        WHEN greatest(abs(HeadYaw), abs(HeadPitch), abs(HeadRoll)) < 0.4 THEN 'turned'
        WHEN greatest(abs(HeadYaw), abs(HeadPitch), abs(HeadRoll)) >= 0.4 THEN 'far'
    END AS pose,
    coalesce(list_max(list_slice(truths, 1, 52))::DOUBLE <= 0.1, false) AS neutral,
    truths
FROM (
    SELECT *, [*COLUMNS('^[A-Z]')] AS truths FROM supervision
) AS pictures
WHERE dataset = getvariable('dataset')
  AND split = 'test'
  AND sample_id IN (SELECT sample_id FROM predictions WHERE model_id = getvariable('median'))
