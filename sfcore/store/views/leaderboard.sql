-- leaderboard: one row for each model of each run, newest run first and within it the best first. run_id, started (read off the
-- run's id, null where it holds no time), dataset, dataset_version, model_id, kind (model, or which baseline), champion (whether it
-- is the champion now), place (1 is the model with the most skill), then the figures over everything: skill with skill_low and
-- skill_high (its interval), skill_active, mae, mae_active, correlation, left_right, vertex_mm, share_parsed; n is the number of
-- pictures. Null: that figure could not be told.
WITH board AS (
    SELECT
        run_id,
        model_id,
        any_value(dataset) AS dataset,
        any_value(dataset_version) AS dataset_version,
        max(value) FILTER (metric = 'skill') AS skill,
        max(ci_low) FILTER (metric = 'skill') AS skill_low,
        max(ci_high) FILTER (metric = 'skill') AS skill_high,
        max(value) FILTER (metric = 'skill_active') AS skill_active,
        max(value) FILTER (metric = 'mae') AS mae,
        max(value) FILTER (metric = 'mae_active') AS mae_active,
        max(value) FILTER (metric = 'correlation') AS correlation,
        max(value) FILTER (metric = 'left_right') AS left_right,
        max(value) FILTER (metric = 'vertex_mm') AS vertex_mm,
        max(value) FILTER (metric = 'share_parsed') AS share_parsed,
        max(n) AS n
    FROM metrics
    WHERE slice = 'all'
    GROUP BY run_id, model_id
)
SELECT
    run_id,
    try_strptime(regexp_extract(run_id, '-(\d{8}-\d{6})-', 1), '%Y%m%d-%H%M%S') AS started,
    dataset,
    dataset_version,
    model_id,
    CASE WHEN starts_with(model_id, 'baseline-') THEN split_part(model_id, '-', 2) || ' baseline' ELSE 'model' END AS kind,
    model_id IS NOT DISTINCT FROM (SELECT arg_max(aliases.model_id, move) FROM aliases WHERE name = 'champion') AS champion,
    rank() OVER (PARTITION BY run_id ORDER BY skill DESC NULLS LAST) AS place,
    skill, skill_low, skill_high, skill_active, mae, mae_active, correlation, left_right, vertex_mm, share_parsed, n
FROM board
ORDER BY started DESC NULLS LAST, run_id DESC, place, model_id
