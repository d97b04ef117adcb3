-- The rows of `pictures` that have been judged, with what SQL cannot read off an answer: how many claims its words make and how
-- many hold, and how far the skin lies from where it should. `sface evaluate` writes them into `judgements`.
SELECT pictures.*, judgements.* EXCLUDE (model_id, sample_id)
FROM pictures
INNER JOIN judgements ON judgements.model_id = pictures.model_id AND judgements.sample_id = pictures.sample_id
