-- rule_history: one row for each rule of each decision, newest first. decided_at, decision_id, run_id, candidate, champion_before
-- (null: there was none), verdict (of the whole decision), policy, rule, slice, required (false: advice), outcome (passed, failed,
-- missing, too_few), candidate_value with candidate_low and candidate_high, other and other_value (whom the rule compares with),
-- bound, lead with lead_low and lead_high (candidate ahead of other, in the direction that is better), n (pictures), more (how many
-- more would settle it), sentence (what people were told), query (recomputes the values in DuckDB).
SELECT
    decided_at, decision_id, run_id, candidate, champion_before, verdict, policy,
    rule.rule, rule.slice, rule.required, rule.outcome, rule.candidate_value, rule.candidate_low, rule.candidate_high,
    rule.other, rule.other_value, rule.bound, rule.lead, rule.lead_low, rule.lead_high, rule.n, rule.more, rule.sentence, rule.query
FROM (SELECT *, unnest(rules) AS rule FROM decisions)
ORDER BY decided_at DESC, decision_id, rule.required DESC, rule.rule
