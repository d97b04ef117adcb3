-- Rows of `pictures` that the model was asked again (`probe`: mirrored, retaken or alone): for each of the 52 shapes, how far the
-- second answer lies from the first in `differences`, the second read in the mirror where the picture was mirrored. A number that
-- only one of both gave counts as 1, as far as answers can lie apart; one that neither gave counts nowhere (null).
SELECT
    pictures.*,
    again.probe,
    list_transform(range(1, 53), lambda i: CASE
        WHEN first.numbers[i] IS NULL AND again.numbers[i] IS NULL THEN NULL
        ELSE coalesce(abs(first.numbers[i] - again.numbers[i]), 1.0)
    END) AS differences
FROM (
    SELECT
        model_id, sample_id, probe,
        list_transform(
            CASE probe
                WHEN 'mirrored' THEN list_select([*COLUMNS('^[A-Z]')], (SELECT list(partner ORDER BY place) FROM channels))
                ELSE [*COLUMNS('^[A-Z]')]
            END,
            lambda x: CASE WHEN isfinite(x) THEN x::DOUBLE END
        ) AS numbers
    FROM probes
) AS again
INNER JOIN (
    SELECT
        model_id, sample_id,
        list_transform([*COLUMNS('^[A-Z]')], lambda x: CASE WHEN parsed AND isfinite(x) THEN x::DOUBLE END) AS numbers
    FROM predictions
    WHERE list_contains(getvariable('models'), model_id)
) AS first ON first.model_id = again.model_id AND first.sample_id = again.sample_id
INNER JOIN pictures ON pictures.model_id = again.model_id AND pictures.sample_id = again.sample_id
