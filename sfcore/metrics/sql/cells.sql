-- One row for each model asked, picture, and channel whose truth is known. `predicted` is null where the model gave no answer: no
-- row, an answer that did not parse, a null, or a number that is not finite. Every figure counts such a cell as wrong as can be
-- (errors: the far end of the channel's range), so silence never makes a model look better.
--
-- By hand, over views `supervision`, `predictions`, `judgements`, `probes`: SET VARIABLE dataset = '...', median = '...' (the id of
-- the median baseline), models = ['...'] and cluster = 'identity'; CREATE TEMP VIEW channels, learnt, truth, cells, sums, pictures,
-- judged and probed in that order, each AS its file; then run a figure's file.
WITH given AS (
    SELECT model_id, sample_id, [*COLUMNS('^[A-Z]')] AS numbers
    FROM predictions
    WHERE parsed AND (model_id = getvariable('median') OR list_contains(getvariable('models'), model_id))
),
wide AS (
    SELECT asked.model_id, truth.*, answer.numbers, median.numbers AS medians
    FROM (SELECT unnest(getvariable('models')) AS model_id) AS asked
    CROSS JOIN truth
    LEFT JOIN given AS answer ON answer.model_id = asked.model_id AND answer.sample_id = truth.sample_id
    LEFT JOIN (FROM given WHERE model_id = getvariable('median')) AS median ON median.sample_id = truth.sample_id
),
long AS (
    SELECT
        * EXCLUDE (truths, numbers, medians),
        unnest(range(1, 62)) AS place,
        unnest(truths) AS truth,
        unnest(numbers) AS number,
        unnest(medians) AS median,
        unnest(list_select(truths, (SELECT list(partner ORDER BY place) FROM channels))) AS partner_truth,
        unnest(list_select(numbers, (SELECT list(partner ORDER BY place) FROM channels))) AS partner_number
    FROM wide
)
SELECT
    * EXCLUDE (truth, number, median, partner_truth, partner_number),
    truth::DOUBLE AS truth,
    CASE WHEN isfinite(number) THEN number::DOUBLE END AS predicted,
    CASE WHEN isfinite(median) THEN median::DOUBLE END AS median,
    partner_truth::DOUBLE AS partner_truth,
    CASE WHEN isfinite(partner_number) THEN partner_number::DOUBLE END AS partner_predicted,
    place > 52 AS rotation
FROM long
WHERE truth IS NOT NULL
