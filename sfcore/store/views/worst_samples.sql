-- worst_samples: one row for each answer to a picture, the worst of each model first. model_id, dataset, place (1 is that model's
-- worst on the dataset), sample_id, split, take, frame, identity, domain, error (mean absolute error over the channels whose truth is
-- known; a missing number errs to the far end of its range), worst_channel with worst_truth and worst_answer (null: no number),
-- parsed, expression (what the face truly shows) and told (what the model said of it).
WITH numbered AS (
    SELECT
        model_id, predictions.sample_id, predictions.parsed, predictions.expression_category AS told,
        supervision.dataset, supervision.split, supervision.take, supervision.frame, supervision.identity, supervision.domain,
        supervision.expression_category AS expression, truths,
        list_transform(numbers, lambda x: CASE WHEN predictions.parsed AND isfinite(x) THEN x END) AS numbers
    FROM (SELECT *, [*COLUMNS('^[A-Z]')] AS numbers FROM predictions) AS predictions
    INNER JOIN (SELECT * EXCLUDE (image, scene), [*COLUMNS('^[A-Z]')] AS truths FROM supervision) AS supervision
        ON supervision.sample_id = predictions.sample_id
),
wrong AS (
    SELECT
        *,
        list_transform(range(1, 62), lambda i: CASE
            WHEN truths[i] IS NULL THEN NULL
            WHEN numbers[i] IS NOT NULL THEN abs(numbers[i] - truths[i])::DOUBLE
            WHEN i > 52 THEN 3.1416 + abs(truths[i])
            ELSE greatest(truths[i], 1 - truths[i])
        END) AS errors
    FROM numbered
),
summed AS (
    SELECT *, list_avg(errors) AS error, list_position(errors, list_max(errors)) AS worst FROM wrong
)
SELECT
    model_id, dataset, rank() OVER (PARTITION BY model_id, dataset ORDER BY error DESC NULLS LAST) AS place, sample_id, split, take,
    frame, identity, domain, error, channels.channel AS worst_channel, truths[worst] AS worst_truth, numbers[worst] AS worst_answer,
    parsed, expression, told
FROM summed
LEFT JOIN channel_list AS channels ON channels.place = worst
ORDER BY model_id, dataset, place, sample_id
