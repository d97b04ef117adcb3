-- One row for each model asked, picture, channel whose truth is known, and slice the cell belongs to. `predicted` is null where
-- the model gave no answer: no row, an answer that did not parse, a null, or a number that is not finite. Every figure counts
-- such a cell as wrong as can be (errors: the far end of the channel's range), so silence never makes a model look better.
--
-- By hand, over views `supervision` and `predictions`: SET VARIABLE dataset = '...', median = '...' (the model id of the median
-- baseline) and models = ['...']; CREATE TEMP VIEW truth AS (truth.sql) and answers AS (this file); then run a figure's file.
WITH asked AS (
    SELECT unnest(getvariable('models')) AS model_id
),
known AS (
    UNPIVOT (FROM truth) ON COLUMNS('^[A-Z]') INTO NAME channel VALUE truth
),
given AS (
    UNPIVOT (
        SELECT model_id, sample_id, COLUMNS('^[A-Z]')
        FROM predictions
        WHERE parsed AND (model_id = getvariable('median') OR list_contains(getvariable('models'), model_id))
    ) ON COLUMNS('^[A-Z]') INTO NAME channel VALUE predicted
),
finite AS (
    SELECT model_id, sample_id, channel, predicted::DOUBLE AS predicted FROM given WHERE isfinite(predicted)
),
spoken AS (
    SELECT model_id, sample_id FROM predictions WHERE parsed
),
cells AS (
    SELECT
        asked.model_id,
        known.sample_id,
        known.identity,
        known.domain,
        known.channel,
        known.truth::DOUBLE AS truth,
        answer.predicted,
        median.predicted AS median,
        spoken.sample_id IS NOT NULL AS parsed,
        regexp_matches(known.channel, '(Yaw|Pitch|Roll)$') AS rotation,
        CASE WHEN rotation THEN -3.1416 ELSE 0.0 END::DOUBLE AS low,
        CASE WHEN rotation THEN 3.1416 ELSE 1.0 END::DOUBLE AS high,
        CASE regexp_extract(known.channel, '^(LeftEye|RightEye|Eye|Brow|Nose|Cheek|Jaw|Mouth|Tongue|Head)')
            WHEN 'Brow' THEN 'brows'
            WHEN 'Nose' THEN 'nose'
            WHEN 'Cheek' THEN 'cheeks'
            WHEN 'Jaw' THEN 'jaw'
            WHEN 'Mouth' THEN 'mouth'
            WHEN 'Tongue' THEN 'tongue'
            WHEN 'Head' THEN 'head'
            ELSE 'eyes'
        END AS region,
        CASE
            -- These four name a direction, not a side.
            WHEN known.channel IN ('JawLeft', 'JawRight', 'MouthLeft', 'MouthRight') THEN 'both'
            WHEN contains(known.channel, 'Left') THEN 'left'
            WHEN contains(known.channel, 'Right') THEN 'right'
            ELSE 'both'
        END AS side
    FROM known
    CROSS JOIN asked
    LEFT JOIN finite AS answer USING (model_id, sample_id, channel)
    LEFT JOIN (FROM finite WHERE model_id = getvariable('median')) AS median
        ON median.sample_id = known.sample_id AND median.channel = known.channel
    LEFT JOIN spoken ON spoken.model_id = asked.model_id AND spoken.sample_id = known.sample_id
),
sliced AS (
    SELECT
        *,
        unnest(
            ['all', 'channel:' || channel, 'region:' || region, 'domain:' || domain]
            || CASE side WHEN 'both' THEN [] ELSE ['side:' || side] END
        ) AS slice
    FROM cells
)
SELECT * FROM sliced
