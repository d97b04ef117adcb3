-- metric_history: every figure of every run, oldest run first: started (read off the run's id, null where it holds no time), run_id,
-- dataset, dataset_version (of supervision), model_id, kind (model, or which baseline), metric, slice, value, ci_low and ci_high
-- (its interval, null where there is none), n (pictures).
SELECT
    try_strptime(regexp_extract(run_id, '-(\d{8}-\d{6})-', 1), '%Y%m%d-%H%M%S') AS started,
    run_id, dataset, dataset_version, model_id,
    CASE WHEN starts_with(model_id, 'baseline-') THEN split_part(model_id, '-', 2) || ' baseline' ELSE 'model' END AS kind,
    metric, slice, value, ci_low, ci_high, n
FROM metrics
ORDER BY started NULLS FIRST, run_id, model_id, metric, slice
