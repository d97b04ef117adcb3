-- One row for each model asked, picture under evaluation, and slice that the picture belongs to: what the model said of it as a
-- whole. Degrees are null where the truth does not know all angles, and 180 where the model gave none.
WITH given AS (
    SELECT *, [HeadYaw, HeadPitch, HeadRoll, LeftEyeYaw, LeftEyePitch, LeftEyeRoll, RightEyeYaw, RightEyePitch, RightEyeRoll] AS turns
    FROM predictions
    WHERE list_contains(getvariable('models'), model_id)
),
answered AS (
    SELECT
        asked.model_id,
        truth.*,
        coalesce(given.parsed, false) AS parsed,
        given.tokens,
        given.milliseconds,
        given.sample_id IS NOT NULL AS asked,
        CASE WHEN given.parsed THEN
            nullif(regexp_extract(lower(given.expression_category), '^\s*([a-z ]+?)\s*(?:[:,;.(\n]|$)', 1), '')
        END AS category,
        CASE WHEN given.parsed THEN given.turns END AS turns
    FROM (SELECT unnest(getvariable('models')) AS model_id) AS asked
    CROSS JOIN truth
    LEFT JOIN given ON given.model_id = asked.model_id AND given.sample_id = truth.sample_id
),
angles AS (
    -- Places 53 to 55 turn the head, 56 and 57 the left eye, 59 and 60 the right one. Half angles for quaternions.
    SELECT
        * EXCLUDE (truths, turns),
        list_transform(truths[53:61], lambda x: x::DOUBLE) AS t,
        list_transform(turns, lambda x: CASE WHEN isfinite(x) THEN x::DOUBLE END) AS p
    FROM answered
),
turned AS (
    SELECT
        *,
        -- The head turns by yaw about y, pitch about x, roll about z, in the order of sfcore/rigs/rig.py.
        cos(t[1]/2)*cos(t[2]/2)*cos(t[3]/2) + sin(t[1]/2)*sin(t[2]/2)*sin(t[3]/2) AS tw,
        cos(t[1]/2)*sin(t[2]/2)*cos(t[3]/2) + sin(t[1]/2)*cos(t[2]/2)*sin(t[3]/2) AS tx,
        sin(t[1]/2)*cos(t[2]/2)*cos(t[3]/2) - cos(t[1]/2)*sin(t[2]/2)*sin(t[3]/2) AS ty,
        cos(t[1]/2)*cos(t[2]/2)*sin(t[3]/2) - sin(t[1]/2)*sin(t[2]/2)*cos(t[3]/2) AS tz,
        cos(p[1]/2)*cos(p[2]/2)*cos(p[3]/2) + sin(p[1]/2)*sin(p[2]/2)*sin(p[3]/2) AS pw,
        cos(p[1]/2)*sin(p[2]/2)*cos(p[3]/2) + sin(p[1]/2)*cos(p[2]/2)*sin(p[3]/2) AS px,
        sin(p[1]/2)*cos(p[2]/2)*cos(p[3]/2) - cos(p[1]/2)*sin(p[2]/2)*sin(p[3]/2) AS py,
        cos(p[1]/2)*cos(p[2]/2)*sin(p[3]/2) - sin(p[1]/2)*sin(p[2]/2)*cos(p[3]/2) AS pz,
        -- Cosine between two gazes: yaws differ about the same axis, pitches tilt away from its plane.
        cos(t[5])*cos(p[5])*cos(t[4] - p[4]) + sin(t[5])*sin(p[5]) AS left_cosine,
        cos(t[8])*cos(p[8])*cos(t[7] - p[7]) + sin(t[8])*sin(p[8]) AS right_cosine
    FROM angles
),
degrees AS (
    SELECT
        * EXCLUDE (t, p, tw, tx, ty, tz, pw, px, py, pz, left_cosine, right_cosine),
        -- least and greatest pass over a null: an answer that is not there would be taken for a perfect one.
        CASE
            WHEN t[1] + t[2] + t[3] IS NULL THEN NULL
            WHEN pw IS NULL THEN 180.0
            ELSE 2 * degrees(acos(least(1.0, abs(tw*pw + tx*px + ty*py + tz*pz))))
        END AS head_degrees,
        CASE
            WHEN t[4] + t[5] + t[7] + t[8] IS NULL THEN NULL
            ELSE (
                CASE WHEN left_cosine IS NULL THEN 180.0 ELSE degrees(acos(greatest(-1.0, least(1.0, left_cosine)))) END
                + CASE WHEN right_cosine IS NULL THEN 180.0 ELSE degrees(acos(greatest(-1.0, least(1.0, right_cosine)))) END
            ) / 2
        END AS gaze_degrees
    FROM turned
)
SELECT
    *,
    unnest(list_filter(
        [
            'all',
            'dataset:' || getvariable('dataset'),
            'domain:' || domain,
            'identity:' || familiarity,
            'expression:' || expression,
            'pose:' || pose
        ],
        lambda name: name IS NOT NULL
    )) AS slice
FROM degrees
