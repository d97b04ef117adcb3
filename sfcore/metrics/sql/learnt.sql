-- The identities that training pictures of the dataset show.
SELECT DISTINCT identity FROM supervision WHERE dataset = getvariable('dataset') AND split = 'train'
