-- The pictures under evaluation: those of the dataset's test split which the median baseline has answered. The baseline answers
-- every picture of the recipe at hand, so pictures drawn by another recipe for the same dataset stay out. A null is an unknown.
SELECT sample_id, identity, domain, COLUMNS('^[A-Z]')
FROM supervision
WHERE dataset = getvariable('dataset')
  AND split = 'test'
  AND sample_id IN (SELECT sample_id FROM predictions WHERE model_id = getvariable('median'))
